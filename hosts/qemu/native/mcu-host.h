/*
 * What the files of the bare-metal host share.
 */
#ifndef ATCP_MCU_HOST_H
#define ATCP_MCU_HOST_H

#include <stddef.h>
#include "mcu-modules.h"
#include "xs.h"

/* Memory map of the SiFive FU540-C000 (manual v1p0, chapter "Memory Map"), as QEMU's sifive_u has it. */
#define CLINT_BASE 0x02000000u
#define PLIC_BASE 0x0c000000u
#define UART0_BASE 0x10010000u
#define QSPI2_BASE 0x10050000u
#define GPIO_BASE 0x10060000u
#define GEMGXL_BASE 0x10090000u

#define REGISTER(BASE, OFFSET) (*(volatile uint32_t *)((BASE) + (OFFSET)))

/* mcu-modules.c */
/** The module that holds `address`, or NULL. */
const AtcpModule *atcpModuleAt(const void *address);

/* mcu-memory.c */
void atcpWatchCollections(xsMachine *the);
uint32_t atcpCStackUsedBytes(void);

/* mcu-console.c */
void atcpPutText(const char *text);
void atcpPutHex(uint32_t value);
void atcpPutUnsigned(uint32_t value);

/* mcu-clock.c */
uint64_t atcpNowUs(void);
/** The main loop is alive; without this for WATCHDOG_US the board restarts. */
void atcpFeedWatchdog(void);

/* mcu-crash.c */
/** The machine whose frames a crash shows. */
extern xsMachine *atcpMachine;
/** Prints the reason and the last frames and restarts the board. */
void atcpCrash(const char *reason) __attribute__((noreturn));
/** How often the board has been restarted since it was switched on. */
uint32_t atcpRestartCount(void);

/* mcu-semihosting.c */
uint32_t atcpSemihosting(uint32_t operation, void *parameters);

#define ATCP_MCU_FUNCTIONS(ENTRY)         \
	ENTRY(xs_mcu_now_us, 0)               \
	ENTRY(xs_mcu_wait_until, 1)           \
	ENTRY(xs_mcu_feed_watchdog, 0)        \
	ENTRY(xs_mcu_print, 1)                \
	ENTRY(xs_mcu_command_line, 2)         \
	ENTRY(xs_mcu_boot_facts, 1)           \
	ENTRY(xs_mcu_exit, 1)                 \
	ENTRY(xs_mcu_instructions, 0)         \
	ENTRY(xs_mcu_memory, 1)               \
	ENTRY(xs_mcu_collect_garbage, 0)      \
	ENTRY(xs_mcu_gem_read, 1)             \
	ENTRY(xs_mcu_gem_write, 2)            \
	ENTRY(xs_mcu_dma_address, 0)          \
	ENTRY(xs_mcu_dma_read_word, 1)        \
	ENTRY(xs_mcu_dma_write_word, 2)       \
	ENTRY(xs_mcu_dma_load, 4)             \
	ENTRY(xs_mcu_dma_store, 4)            \
	ENTRY(xs_mcu_spi_read, 1)             \
	ENTRY(xs_mcu_spi_write, 2)            \
	ENTRY(xs_mcu_spi_clock_out, 3)        \
	ENTRY(xs_mcu_spi_clock_in, 3)         \
	ENTRY(xs_mcu_profile_start, 1)        \
	ENTRY(xs_mcu_profile_stop, 0)

#define ATCP_DECLARE_MCU(NAME, PARAMETERS) void NAME(xsMachine *the);
ATCP_MCU_FUNCTIONS(ATCP_DECLARE_MCU)

#endif
