/*
 * Runs one ES module and what it imports on XS:
 *
 *   atcp-xs [--root DIR] [--substitute FROM=TO]… [--preload MODULE] MODULE [ARGUMENT …]
 *
 * MODULE, FROM and TO are paths from DIR. What is preloaded is read-only, as in the flash of a board. Exit status: what the program exits with, 1 after an uncaught
 * exception, 2 for wrong usage, 70 when XS itself gives up (stack or memory exhausted).
 */
#include "posix-host.h"
#include "byte-loops.h"
#include "host-bytes.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>

#define EXIT_UNCAUGHT 1
#define EXIT_USAGE 2
#define EXIT_ENGINE 70

/* Room that XS leaves below its stack limit for host functions and libc. */
#define C_STACK_RESERVE_BYTES (128 * 1024)
#define C_STACK_UNLIMITED_BYTES (8 * 1024 * 1024)

/*
 * Where the heap starts and how it grows. Slots are 32 bytes here and 16 on a 32-bit board. The start is enough
 * for the whole firmware, so that neither growing nor collecting happens while it serves.
 */
static xsCreation creation = {
	.initialChunkSize = 4 * 1024 * 1024,
	.incrementalChunkSize = 1024 * 1024,
	.initialHeapCount = 64 * 1024,
	.incrementalHeapCount = 16 * 1024,
	.stackCount = 4 * 1024,
	.initialKeyCount = 4 * 1024,
	.incrementalKeyCount = 1024,
	.nameModulo = 1993,
	.symbolModulo = 127,
	.parserBufferSize = 64 * 1024,
	.parserTableModulo = 1993,
	.staticSize = 0,
};

typedef struct {
	const char *name;
	xsCallback callback;
	int parameters;
} NativeFunction;

#define NATIVE(NAME, PARAMETERS) {#NAME, NAME, PARAMETERS},
static const NativeFunction nativeFunctions[] = {ATCP_BYTE_LOOPS(NATIVE) ATCP_POSIX_FUNCTIONS(NATIVE)};

static char *cStackBase;

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

/* The stack of an Error starts with its name and message; anything else that was thrown is printed as text. */
static void printException(xsMachine *machine) {
	xsMachine *the = fxBeginHost(machine);
	xsmcVars(1);
	xsVar(0) = xsException;
	{
		xsTry {
			if (xsmcTypeOf(xsVar(0)) == xsReferenceType) {
				xsmcGet(xsVar(0), xsVar(0), xsID("stack"));
				if (xsmcTypeOf(xsVar(0)) == xsUndefinedType) xsVar(0) = xsException;
			}
			fprintf(stderr, "uncaught exception: %s\n", xsmcToString(xsVar(0)));
		}
		xsCatch {
			fprintf(stderr, "uncaught exception that can't be printed\n");
		}
	}
	fxEndHost(the);
}

/* xsPromise.c; not in xs.h. */
extern void fxRunPromiseJobs(xsMachine *the);
extern void fxCheckUnhandledRejections(xsMachine *the, xsBooleanValue atExit);

static void runPendingJobs(xsMachine *the) {
	while (the->promiseJobs) {
		the->promiseJobs = 0;
		fxRunPromiseJobs(the);
	}
	fxCheckUnhandledRejections(the, 1);
}

static int runModule(xsMachine *machine, const char *path) {
	volatile int status = 0;
	xsBeginHost(machine);
	{
		xsmcVars(1);
		xsTry {
			xsVar(0) = xsNewHostFunction(xs_native, 1);
			xsmcSet(xsGlobal, xsID("native"), xsVar(0));
			atcpCountCollections(the);
			xsAwaitImport(path, XS_IMPORT_NAMESPACE);
			runPendingJobs(the);
		}
		xsCatch {
			printException(the);
			status = EXIT_UNCAUGHT;
		}
	}
	xsEndHost(machine);
	return status;
}

static void usage(const char *problem) {
	fprintf(stderr, "atcp-xs: %s\nusage: atcp-xs [--root DIR] [--substitute FROM=TO]... [--preload MODULE] MODULE [ARGUMENT ...]\n",
		problem);
	exit(EXIT_USAGE);
}

static void addSubstitution(AtcpHost *host, char *text) {
	char *separator = strchr(text, '=');
	if (!separator) usage("--substitute needs FROM=TO");
	if (host->substitutionCount == ATCP_SUBSTITUTIONS_MAX) usage("too many substitutions");
	*separator = 0;
	host->substitutions[host->substitutionCount++] = (AtcpSubstitution){text, separator + 1};
}

int main(int argc, char **argv) {
	AtcpHost host = {.root = "."};
	int at = 1;
	xsMachine *machine;
	xsMachine *preloaded = NULL;
	int status = 0;

	cStackBase = __builtin_frame_address(0);
	for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
		if (strcmp(argv[at], "--root") == 0)
			host.root = argv[at + 1];
		else if (strcmp(argv[at], "--substitute") == 0)
			addSubstitution(&host, argv[at + 1]);
		else if (strcmp(argv[at], "--preload") == 0)
			host.preload = argv[at + 1];
		else
			usage("unknown option");
	}
	if (at >= argc) usage("which module?");
	host.arguments = argv + at + 1;
	host.argumentCount = argc - at - 1;

	atcpStartClock();
	atcpCatchSignals();
	machine = xsCreateMachine(&creation, "atcp", &host);
	if (machine && host.preload) {
		status = runModule(machine, host.preload);
		if (status != 0) return status;
		preloaded = machine;
		machine = atcpShareFrozen(preloaded, &creation, &host);
	}
	if (!machine) {
		fprintf(stderr, "atcp-xs: not enough memory for the XS machine\n");
		return EXIT_ENGINE;
	}
	status = runModule(machine, argv[at]);
	xsDeleteMachine(machine);
	if (preloaded) xsDeleteMachine(preloaded);
	return status;
}

/* Hooks that XS calls. */

void fxQueuePromiseJobs(xsMachine *the) {
	the->promiseJobs = 1;
}

char *fxCStackLimit(void) {
	struct rlimit limit;
	size_t bytes = C_STACK_UNLIMITED_BYTES;
	if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) bytes = limit.rlim_cur;
	return cStackBase - bytes + C_STACK_RESERVE_BYTES;
}

uint32_t modMilliseconds(void) {
	struct timeval now;
	gettimeofday(&now, NULL);
	return (uint32_t)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_usec / 1000);
}

static const char *abortReason(int status) {
	switch (status) {
	case xsNotEnoughMemoryExit:
		return "memory full";
	case xsStackOverflowExit:
		return "stack overflow";
	case xsNoMoreKeysExit:
		return "no more keys";
	case xsUnhandledExceptionExit:
		return "exception outside of the program";
	default:
		return "internal check failed";
	}
}

void fxAbort(xsMachine *the, int status) {
	if (status == xsUnhandledRejectionExit || status == xsUnhandledExceptionExit) {
		printException(the);
		exit(EXIT_UNCAUGHT);
	}
	fprintf(stderr, "XS stopped: %s\n", abortReason(status));
	exit(EXIT_ENGINE);
}
