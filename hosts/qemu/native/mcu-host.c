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

/* For the machine that loads the modules; the program's own heap starts empty, see mcu-memory.c. */
static xsCreation creation = {
	.initialChunkSize = 4 * 1024,
	.incrementalChunkSize = 512,
	.initialHeapCount = 4 * 1024,
	.incrementalHeapCount = 64,
	.stackCount = 1024,
	.initialKeyCount = 0, /* see main() */
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

static xsSlot program;
static int hasProgram;

/* start(program): what runs when the modules are loaded. */
void xs_mcu_start(xsMachine *the) {
	atcpExpect(the, 1);
	program = atcpArgument(0);
	fxRemember(the, &program);
	hasProgram = 1;
}

static void loadModules(xsMachine *machine) {
	xsBeginHost(machine);
	{
		xsmcVars(1);
		xsTry {
			xsVar(0) = xsNewHostFunction(xs_native, 1);
			xsmcSet(xsGlobal, xsID("native"), xsVar(0));
			xsAwaitImport(atcpMainModule, XS_IMPORT_NAMESPACE);
			while (the->promiseJobs) {
				the->promiseJobs = 0;
				fxRunPromiseJobs(the);
			}
			if (!hasProgram) xsTypeError("the main module does not call start()");
		}
		xsCatch {
			putException(the);
			atcpCrash("uncaught exception");
		}
	}
	xsEndHost(machine);
}

static void runProgram(xsMachine *machine) {
	xsBeginHost(machine);
	{
		xsTry {
			atcpWatchCollections(the);
			xsCallFunction0(program, xsUndefined);
		}
		xsCatch {
			putException(the);
			atcpCrash("uncaught exception");
		}
	}
	xsEndHost(machine);
}

int main(void) {
	if (atcpRestorePreload()) {
		atcpFeedWatchdog();
		runProgram(atcpMachine);
		atcpCrash("the program has ended");
	}
	creation.initialKeyCount = atcpFirstKey + atcpKeyCount + MINIMUM_KEYS;
	atcpMachine = xsCreateMachine(&creation, "atcp", NULL);
	if (!atcpMachine) atcpCrash("out of memory: no room for the XS machine");
	atcpCountBuiltIns(atcpMachine);
	loadModules(atcpMachine);
	atcpMakePreload(atcpMachine);
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

/* trap(): all bits zero are defined to be no instruction (unprivileged specification, 1.5). */
void xs_mcu_trap(xsMachine *the) {
	(void)the;
	__asm__ volatile(".half 0");
}

/*
 * Instructions executed, where QEMU counts them (-icount), modulo 2^31. Its minstret is the virtual clock in ns there,
 * 2^shift an instruction; the caller knows the shift.
 */
void xs_mcu_instructions(xsMachine *the) {
	uint32_t count;
	__asm__ volatile("csrr %0, minstret" : "=r"(count));
	xsmcSetInteger(xsResult, (xsIntegerValue)(count & 0x7fffffffu));
}

/* spin(n): executes 2n instructions in a loop, to calibrate the count. */
void xs_mcu_spin(xsMachine *the) {
	xsIntegerValue n;
	atcpExpect(the, 1);
	n = atcpInteger(0);
	__asm__ volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(n));
}
