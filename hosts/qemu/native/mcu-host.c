/*
 * Runs the firmware's main module on XS. What XS has to say when it gives up is a crash: reason, frames, restart.
 */
#include "mcu-host.h"
#include "byte-loops.h"
#include "host-bytes.h"

#include <string.h>

extern uint8_t __c_stack_bottom[];

/* What libc and host functions may need below XS's own limit of the C stack. */
#define C_STACK_RESERVE_BYTES 1536

#define MINIMUM_KEYS 16

/* The counts that are 0 here come from the program: see main(). */
static xsCreation creation = {
	.initialChunkSize = 4 * 1024,
	.incrementalChunkSize = 512,
	.initialHeapCount = 3 * 1024,
	.incrementalHeapCount = 32,
	.stackCount = 288,
	.initialKeyCount = 0,
	.incrementalKeyCount = 16,
	.nameModulo = 257,
	.symbolModulo = 7,
	.parserBufferSize = 0,
	.parserTableModulo = 0,
	.staticSize = 0,
};

typedef struct {
	const char *name;
	xsCallback callback;
	int parameters;
} NativeFunction;

#define NATIVE(NAME, PARAMETERS) {#NAME, NAME, PARAMETERS},
static const NativeFunction nativeFunctions[] = {ATCP_BYTE_LOOPS(NATIVE) ATCP_MCU_FUNCTIONS(NATIVE)};

/* native(name): the host function itself, so that a call of it costs no JavaScript frame. */
static void xs_native(xsMachine *the) {
	const char *name;
	atcpExpect(the, 1);
	name = xsmcToString(atcpArgument(0));
	for (size_t i = 0; i < sizeof(nativeFunctions) / sizeof(*nativeFunctions); i++) {
		const NativeFunction *function = nativeFunctions + i;
		if (strcmp(name, function->name) == 0) {
			xsResult = xsNewHostFunction(function->callback, function->parameters);
			return;
		}
	}
	xsReferenceError("this host has no native function \"%s\"", name);
}

static void putException(xsMachine *machine) {
	xsMachine *the = fxBeginHost(machine);
	xsmcVars(1);
	xsVar(0) = xsException;
	{
		xsTry {
			if (xsmcTypeOf(xsVar(0)) == xsReferenceType) {
				xsmcGet(xsVar(0), xsVar(0), xsID("stack"));
				if (xsmcTypeOf(xsVar(0)) == xsUndefinedType) xsVar(0) = xsException;
			}
			atcpPutText("\ncrash: ");
			atcpPutText(xsmcToString(xsVar(0)));
		}
		xsCatch {
			atcpPutText("\ncrash: an exception that can't be printed");
		}
	}
	fxEndHost(the);
}

/* xsPromise.c; not in xs.h. */
extern void fxRunPromiseJobs(xsMachine *the);

static void runMain(xsMachine *machine) {
	xsBeginHost(machine);
	{
		xsmcVars(1);
		xsTry {
			xsVar(0) = xsNewHostFunction(xs_native, 1);
			xsmcSet(xsGlobal, xsID("native"), xsVar(0));
			atcpWatchCollections(the);
			xsAwaitImport(atcpMainModule, XS_IMPORT_NAMESPACE);
			while (the->promiseJobs) {
				the->promiseJobs = 0;
				fxRunPromiseJobs(the);
			}
		}
		xsCatch {
			putException(the);
			atcpCrash("uncaught exception");
		}
	}
	xsEndHost(machine);
}

int main(void) {
	atcpFeedWatchdog();
	creation.initialKeyCount = atcpFirstKey + atcpKeyCount + MINIMUM_KEYS;
	atcpMachine = xsCreateMachine(&creation, "atcp", NULL);
	if (!atcpMachine) atcpCrash("out of memory: no room for the XS machine");
	runMain(atcpMachine);
	atcpCrash("the program has ended");
}

/* Hooks that XS calls. */

void fxQueuePromiseJobs(xsMachine *the) {
	the->promiseJobs = 1;
}

char *fxCStackLimit(void) {
	return (char *)__c_stack_bottom + C_STACK_RESERVE_BYTES;
}

uint32_t modMilliseconds(void) {
	return (uint32_t)(atcpNowUs() / 1000);
}

void fxAbort(xsMachine *the, int status) {
	switch (status) {
	case xsNotEnoughMemoryExit:
		atcpCrash("out of memory");
	case xsStackOverflowExit:
		atcpCrash("stack overflow");
	case xsNoMoreKeysExit:
		atcpCrash("out of memory: no more keys");
	case xsUnhandledRejectionExit:
	case xsUnhandledExceptionExit:
		putException(the);
		atcpCrash("uncaught exception");
	default:
		atcpCrash("an internal check of XS failed");
	}
}

/* Instructions executed, where QEMU counts them (-icount): low 31 bits of minstret. */
void xs_mcu_instructions(xsMachine *the) {
	uint32_t count;
	__asm__ volatile("csrr %0, minstret" : "=r"(count));
	xsmcSetInteger(xsResult, (xsIntegerValue)(count & 0x7fffffffu));
}
