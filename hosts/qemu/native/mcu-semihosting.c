/*
 * RISC-V semihosting: how the emulated board is told who it is, and how a program under test talks to its test and
 * ends. The sequence of three instructions is what QEMU recognises; it must not straddle a page.
 */
#include "mcu-host.h"
#include "host-bytes.h"

#define SYS_OPEN 0x01
#define SYS_WRITE 0x05
#define SYS_READ 0x06
#define SYS_CLOCK 0x10
#define SYS_GET_CMDLINE 0x15
#define SYS_EXIT_EXTENDED 0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026u

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
	uint32_t parameters[2];
	xsIntegerValue capacity;
	const char *text;
	atcpExpect(the, 2);
	capacity = atcpInteger(1);
	text = (const char *)atcpWritable(0, 0, capacity);
	parameters[0] = (uint32_t)text;
	parameters[1] = (uint32_t)capacity;
	if (atcpSemihosting(SYS_GET_CMDLINE, parameters) != 0) xsRangeError("the command line has more than %ld bytes", (long)capacity);
	xsmcSetInteger(xsResult, (xsIntegerValue)strnlen(text, (size_t)capacity));
}

/* openHostFile(path, mode): a file of the machine that QEMU runs on; modes are those of SYS_OPEN, 1 rb, 5 wb. */
void xs_mcu_open_host_file(xsMachine *the) {
	uint32_t open[3], file;
	char *path;
	atcpExpect(the, 2);
	path = xsmcToString(atcpArgument(0));
	open[0] = (uint32_t)path;
	open[1] = (uint32_t)atcpInteger(1);
	open[2] = strlen(path);
	file = atcpSemihosting(SYS_OPEN, open);
	if (file == UINT32_MAX) xsUnknownError("can't open %s", path);
	xsmcSetInteger(xsResult, (xsIntegerValue)file);
}

/* Moves all of a range, however often it takes; both operations answer with the number of bytes that are left. */
static void moveHostFile(xsMachine *the, uint32_t operation) {
	uint32_t move[3], left;
	xsIntegerValue length;
	atcpExpect(the, 4);
	length = atcpInteger(3);
	move[0] = (uint32_t)atcpInteger(0);
	move[1] = (uint32_t)atcpWritable(1, atcpInteger(2), length);
	move[2] = (uint32_t)length;
	while (move[2] > 0) {
		left = atcpSemihosting(operation, move);
		if (left >= move[2]) xsUnknownError("the host's file has ended");
		move[1] += move[2] - left;
		move[2] = left;
	}
}

/* readHostFile(file, b, at, length), writeHostFile(file, b, at, length) */
void xs_mcu_read_host_file(xsMachine *the) {
	moveHostFile(the, SYS_READ);
}

void xs_mcu_write_host_file(xsMachine *the) {
	moveHostFile(the, SYS_WRITE);
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
