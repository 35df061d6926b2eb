/*
 * What the firmware needs of the ESP32 beside embedded:io, over ESP-IDF.
 */
#include "host-bytes.h"
#include "xsHost.h"

#include "bootloader_random.h"
#include "esp_mac.h"
#include "esp_random.h"
#include "esp_timer.h"

#include <stdio.h>

#define MAC_BYTES 6

void xs_esp32_now_us(xsMachine *the) {
	int64_t us = esp_timer_get_time();
	/* XS calculates fastest with 32-bit integers: the first 35 minutes. */
	if (us <= INT32_MAX)
		xsmcSetInteger(xsResult, (xsIntegerValue)us);
	else
		xsmcSetNumber(xsResult, (xsNumberValue)us);
}

/*
 * Without radio the generator has true randomness only while the bootloader's source, noise of the SAR ADC, is on
 * (ESP-IDF, "Random Number Generation").
 */
void xs_esp32_fill_entropy(xsMachine *the) {
	xsIntegerValue at, length;
	uint8_t *bytes;
	atcpExpect(the, 3);
	at = atcpInteger(1);
	length = atcpInteger(2);
	bytes = atcpWritable(0, at, length);
	bootloader_random_enable();
	esp_fill_random(bytes, (size_t)length);
	bootloader_random_disable();
}

void xs_esp32_mac_address(xsMachine *the) {
	xsIntegerValue at;
	uint8_t *bytes;
	atcpExpect(the, 2);
	at = atcpInteger(1);
	bytes = atcpWritable(0, at, MAC_BYTES);
	if (esp_read_mac(bytes, ESP_MAC_ETH) != ESP_OK) xsUnknownError("the chip has no MAC address in its eFuses");
}

/* In a debug build the UART belongs to xsbug. */
void xs_esp32_print(xsMachine *the) {
	const char *line;
	atcpExpect(the, 1);
	line = xsmcToString(atcpArgument(0));
#ifdef mxDebug
	xsLog("%s\n", line);
#else
	puts(line);
	fflush(stdout);
#endif
}
