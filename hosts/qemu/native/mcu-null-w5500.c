/*
 * A null SPI port for the W5500 driver, for benchmarks: it answers as an idle chip would, so that what is counted is the
 * driver. Frames to send are dropped, but for the last short one; frames received come from the benchmark.
 */
#include "mcu-host.h"
#include "host-bytes.h"

#include <string.h>

#define BLOCK_COMMON 0
#define BLOCK_SOCKET 1
#define BLOCK_TX 2
#define BLOCK_RX 3

#define MR 0x00
#define PHYCFGR 0x2e
#define VERSIONR 0x39
#define Sn_CR 0x01
#define Sn_CR_OPEN 0x01
#define Sn_CR_CLOSE 0x10
#define Sn_CR_SEND 0x20
#define Sn_CR_RECV 0x40
#define Sn_IR 0x02
#define Sn_IR_SEND_OK 0x10
#define Sn_SR 0x03
#define SOCK_MACRAW 0x42
#define Sn_TX_FSR 0x20
#define Sn_RX_RSR 0x26
#define Sn_RX_RD 0x28

#define RING_BYTES 4096
#define SHORT_FRAME_BYTES 256

static uint8_t common[64], socketRegisters[64];
/* In the emulated machine's memory behind what the board has. */
static uint8_t *const ring = (uint8_t *)0x80700000u;
static uint8_t *const lastFrame = (uint8_t *)0x80700000u + RING_BYTES;
static uint32_t lastLength;
static uint16_t ringWrite, ringRead;
static uint32_t headerBytes, address, block;

static void command(uint8_t value) {
	if (value == Sn_CR_OPEN) socketRegisters[Sn_SR] = SOCK_MACRAW;
	if (value == Sn_CR_CLOSE) socketRegisters[Sn_SR] = 0;
	if (value == Sn_CR_SEND) socketRegisters[Sn_IR] |= Sn_IR_SEND_OK;
	if (value == Sn_CR_RECV) ringRead = (uint16_t)(socketRegisters[Sn_RX_RD] << 8 | socketRegisters[Sn_RX_RD + 1]);
}

static void writeSocket(uint32_t at, uint8_t value) {
	if (at == Sn_CR)
		command(value);
	else if (at == Sn_IR)
		socketRegisters[Sn_IR] &= (uint8_t)~value;
	else
		socketRegisters[at & 63] = value;
}

static uint8_t readSocket(uint32_t at) {
	uint16_t received = (uint16_t)(ringWrite - ringRead);
	switch (at) {
	case Sn_CR: return 0;
	case Sn_TX_FSR: return 0x40;
	case Sn_TX_FSR + 1: return 0;
	case Sn_RX_RSR: return (uint8_t)(received >> 8);
	case Sn_RX_RSR + 1: return (uint8_t)received;
	default: return socketRegisters[at & 63];
	}
}

static uint8_t readCommon(uint32_t at) {
	if (at == MR) return 0;
	if (at == VERSIONR) return 4;
	return at == PHYCFGR ? 1 : common[at & 63];
}

void xs_mcu_null_select(xsMachine *the) {
	(void)the;
	headerBytes = 0;
}

void xs_mcu_null_write(xsMachine *the) {
	xsIntegerValue length;
	const uint8_t *b;
	atcpExpect(the, 3);
	length = atcpInteger(2);
	b = atcpReadable(0, atcpInteger(1), length);
	for (; headerBytes < 3 && length > 0; length--, b++) {
		if (headerBytes < 2)
			address = (headerBytes == 0 ? 0 : address << 8) | *b;
		else
			block = *b >> 3;
		headerBytes++;
	}
	if (block == BLOCK_TX && length > 0 && length <= SHORT_FRAME_BYTES) {
		memcpy(lastFrame, b, (size_t)length);
		lastLength = (uint32_t)length;
	}
	if (block == BLOCK_TX) return;
	for (; length > 0; length--, address++, b++) {
		if (block == BLOCK_SOCKET)
			writeSocket(address, *b);
		else if (block == BLOCK_COMMON)
			common[address & 63] = *b;
	}
}

void xs_mcu_null_read(xsMachine *the) {
	xsIntegerValue length;
	uint8_t *b;
	atcpExpect(the, 3);
	length = atcpInteger(2);
	b = atcpWritable(0, atcpInteger(1), length);
	for (; length > 0; length--, address++)
		*b++ = block == BLOCK_RX ? ring[address % RING_BYTES] : block == BLOCK_SOCKET ? readSocket(address) : readCommon(address);
}

/* inject(frame): as the chip receives it, behind its length. */
void xs_mcu_null_inject(xsMachine *the) {
	xsIntegerValue length;
	const uint8_t *b;
	atcpExpect(the, 2);
	length = atcpInteger(1);
	b = atcpReadable(0, 0, length);
	ring[ringWrite++ % RING_BYTES] = (uint8_t)((length + 2) >> 8);
	ring[ringWrite++ % RING_BYTES] = (uint8_t)(length + 2);
	while (length-- > 0) ring[ringWrite++ % RING_BYTES] = *b++;
}

/* last(b): the last short frame that was to be sent; returns its length. */
void xs_mcu_null_last(xsMachine *the) {
	atcpExpect(the, 1);
	memcpy(atcpWritable(0, 0, (xsIntegerValue)lastLength), lastFrame, lastLength);
	xsmcSetInteger(xsResult, (xsIntegerValue)lastLength);
}
