/*
 * For xsRun.c alone: a setjmp that the compiler does not know for one. It would keep nothing of the interpreter in
 * registers otherwise, not even the program counter and the top of the stack, which costs a third of its speed. The
 * interpreter can do without: after a longjmp it takes everything that changes from the txJump record, and what it
 * reads besides (the machine) never changes, so that its register or place on the stack still holds it.
 */
#ifndef ATCP_MCU_RUN_H
#define ATCP_MCU_RUN_H

#include <setjmp.h>

extern int atcpSetJump(jmp_buf state) __asm__("setjmp");
#define c_setjmp atcpSetJump

#endif
