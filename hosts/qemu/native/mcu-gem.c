/*
 * The register-and-memory port of drivers/gem: registers of the Cadence GEM, and the memory that it reaches by DMA.
 * Words are signed, because on XS an integer costs less than a number of 2^31 and more.
 */
#include "mcu-host.h"
#include "host-bytes.h"

/* Must agree with GEM_DMA_BYTES of device/ports.ts. */
#define DMA_BYTES 13952

static uint8_t dma[DMA_BYTES] __attribute__((aligned(64), section(".dma")));

static inline void fence(void) {
	__asm__ volatile("fence" ::: "memory");
}

static uint8_t *dmaRange(xsMachine *the, xsIntegerValue at, xsIntegerValue length) {
	if (at < 0 || length < 0 || at > DMA_BYTES - length) xsRangeError("DMA memory has %ld bytes", (long)DMA_BYTES);
	return dma + at;
}

void xs_mcu_gem_read(xsMachine *the) {
	atcpExpect(the, 1);
	xsmcSetInteger(xsResult, (xsIntegerValue)REGISTER(GEMGXL_BASE, (uint32_t)atcpInteger(0) & 0xffc));
}

void xs_mcu_gem_write(xsMachine *the) {
	atcpExpect(the, 2);
	fence();
	REGISTER(GEMGXL_BASE, (uint32_t)atcpInteger(0) & 0xffc) = (uint32_t)atcpInteger(1);
}

void xs_mcu_dma_address(xsMachine *the) {
	xsmcSetInteger(xsResult, (xsIntegerValue)(uintptr_t)dma);
}

void xs_mcu_dma_read_word(xsMachine *the) {
	atcpExpect(the, 1);
	fence();
	xsmcSetInteger(xsResult, *(volatile xsIntegerValue *)dmaRange(the, atcpInteger(0) & ~3, 4));
}

void xs_mcu_dma_write_word(xsMachine *the) {
	atcpExpect(the, 2);
	fence();
	*(volatile xsIntegerValue *)dmaRange(the, atcpInteger(0) & ~3, 4) = atcpInteger(1);
}

/* load(from, b, at, length): out of DMA memory. */
void xs_mcu_dma_load(xsMachine *the) {
	xsIntegerValue length;
	atcpExpect(the, 4);
	length = atcpInteger(3);
	memcpy(atcpWritable(1, atcpInteger(2), length), dmaRange(the, atcpInteger(0), length), (size_t)length);
}

/* post(b, at, length, to, descriptor, value): see drivers/gem/port.ts. */
void xs_mcu_dma_post(xsMachine *the) {
	xsIntegerValue length;
	volatile xsIntegerValue *word;
	const uint8_t *from;
	atcpExpect(the, 6);
	length = atcpInteger(2);
	word = (volatile xsIntegerValue *)dmaRange(the, atcpInteger(4) & ~3, 4);
	from = atcpReadable(0, atcpInteger(1), length);
	fence();
	xsmcSetBoolean(xsResult, *word < 0);
	if (*word >= 0) return;
	memcpy(dmaRange(the, atcpInteger(3), length), from, (size_t)length);
	fence();
	*word = atcpInteger(5);
}

/* store(b, at, to, length): into DMA memory, for benchmarks: what the controller would do. */
void xs_mcu_dma_store(xsMachine *the) {
	xsIntegerValue length;
	atcpExpect(the, 4);
	length = atcpInteger(3);
	memcpy(dmaRange(the, atcpInteger(2), length), atcpReadable(0, atcpInteger(1), length), (size_t)length);
}
