/*
 * UART0 as the console (FU540-C000 manual, chapter "Universal Asynchronous Receiver/Transmitter"). Output only, and
 * without the C library, so that a crash can be told whatever is broken.
 */
#include "mcu-host.h"
#include "host-bytes.h"

#define UART_TXDATA 0x00
#define UART_TXDATA_FULL 0x80000000u
#define UART_TXCTRL 0x08
#define UART_TXCTRL_TXEN 1u
/* QEMU's model takes a byte at any time, and loses it when its reader is behind: no faster than at 1 Mbit/s. */
#define BYTE_US 10

static void putByte(char byte) {
	uint64_t readyUs = atcpNowUs() + BYTE_US;
	REGISTER(UART0_BASE, UART_TXCTRL) = UART_TXCTRL_TXEN;
	while (REGISTER(UART0_BASE, UART_TXDATA) & UART_TXDATA_FULL)
		;
	REGISTER(UART0_BASE, UART_TXDATA) = (uint8_t)byte;
	while (atcpNowUs() < readyUs)
		;
}

void atcpPutText(const char *text) {
	while (*text) putByte(*text++);
}

void atcpPutHex(uint32_t value) {
	for (int shift = 28; shift >= 0; shift -= 4) putByte("0123456789abcdef"[(value >> shift) & 15]);
}

void atcpPutUnsigned(uint32_t value) {
	char digits[11];
	char *at = digits + sizeof(digits) - 1;
	*at = 0;
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	atcpPutText(at);
}

/* print(line) */
void xs_mcu_print(xsMachine *the) {
	atcpExpect(the, 1);
	atcpPutText(xsmcToString(atcpArgument(0)));
	atcpPutText("\n");
}
