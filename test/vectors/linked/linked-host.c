/*
 * Runs a program that the Moddable SDK has linked, on Linux: what was preloaded is read-only data of the executable, as
 * it is flash on a board.
 */
#include "xs.h"
#include "mc.xs.h"

#include <stdio.h>
#include <stdlib.h>

extern char *fxAbortString(int status);
extern xsMachine *fxPrepareMachine(xsCreation *creation, void *preparation, xsStringValue name, void *context, void *archive);

#define EXIT_ENGINE 70

static int failed = EXIT_ENGINE;

void xs_linked_print(xsMachine *the) {
	puts(xsToString(xsArg(0)));
}

void xs_linked_finish(xsMachine *the) {
	failed = xsToInteger(xsArg(0)) != 0;
}

void fxAbort(xsMachine *the, int status) {
	fprintf(stderr, "XS stopped: %s\n", fxAbortString(status));
	exit(EXIT_ENGINE);
}

int main(void) {
	xsMachine *machine = fxPrepareMachine(NULL, xsPreparation(), "vectors", NULL, NULL);
	if (!machine) {
		fprintf(stderr, "no XS machine: out of memory, or linked for another version of XS\n");
		return EXIT_ENGINE;
	}
	xsBeginHost(machine);
	{
		xsTry {
			xsAwaitImport("test/vectors/linked/linked-main", XS_IMPORT_NAMESPACE);
		}
		xsCatch {
			fprintf(stderr, "uncaught exception: %s\n", xsToString(xsException));
		}
	}
	xsEndHost(machine);
	xsDeleteMachine(machine);
	return failed;
}
