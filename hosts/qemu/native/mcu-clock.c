/*
 * The clock (CLINT mtime, 1 MHz on this board), the one wait of the main loop, and the watchdog. QEMU's model of the
 * board has no watchdog of its own: the machine timer's interrupt is one. It is taken only while the program runs,
 * never inside the wait, where the same timer ends the sleep.
 */
#include "mcu-host.h"
#include "host-bytes.h"
#include "mcu-profile.h"

/* FU540-C000 manual, chapter "CLINT"; hart 0. */
#define CLINT_MTIMECMP 0x4000
#define CLINT_MTIMECMP_HIGH 0x4004
#define CLINT_MTIME 0xbff8
#define CLINT_MTIME_HIGH 0xbffc

/* FU540-C000 manual, chapter "PLIC"; hart 0 in machine mode is target 0. */
#define PLIC_PRIORITY 0x0
#define PLIC_ENABLE 0x2000
#define PLIC_THRESHOLD 0x200000
#define PLIC_CLAIM 0x200004
#define GEMGXL_INTERRUPT 53
#define GEM_INTR_STATUS 0x24

#define MIE_MTIE (1u << 7)
#define MIE_MEIE (1u << 11)
#define MSTATUS_MIE (1u << 3)

/* As ESP-IDF's task watchdog has it by default. */
#define WATCHDOG_US 5000000u

uint64_t atcpNowUs(void) {
	uint32_t high, low;
	do {
		high = REGISTER(CLINT_BASE, CLINT_MTIME_HIGH);
		low = REGISTER(CLINT_BASE, CLINT_MTIME);
	} while (high != REGISTER(CLINT_BASE, CLINT_MTIME_HIGH));
	return (uint64_t)high << 32 | low;
}

static void setTimer(uint64_t us) {
	REGISTER(CLINT_BASE, CLINT_MTIMECMP_HIGH) = 0xffffffffu;
	REGISTER(CLINT_BASE, CLINT_MTIMECMP) = (uint32_t)us;
	REGISTER(CLINT_BASE, CLINT_MTIMECMP_HIGH) = (uint32_t)(us >> 32);
}

void atcpFeedWatchdog(void) {
	if (atcpIsProfiling()) return;
	setTimer(atcpNowUs() + WATCHDOG_US);
	__asm__ volatile("csrs mie, %0" ::"r"(MIE_MTIE));
	__asm__ volatile("csrs mstatus, %0" ::"r"(MSTATUS_MIE));
}

/* Microseconds since power-on; an XS integer for the first 35 minutes, a floating-point number from then on. */
void xs_mcu_now_us(xsMachine *the) {
	uint64_t now = atcpNowUs();
	if (now <= INT32_MAX)
		xsmcSetInteger(xsResult, (xsIntegerValue)now);
	else
		xsmcSetNumber(xsResult, (xsNumberValue)now);
}

void xs_mcu_feed_watchdog(xsMachine *the) {
	(void)the;
	atcpFeedWatchdog();
}

/*
 * waitUntil(us): sleeps until that time, or until the NIC has received something. Interrupts stay off: wfi also wakes
 * for one that is only pending (privileged specification 1.10, 3.2.3).
 */
void xs_mcu_wait_until(xsMachine *the) {
	uint64_t until;
	xsNumberValue us;
	uint32_t source;
	atcpExpect(the, 1);
	us = atcpNumber(0);
	if (atcpIsProfiling()) return;
	__asm__ volatile("csrc mstatus, %0" ::"r"(MSTATUS_MIE));
	until = atcpNowUs() + WATCHDOG_US / 2;
	if (us < (xsNumberValue)until) until = us > 0 ? (uint64_t)us : 0;
	setTimer(until);
	REGISTER(PLIC_BASE, PLIC_PRIORITY + 4 * GEMGXL_INTERRUPT) = 1;
	REGISTER(PLIC_BASE, PLIC_ENABLE + 4 * (GEMGXL_INTERRUPT / 32)) = 1u << (GEMGXL_INTERRUPT % 32);
	REGISTER(PLIC_BASE, PLIC_THRESHOLD) = 0;
	__asm__ volatile("csrs mie, %0" ::"r"(MIE_MTIE | MIE_MEIE));
	if (atcpNowUs() < until) __asm__ volatile("wfi");
	__asm__ volatile("csrc mie, %0" ::"r"(MIE_MEIE));
	/* Cleared after the sleep and before the driver looks: what comes in from now on ends the next sleep at once. */
	REGISTER(GEMGXL_BASE, GEM_INTR_STATUS) = 0x03ffffff;
	source = REGISTER(PLIC_BASE, PLIC_CLAIM);
	if (source) REGISTER(PLIC_BASE, PLIC_CLAIM) = source;
	atcpFeedWatchdog();
}
