/*
 * The card image: one file, read and written at any offset. Offsets are numbers below 2^53.
 */
#include "posix-host.h"
#include "host-bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OFFSET_END 9007199254740992.0

static int descriptor = -1;

/* imageOpen(path): the size of the file in bytes. */
void xs_posix_image_open(xsMachine *the) {
	const char *path;
	struct stat status;
	atcpExpect(the, 1);
	path = xsmcToString(atcpArgument(0));
	if (descriptor >= 0) xsUnknownError("the card image is open already");
	descriptor = open(path, O_RDWR | O_CLOEXEC);
	if (descriptor < 0 || fstat(descriptor, &status) != 0) xsUnknownError("can't open card image %s: %s", path, strerror(errno));
	if (!S_ISREG(status.st_mode)) xsUnknownError("card image %s is not a regular file", path);
	xsmcSetNumber(xsResult, (xsNumberValue)status.st_size);
}

static off_t offsetArgument(xsMachine *the) {
	xsNumberValue offset = atcpNumber(0);
	if (!(offset >= 0 && offset < OFFSET_END)) xsRangeError("offset in the card image must be from 0 to 2^53 - 1");
	return (off_t)offset;
}

/* imageRead(offset, b, at, length): false when the file ends before or can't be read. */
void xs_posix_image_read(xsMachine *the) {
	off_t offset;
	xsIntegerValue at, length;
	uint8_t *b;
	atcpExpect(the, 4);
	offset = offsetArgument(the);
	at = atcpInteger(2);
	length = atcpInteger(3);
	b = atcpWritable(1, at, length);
	while (length > 0) {
		ssize_t done = pread(descriptor, b, (size_t)length, offset);
		if (done < 0 && errno == EINTR) continue;
		if (done <= 0) break;
		b += done;
		offset += done;
		length -= (xsIntegerValue)done;
	}
	xsmcSetBoolean(xsResult, length == 0);
}

/* imageWrite(offset, b, at, length): false when the file can't be written. */
void xs_posix_image_write(xsMachine *the) {
	off_t offset;
	xsIntegerValue at, length;
	const uint8_t *b;
	atcpExpect(the, 4);
	offset = offsetArgument(the);
	at = atcpInteger(2);
	length = atcpInteger(3);
	b = atcpReadable(1, at, length);
	while (length > 0) {
		ssize_t done = pwrite(descriptor, b, (size_t)length, offset);
		if (done < 0 && errno == EINTR) continue;
		if (done <= 0) break;
		b += done;
		offset += done;
		length -= (xsIntegerValue)done;
	}
	xsmcSetBoolean(xsResult, length == 0);
}
