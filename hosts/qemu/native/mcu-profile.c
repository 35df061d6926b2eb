/*
 * A sampling profiler for benchmarks. The timer interrupts at fixed times (under QEMU's -icount, after fixed numbers
 * of instructions); each sample says which function the program is in and where the processor is. Samples lie in the
 * emulated machine's memory behind what the board has, so that they take nothing from it.
 */
#include "xsAll.h"
#include "mcu-host.h"
#include "mcu-frames.h"
#include "mcu-profile.h"

#define CLINT_MTIMECMP 0x4000
/* Host functions between the innermost frame and one of the program; frames that are just being made may mislead. */
#define DEPTH_MAX 8

/* Identifiers of a function's name and of the class it works for, 0 for none. */
typedef struct {
	uint16_t name;
	uint16_t owner;
	uint32_t pc;
} Sample;

static Sample *const samples = (Sample *)0x80800000u;
#define SAMPLES_MAX 500000u

static volatile uint32_t intervalUs;
static volatile int isOpen;
static uint32_t sampleCount;

static void arm(void) {
	uint64_t next = atcpNowUs() + intervalUs;
	REGISTER(CLINT_BASE, CLINT_MTIMECMP + 4) = 0xffffffffu;
	REGISTER(CLINT_BASE, CLINT_MTIMECMP) = (uint32_t)next;
	REGISTER(CLINT_BASE, CLINT_MTIMECMP + 4) = (uint32_t)(next >> 32);
}

/* The name of the class that a method belongs to. */
static txID ownerOf(txMachine *the, txSlot *function) {
	txSlot *home = mxFunctionInstanceHome(function)->value.home.object;
	if (!atcpIsSlot(home) || home->kind != XS_INSTANCE_KIND) return XS_NO_ID;
	for (txSlot *property = home->next; property; property = property->next)
		if (property->ID == mxID(_constructor) && property->kind == XS_REFERENCE_KIND)
			return mxFunctionInstanceCode(property->value.reference)->ID;
	return XS_NO_ID;
}

int atcpProfileSample(void) {
	txSlot *frame;
	txID id = XS_NO_ID;
	Sample *sample = samples + sampleCount;
	if (intervalUs == 0) return 0;
	arm();
	if (!isOpen) return 1;
	sample->name = sample->owner = 0;
	sample->pc = atcpTrapRegisters[0];
	/* A host function counts for the function that has called it, and that for the class whose method called it. */
	frame = atcpInnermostFrame(atcpMachine, 1);
	for (int depth = 0; depth < DEPTH_MAX && frame && atcpIsFrame(atcpMachine, frame); depth++, frame = frame->next) {
		if (!atcpModuleAt(atcpFrameCode(frame, &id))) continue;
		if (sample->name == 0) sample->name = id;
		sample->owner = ownerOf(atcpMachine, (frame + 3)->value.reference);
		if (sample->owner != XS_NO_ID) break;
	}
	if (sampleCount < SAMPLES_MAX) sampleCount++;
	return 1;
}

int atcpIsProfiling(void) {
	return intervalUs != 0;
}

/* profileStart(intervalUs): the watchdog is off meanwhile. */
void xs_mcu_profile_start(txMachine *the) {
	sampleCount = 0;
	atcpFeedWatchdog();
	intervalUs = (uint32_t)fxToInteger(the, the->frame - 2);
	arm();
}

/* profileGate(isOpen): samples count while it is. */
void xs_mcu_profile_gate(txMachine *the) {
	isOpen = fxToBoolean(the, the->frame - 2);
}

/* profileStop(): prints the samples, one a line: identifiers of class and function, and the pc. */
void xs_mcu_profile_stop(txMachine *the) {
	(void)the;
	intervalUs = 0;
	atcpFeedWatchdog();
	for (uint32_t i = 0; i < sampleCount; i++) {
		atcpPutText("sample ");
		atcpPutUnsigned(samples[i].owner);
		atcpPutText(" ");
		atcpPutUnsigned(samples[i].name);
		atcpPutText(" ");
		atcpPutHex(samples[i].pc);
		atcpPutText("\n");
		if (i % 4096 == 0) atcpFeedWatchdog();
	}
	atcpFeedWatchdog();
}
