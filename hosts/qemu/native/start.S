/*
 * From reset to main(): hart 0 (the E31 core, rv32imac) runs, the others sleep for good. What is in flash is locked
 * against writing, also for machine mode: a stray write, or a C stack that grows out of RAM, traps.
 */
	.section .text.start, "ax"
	.globl _start
_start:
	csrr t0, mhartid
	bnez t0, park

	.option push
	.option norelax
	la gp, __global_pointer$
	.option pop
	la sp, __c_stack_top
	la tp, __tls_base
	la t0, atcpTrapEntry
	csrw mtvec, t0

	/* Each PMP entry reaches from the one before to its own address. 0: below flash, everything allowed; 1: flash, read and execute,
	   locked; 2: the rest, everything allowed. */
	la t0, __flash_start
	srli t0, t0, 2
	csrw pmpaddr0, t0
	/* The program that makes the preload area writes there: the area begins with a zero then. */
	la t0, __preload_start
	lw t1, 0(t0)
	beqz t1, 1f
	la t0, __flash_end
1:	srli t0, t0, 2
	csrw pmpaddr1, t0
	li t0, -1
	csrw pmpaddr2, t0
	/* A = TOR (8): R|W|X = 7, R|X and L = 0x85. Privileged specification 1.10, 3.6.1. */
	li t0, (0x0f << 16) | (0x8d << 8) | 0x0f
	csrw pmpcfg0, t0

	la t0, __data_start
	la t1, __data_end
	la t2, __data_load
1:	bgeu t0, t1, 2f
	lw t3, 0(t2)
	sw t3, 0(t0)
	addi t0, t0, 4
	addi t2, t2, 4
	j 1b
2:	la t0, __bss_start
	la t1, __bss_end
3:	bgeu t0, t1, 4f
	sw zero, 0(t0)
	addi t0, t0, 4
	j 3b
	/* The C stack is painted, so that its high-water mark can be read. */
4:	la t0, __c_stack_bottom
	li t1, 0xa5a5a5a5
5:	bgeu t0, sp, 6f
	sw t1, 0(t0)
	addi t0, t0, 4
	j 5b
6:	call main
park:
	wfi
	j park

/*
 * Every trap: the registers go to a record of their own, since the stack may be what is broken, and the handler runs
 * on a stack of its own. Returns only when the handler does.
 */
	.section .text.trap, "ax"
	.globl atcpTrapEntry
	.balign 4
atcpTrapEntry:
	csrw mscratch, t0
	la t0, atcpTrapRegisters
	sw ra, 4(t0)
	sw sp, 8(t0)
	sw gp, 12(t0)
	sw tp, 16(t0)
	sw t1, 24(t0)
	sw t2, 28(t0)
	sw s0, 32(t0)
	sw s1, 36(t0)
	sw a0, 40(t0)
	sw a1, 44(t0)
	sw a2, 48(t0)
	sw a3, 52(t0)
	sw a4, 56(t0)
	sw a5, 60(t0)
	sw a6, 64(t0)
	sw a7, 68(t0)
	sw s2, 72(t0)
	sw s3, 76(t0)
	sw s4, 80(t0)
	sw s5, 84(t0)
	sw s6, 88(t0)
	sw s7, 92(t0)
	sw s8, 96(t0)
	sw s9, 100(t0)
	sw s10, 104(t0)
	sw s11, 108(t0)
	sw t3, 112(t0)
	sw t4, 116(t0)
	sw t5, 120(t0)
	sw t6, 124(t0)
	csrr t1, mscratch
	sw t1, 20(t0)
	csrr a0, mcause
	csrr a1, mepc
	csrr a2, mtval
	sw a1, 0(t0)
	la sp, __trap_stack_top
	call atcpTrap
	la t0, atcpTrapRegisters
	lw ra, 4(t0)
	lw sp, 8(t0)
	lw t1, 24(t0)
	lw t2, 28(t0)
	lw a0, 40(t0)
	lw a1, 44(t0)
	lw a2, 48(t0)
	lw a3, 52(t0)
	lw a4, 56(t0)
	lw a5, 60(t0)
	lw a6, 64(t0)
	lw a7, 68(t0)
	lw t3, 112(t0)
	lw t4, 116(t0)
	lw t5, 120(t0)
	lw t6, 124(t0)
	lw t0, 20(t0)
	mret
