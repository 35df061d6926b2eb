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

typedef struct {
	uint32_t code;
	uint32_t id;
	uint32_t pc;
} Sample;

static Sample *const samples = (Sample *)0x80800000u;
#define SAMPLES_MAX 500000u

static volatile uint32_t intervalUs;
static uint32_t sampleCount;

static void arm(void) {
	uint64_t next = atcpNowUs() + intervalUs;
	REGISTER(CLINT_BASE, CLINT_MTIMECMP + 4) = 0xffffffffu;
	REGISTER(CLINT_BASE, CLINT_MTIMECMP) = (uint32_t)next;
	REGISTER(CLINT_BASE, CLINT_MTIMECMP + 4) = (uint32_t)(next >> 32);
}

int atcpProfileSample(void) {
	txSlot *frame;
	txID id = XS_NO_ID;
	Sample *sample = samples + sampleCount;
	if (intervalUs == 0) return 0;
	frame = atcpInnermostFrame(atcpMachine, 1);
	sample->code = frame ? (uint32_t)(uintptr_t)atcpFrameCode(frame, &id) : 0;
	sample->id = id;
	sample->pc = atcpTrapRegisters[0];
	if (sampleCount < SAMPLES_MAX) sampleCount++;
	arm();
	return 1;
}

/* profileStart(intervalUs): the watchdog is off meanwhile. */
void xs_mcu_profile_start(txMachine *the) {
	sampleCount = 0;
	intervalUs = (uint32_t)fxToInteger(the, the->frame - 2);
	atcpFeedWatchdog();
	arm();
}

/* profileStop(): prints the samples, one a line: the function's code, the identifier of its name, the pc. */
void xs_mcu_profile_stop(txMachine *the) {
	(void)the;
	intervalUs = 0;
	atcpFeedWatchdog();
	for (uint32_t i = 0; i < sampleCount; i++) {
		atcpPutText("sample ");
		atcpPutHex(samples[i].code);
		atcpPutText(" ");
		atcpPutUnsigned(samples[i].id);
		atcpPutText(" ");
		atcpPutHex(samples[i].pc);
		atcpPutText("\n");
	}
	atcpFeedWatchdog();
}
