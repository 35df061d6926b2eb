/*
 * Arguments of host functions: numbers and ranges of bytes in typed arrays, checked. Only xs.h and xsmc.h are
 * used, so that the same file compiles on a PC, on bare metal and under the Moddable SDK.
 *
 * A pointer is good until the next call that may allocate: the garbage collector moves buffers.
 */
#ifndef ATCP_HOST_BYTES_H
#define ATCP_HOST_BYTES_H

#include "xsmc.h"

/** Every host function starts with this; afterwards its arguments are there and need no check of their own. */
static inline void atcpExpect(xsMachine *the, xsIntegerValue arguments) {
	if (xsmcArgc < arguments) xsTypeError("this native function takes %ld arguments", (long)arguments);
}

/*
 * xsArg() calls a function for each argument in a build that checks bounds. The hosts of the pinned XS take it from
 * where XS 13 has it instead; later versions have it elsewhere.
 */
#ifdef ATCP_XS_13
#define atcpArgument(INDEX) (the->frame[-2 - (INDEX)])
#else
#define atcpArgument(INDEX) xsArg(INDEX)
#endif
#define atcpInteger(INDEX) xsmcToInteger(atcpArgument(INDEX))
#define atcpNumber(INDEX) xsmcToNumber(atcpArgument(INDEX))
#define atcpUnsigned(INDEX) fxToUnsigned(the, &atcpArgument(INDEX))

/** The `length` bytes at `at` of buffer argument `index`; RangeError when they don't lie inside it. */
static inline uint8_t *atcpBytes(xsMachine *the, int index, xsIntegerValue at, xsIntegerValue length, int writable) {
	void *data;
	xsUnsignedValue size;
	_xsmcGetBuffer(the, &atcpArgument(index), &data, &size, (xsBooleanValue)writable);
	if ((at < 0) || (length < 0) || ((uint64_t)at + (uint64_t)length > size))
		xsRangeError("bytes %ld + %ld are outside the buffer of %lu", (long)at, (long)length, (unsigned long)size);
	return (uint8_t *)data + at;
}

#define atcpReadable(BUFFER, AT, LENGTH) atcpBytes(the, BUFFER, AT, LENGTH, 0)
#define atcpWritable(BUFFER, AT, LENGTH) atcpBytes(the, BUFFER, AT, LENGTH, 1)

#endif
