/*
 * The register port of drivers/sifive-spi: registers of QSPI2, where the card is, and the two loops that move bytes
 * through its FIFOs.
 */
#include "mcu-host.h"
#include "host-bytes.h"

#define SPI_TXDATA 0x48
#define SPI_RXDATA 0x4c
#define SPI_RXDATA_EMPTY 0x80000000u
#define FIFO_BYTES 8

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

/* clockIn(b, at, length): while MOSI is high. */
void xs_mcu_spi_clock_in(xsMachine *the) {
	xsIntegerValue length;
	uint8_t *b, *end;
	atcpExpect(the, 3);
	length = atcpInteger(2);
	b = atcpWritable(0, atcpInteger(1), length);
	for (end = b + (length & ~(FIFO_BYTES - 1)); b < end; b += FIFO_BYTES) {
		for (int i = 0; i < FIFO_BYTES; i++) TXDATA = 0xff;
		for (int i = 0; i < FIFO_BYTES; i++) b[i] = received();
	}
	length &= FIFO_BYTES - 1;
	for (xsIntegerValue i = 0; i < length; i++) TXDATA = 0xff;
	for (xsIntegerValue i = 0; i < length; i++) b[i] = received();
}
