/*
 * The register port of drivers/sifive-spi: registers of QSPI2, where the card is, and the loops that move bytes
 * through its FIFOs.
 */
#include "mcu-host.h"
#include "byte-loops.h"
#include "host-bytes.h"

#define SPI_TXDATA 0x48
#define SPI_RXDATA 0x4c
#define SPI_RXDATA_EMPTY 0x80000000u
#define FIFO_BYTES 8

/* [SD] 7.3.3. */
#define BLOCK_BYTES 512
#define START_BLOCK 0xfe
#define IDLE_BYTE 0xff
#define BLOCKS_MAX 0xffff

#define TXDATA REGISTER(QSPI2_BASE, SPI_TXDATA)
#define RXDATA REGISTER(QSPI2_BASE, SPI_RXDATA)

void xs_mcu_spi_read(xsMachine *the) {
	atcpExpect(the, 1);
	xsmcSetInteger(xsResult, (xsIntegerValue)REGISTER(QSPI2_BASE, (uint32_t)atcpInteger(0) & 0xfc));
}

void xs_mcu_spi_write(xsMachine *the) {
	atcpExpect(the, 2);
	REGISTER(QSPI2_BASE, (uint32_t)atcpInteger(0) & 0xfc) = (uint32_t)atcpInteger(1);
}

static inline uint8_t received(void) {
	uint32_t value;
	do
		value = RXDATA;
	while (value & SPI_RXDATA_EMPTY);
	return (uint8_t)value;
}

/* clockOut(b, at, length): as many bytes come back as go out, so neither FIFO overflows. */
void xs_mcu_spi_clock_out(xsMachine *the) {
	xsIntegerValue length;
	const uint8_t *b;
	atcpExpect(the, 3);
	length = atcpInteger(2);
	b = atcpReadable(0, atcpInteger(1), length);
	while (length > 0) {
		xsIntegerValue part = length < FIFO_BYTES ? length : FIFO_BYTES;
		for (xsIntegerValue i = 0; i < part; i++) TXDATA = b[i];
		for (xsIntegerValue i = 0; i < part; i++) received();
		b += part;
		length -= part;
	}
}

/* FIFO_BYTES of 0xff out, as many bytes in. Written out: a loop would cost more than what it does. */
static inline void exchange(uint8_t *b) {
	TXDATA = 0xff, TXDATA = 0xff, TXDATA = 0xff, TXDATA = 0xff;
	TXDATA = 0xff, TXDATA = 0xff, TXDATA = 0xff, TXDATA = 0xff;
	b[0] = received(), b[1] = received(), b[2] = received(), b[3] = received();
	b[4] = received(), b[5] = received(), b[6] = received(), b[7] = received();
}

static uint8_t exchangeByte(void) {
	TXDATA = 0xff;
	return received();
}

/* clockIn(b, at, length): while MOSI is high. */
void xs_mcu_spi_clock_in(xsMachine *the) {
	xsIntegerValue length;
	uint8_t *b, *end;
	atcpExpect(the, 3);
	length = atcpInteger(2);
	b = atcpWritable(0, atcpInteger(1), length);
	for (end = b + (length & ~(FIFO_BYTES - 1)); b < end; b += FIFO_BYTES) exchange(b);
	for (end = b + (length & (FIFO_BYTES - 1)); b < end; b++) *b = exchangeByte();
}

/* The next byte that is not idle, or IDLE_BYTE. */
static uint8_t awaitToken(xsIntegerValue pollBytes) {
	uint8_t token;
	do
		token = exchangeByte();
	while (token == IDLE_BYTE && --pollBytes > 0);
	return token;
}

/* readBlocks(b, at, count, pollBytes): see SpiPort in src/back-end/ports.ts. */
void xs_mcu_spi_read_blocks(xsMachine *the) {
	xsIntegerValue count, pollBytes, blocks = 0;
	uint8_t token = IDLE_BYTE, *b;
	atcpExpect(the, 4);
	count = atcpInteger(2);
	pollBytes = atcpInteger(3);
	if (count < 0 || count > BLOCKS_MAX) xsRangeError("%ld blocks at once", (long)count);
	b = atcpWritable(0, atcpInteger(1), count * BLOCK_BYTES);
	for (; blocks < count; blocks++) {
		uint8_t *end = b + BLOCK_BYTES;
		uint32_t crc;
		token = awaitToken(pollBytes);
		if (token != START_BLOCK) break;
		for (; b < end; b += FIFO_BYTES) exchange(b);
		crc = (uint32_t)exchangeByte() << 8;
		crc |= exchangeByte();
		if (crc != atcpCrc16(end - BLOCK_BYTES, BLOCK_BYTES, 0)) break;
	}
	xsmcSetInteger(xsResult, blocks << 8 | token);
}
