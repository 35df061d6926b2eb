/*
 * The C twins of src/wire/byte-loops.ts as XS host functions: name and number of parameters. A host lists them
 * in its table of native functions; a Moddable build refers to them by name.
 */
#ifndef ATCP_BYTE_LOOPS_H
#define ATCP_BYTE_LOOPS_H

#include <stddef.h>
#include <stdint.h>

#include "xs.h"

#define ATCP_BYTE_LOOPS(ENTRY)    \
	ENTRY(xs_bytes_copy, 5)         \
	ENTRY(xs_bytes_fill, 4)         \
	ENTRY(xs_bytes_equal, 5)        \
	ENTRY(xs_bytes_sum16, 4)        \
	ENTRY(xs_bytes_copy_sum16, 6)   \
	ENTRY(xs_bytes_get16, 2)        \
	ENTRY(xs_bytes_get32, 2)        \
	ENTRY(xs_bytes_get64, 2)        \
	ENTRY(xs_bytes_put16, 3)        \
	ENTRY(xs_bytes_put32, 3)        \
	ENTRY(xs_bytes_put64, 3)        \
	ENTRY(xs_bytes_crc7, 4)         \
	ENTRY(xs_bytes_crc16, 4)        \
	ENTRY(xs_bytes_crc32c, 4)       \
	ENTRY(xs_bytes_sip_hash, 7)

/** CRC16 of SD data blocks, for hosts that take whole blocks. */
uint32_t atcpCrc16(const uint8_t *b, size_t length, uint32_t crc);

#define ATCP_DECLARE(NAME, PARAMETERS) void NAME(xsMachine *the);
ATCP_BYTE_LOOPS(ATCP_DECLARE)

#endif
