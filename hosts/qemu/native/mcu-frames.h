/*
 * The frames of the running program, found from C at any moment, also inside the interpreter. Include xsAll.h first.
 */
#ifndef ATCP_MCU_FRAMES_H
#define ATCP_MCU_FRAMES_H

/** The registers at a trap: pc, then x1 to x31. */
extern uint32_t atcpTrapRegisters[32];

/** Whether that can be a slot, or a frame, of a machine. */
int atcpIsSlot(const txSlot *slot);
int atcpIsFrame(txMachine *the, const txSlot *slot);
/** The innermost frame. With `registers`, those of a trap are searched too, since the interpreter keeps it there. */
txSlot *atcpInnermostFrame(txMachine *the, int registers);
/** What a frame executes: byte code or C, with the identifier of its name; NULL when that can't be told. */
const void *atcpFrameCode(txSlot *frame, txID *id);

#endif
