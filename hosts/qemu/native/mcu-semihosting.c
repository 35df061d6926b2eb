/*
 * RISC-V semihosting: how the emulated board is told who it is, and how a program under test ends. The sequence of
 * three instructions is what QEMU recognises; it must not straddle a page.
 */
#include "mcu-host.h"
#include "host-bytes.h"

#define SYS_CLOCK 0x10
#define SYS_GET_CMDLINE 0x15
#define SYS_EXIT_EXTENDED 0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026u

#define COMMAND_LINE_BYTES 1024

__attribute__((noinline, aligned(16))) uint32_t atcpSemihosting(uint32_t operation, void *parameters) {
	register uint32_t a0 __asm__("a0") = operation;
	register void *a1 __asm__("a1") = parameters;
	__asm__ volatile(
		".option push\n"
		".option norvc\n"
		".balign 16\n"
		"slli x0, x0, 0x1f\n"
		"ebreak\n"
		"srai x0, x0, 7\n"
		".option pop\n"
		: "+r"(a0)
		: "r"(a1)
		: "memory");
	return a0;
}

/* commandLine(b, capacity): copies QEMU's semihosting arguments, joined by blanks; returns their length. */
void xs_mcu_command_line(xsMachine *the) {
	static char text[COMMAND_LINE_BYTES];
	uint32_t parameters[2] = {(uint32_t)text, sizeof(text)};
	size_t length;
	atcpExpect(the, 2);
	if (atcpSemihosting(SYS_GET_CMDLINE, parameters) != 0) xsUnknownError("no command line from semihosting");
	length = strlen(text);
	if ((xsIntegerValue)length > atcpInteger(1)) xsRangeError("the command line has %ld bytes", (long)length);
	memcpy(atcpWritable(0, 0, (xsIntegerValue)length), text, length);
	xsmcSetInteger(xsResult, (xsIntegerValue)length);
}

/* bootFacts(b): 12 bytes that differ from boot to boot: restarts, the host's clock in 1/100 s, mtime. */
void xs_mcu_boot_facts(xsMachine *the) {
	uint32_t facts[3] = {atcpRestartCount(), atcpSemihosting(SYS_CLOCK, NULL), (uint32_t)atcpNowUs()};
	atcpExpect(the, 1);
	memcpy(atcpWritable(0, 0, sizeof(facts)), facts, sizeof(facts));
}

void atcpExit(uint32_t status) {
	uint32_t parameters[2] = {ADP_STOPPED_APPLICATION_EXIT, status};
	atcpSemihosting(SYS_EXIT_EXTENDED, parameters);
	for (;;)
		;
}

/* exit(status): for benchmarks and tests; the firmware never ends. */
void xs_mcu_exit(xsMachine *the) {
	atcpExpect(the, 1);
	atcpExit((uint32_t)atcpInteger(0));
}
