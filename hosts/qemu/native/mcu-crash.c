/*
 * The end of everything that must not happen: traps, the watchdog, and XS when it gives up. The reason and the last
 * frames go to the console, then the board restarts: GPIO 10 is wired to its reset (QEMU, hw/riscv/sifive_u.c).
 * Every line begins with "crash:", so that whoever watches the console finds it.
 */
#include "xsAll.h"
#include "mcu-host.h"
#include "mcu-frames.h"
#include "mcu-profile.h"

#define GPIO_OUTPUT_EN 0x08
#define GPIO_PORT 0x0c
#define RESET_PIN (1u << 10)

#define FRAMES_SHOWN 8
#define CHAIN_MAX 512
#define NAME_BYTES 96

#define MCAUSE_MACHINE_TIMER 0x80000007u

extern uint8_t __preload_start[], __ram_end[], __c_stack_bottom[], __c_stack_top[], __flash_start[], __flash_end[];

uint32_t atcpTrapRegisters[32];
txMachine *atcpMachine;

static int trapped;
static int crashing;
/* Not cleared by a restart; the mark tells it from what power-on leaves there. */
static uint32_t restartMark __attribute__((section(".noinit")));
static uint32_t restarts __attribute__((section(".noinit")));
#define RESTART_MARK 0x41544350u

uint32_t atcpRestartCount(void) {
	return restartMark == RESTART_MARK ? restarts : 0;
}

static void restart(void) {
	restarts = atcpRestartCount() + 1;
	restartMark = RESTART_MARK;
	REGISTER(GPIO_BASE, GPIO_PORT) |= RESET_PIN;
	REGISTER(GPIO_BASE, GPIO_OUTPUT_EN) |= RESET_PIN;
	REGISTER(GPIO_BASE, GPIO_PORT) &= ~RESET_PIN;
	for (;;)
		;
}

/* Frames are looked at while they are made: what lies in one need not be a pointer yet. */
int atcpIsSlot(const txSlot *slot) {
	const uint8_t *at = (const uint8_t *)slot;
	return ((uintptr_t)at & 3) == 0 && at >= __preload_start && (uintptr_t)at <= (uintptr_t)__ram_end - sizeof(txSlot);
}

int atcpIsFrame(txMachine *the, const txSlot *slot) {
	return ((uintptr_t)slot & 3) == 0 && slot >= the->stackBottom && slot < the->stackTop - 4 && slot->kind == XS_FRAME_KIND;
}

/* Whether every frame from this one to the outermost is one. */
static int isChain(txMachine *the, const txSlot *frame) {
	for (int i = 0; i < CHAIN_MAX && frame; i++) {
		if (!atcpIsFrame(the, frame) || (frame->next && frame->next <= frame)) return 0;
		frame = frame->next;
	}
	return 1;
}

/* The interpreter's variables that were not in registers. */
static txSlot *frameOnStack(txMachine *the) {
	uint32_t *at = (uint32_t *)(uintptr_t)atcpTrapRegisters[2];
	if ((uint8_t *)at < __c_stack_bottom) return NULL;
	for (; (uint8_t *)at < __c_stack_top; at++) {
		txSlot *candidate = (txSlot *)(uintptr_t)*at;
		if (candidate && isChain(the, candidate)) return candidate;
	}
	return NULL;
}

txSlot *atcpInnermostFrame(txMachine *the, int registers) {
	static const uint8_t saved[] = {8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27};
	txSlot *frame = the->frame;
	/* The interpreter tells where it is only when it calls something; after a return that frame may be gone. */
	txSlot *found = isChain(the, frame) ? frame : NULL;
	if (!registers) return found;
	for (size_t i = 0; i < sizeof(saved); i++) {
		txSlot *candidate = (txSlot *)(uintptr_t)atcpTrapRegisters[saved[i]];
		if (candidate && candidate != frame && isChain(the, candidate)) return candidate;
	}
	return found ? found : frameOnStack(the);
}

const void *atcpFrameCode(txSlot *frame, txID *id) {
	txSlot *function = frame + 3;
	txSlot *code;
	if (function->kind != XS_REFERENCE_KIND) return NULL;
	function = function->value.reference;
	if (!atcpIsSlot(function) || function->kind != XS_INSTANCE_KIND || !atcpIsSlot(function->next)) return NULL;
	code = function->next;
	*id = code->ID;
	if (code->kind == XS_CODE_KIND || code->kind == XS_CODE_X_KIND) return code->value.code.address;
	if (code->kind == XS_CALLBACK_KIND || code->kind == XS_CALLBACK_X_KIND) return (const void *)code->value.callback.address;
	return NULL;
}

static void putFrame(txMachine *the, txSlot *frame) {
	char name[NAME_BYTES] = "";
	fxBufferFrameName(the, name, sizeof(name), frame, "");
	atcpPutText("crash:   at ");
	atcpPutText(name[0] ? name : "(anonymous)");
	atcpPutText("\n");
}

static void putFrames(void) {
	txMachine *the = atcpMachine;
	txSlot *frame;
	if (!the) return;
	frame = atcpInnermostFrame(the, trapped);
	for (int shown = 0; frame && shown < FRAMES_SHOWN; shown++) {
		putFrame(the, frame);
		frame = frame->next;
	}
}

void atcpCrash(const char *reason) {
	if (crashing) restart(); /* The account of the crash has crashed. */
	crashing = 1;
	atcpPutText("\ncrash: ");
	atcpPutText(reason);
	atcpPutText("\n");
	putFrames();
	if (!atcpIsPreloaded()) atcpExit(1);
	atcpPutText("crash: restarting\n");
	restart();
	for (;;)
		;
}

static const char *causeText(uint32_t cause) {
	static const char *const texts[] = {
		"misaligned instruction address",
		"instruction access fault",
		"illegal instruction",
		"breakpoint",
		"misaligned load",
		"load access fault",
		"misaligned store",
		"store access fault",
	};
	return cause < sizeof(texts) / sizeof(*texts) ? texts[cause] : "unexpected trap";
}

/* Privileged specification 1.10, table 3.6. */
void atcpTrap(uint32_t cause, uint32_t pc, uint32_t value) {
	uint8_t *sp = (uint8_t *)(uintptr_t)atcpTrapRegisters[2];
	if (cause == MCAUSE_MACHINE_TIMER && atcpProfileSample()) return;
	trapped = 1;
	if (crashing) restart();
	if (cause == MCAUSE_MACHINE_TIMER) atcpCrash("watchdog: the main loop does not come round");
	if (cause == 7 && sp < __c_stack_bottom + 64) atcpCrash("stack overflow: the C stack is full");
	atcpPutText("\ncrash: pc 0x");
	atcpPutHex(pc);
	atcpPutText(" ra 0x");
	atcpPutHex(atcpTrapRegisters[1]);
	atcpPutText(" sp 0x");
	atcpPutHex(atcpTrapRegisters[2]);
	atcpPutText(" mtval 0x");
	atcpPutHex(value);
	if (cause == 7 && value >= (uintptr_t)__flash_start && value < (uintptr_t)__flash_end) atcpPutText(", a write into flash");
	atcpCrash(causeText(cause));
}
