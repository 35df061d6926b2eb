/*
 * The process around the program: its output, arguments and end, and the system's entropy.
 */
#include "posix-host.h"
#include "host-bytes.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#ifdef __APPLE__
#include <sys/random.h>
#endif

/* getentropy gives at most 256 bytes a call. */
#define ENTROPY_STEP_BYTES 256

/* entropy(b, at, length) */
void xs_posix_entropy(xsMachine *the) {
	xsIntegerValue at, length;
	uint8_t *b;
	atcpExpect(the, 3);
	at = atcpInteger(1);
	length = atcpInteger(2);
	b = atcpWritable(0, at, length);
	while (length > 0) {
		size_t step = length < ENTROPY_STEP_BYTES ? (size_t)length : ENTROPY_STEP_BYTES;
		if (getentropy(b, step) != 0) xsUnknownError("no entropy from the system: %s", strerror(errno));
		b += step;
		length -= (xsIntegerValue)step;
	}
}

/* print(line): at once, so that a parent that waits for a line gets it. */
void xs_posix_print(xsMachine *the) {
	atcpExpect(the, 1);
	fputs(xsmcToString(atcpArgument(0)), stdout);
	fputc('\n', stdout);
	fflush(stdout);
}

void xs_posix_exit(xsMachine *the) {
	atcpExpect(the, 1);
	exit(atcpInteger(0));
}

static AtcpHost *hostOf(xsMachine *the) {
	return xsGetContext(the);
}

void xs_posix_argument_count(xsMachine *the) {
	xsmcSetInteger(xsResult, hostOf(the)->argumentCount);
}

void xs_posix_argument(xsMachine *the) {
	xsIntegerValue index;
	atcpExpect(the, 1);
	index = atcpInteger(0);
	if (index < 0 || index >= hostOf(the)->argumentCount) xsRangeError("there is no argument %ld", (long)index);
	xsmcSetString(xsResult, hostOf(the)->arguments[index]);
}
