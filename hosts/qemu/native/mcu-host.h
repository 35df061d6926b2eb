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
/** XS slots are allocated from RAM from now on, the XS stack being cut to what the program needs. */
void atcpLeavePreload(xsMachine *the);
void atcpPaintStack(xsMachine *the);
/** Takes down what a machine has made before any program: XS's built-ins. */
void atcpCountBuiltIns(xsMachine *the);
/** What the preload area holds: its end. */
uint8_t *atcpPreloadEnd(void);

/* mcu-preload.c */
/** Whether the modules were loaded when the firmware was built; then RAM is as it was left. */
int atcpRestorePreload(void);
/** Keeps what loading the modules has made, for the file that the build takes, and ends QEMU. */
void atcpMakePreload(xsMachine *the) __attribute__((noreturn));
int atcpIsPreloaded(void);

void atcpWatchCollections(xsMachine *the);

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
/** Ends QEMU with a status. */
void atcpExit(uint32_t status) __attribute__((noreturn));

#define ATCP_MCU_FUNCTIONS(ENTRY)         \
	ENTRY(xs_mcu_start, 1)                \
	ENTRY(xs_mcu_now_us, 0)               \
	ENTRY(xs_mcu_wait_until, 1)           \
	ENTRY(xs_mcu_feed_watchdog, 0)        \
	ENTRY(xs_mcu_print, 1)                \
	ENTRY(xs_mcu_command_line, 2)         \
	ENTRY(xs_mcu_open_host_file, 2)       \
	ENTRY(xs_mcu_read_host_file, 4)       \
	ENTRY(xs_mcu_write_host_file, 4)      \
	ENTRY(xs_mcu_boot_facts, 1)           \
	ENTRY(xs_mcu_exit, 1)                 \
	ENTRY(xs_mcu_trap, 0)                 \
	ENTRY(xs_mcu_instructions, 0)         \
	ENTRY(xs_mcu_spin, 1)                 \
	ENTRY(xs_mcu_memory, 1)               \
	ENTRY(xs_mcu_collect_garbage, 0)      \
	ENTRY(xs_mcu_gem_read, 1)             \
	ENTRY(xs_mcu_gem_write, 2)            \
	ENTRY(xs_mcu_dma_address, 0)          \
	ENTRY(xs_mcu_dma_read_word, 1)        \
	ENTRY(xs_mcu_dma_write_word, 2)       \
	ENTRY(xs_mcu_dma_load, 4)             \
	ENTRY(xs_mcu_dma_store, 4)            \
	ENTRY(xs_mcu_dma_post, 6)             \
	ENTRY(xs_mcu_spi_read, 1)             \
	ENTRY(xs_mcu_spi_write, 2)            \
	ENTRY(xs_mcu_spi_clock_out, 3)        \
	ENTRY(xs_mcu_spi_clock_in, 3)         \
	ENTRY(xs_mcu_spi_read_blocks, 4)      \
	ENTRY(xs_mcu_null_select, 0)          \
	ENTRY(xs_mcu_null_write, 3)           \
	ENTRY(xs_mcu_null_read, 3)            \
	ENTRY(xs_mcu_null_inject, 2)          \
	ENTRY(xs_mcu_null_last, 1)            \
	ENTRY(xs_mcu_profile_start, 1)        \
	ENTRY(xs_mcu_profile_gate, 1)         \
	ENTRY(xs_mcu_profile_stop, 0)

#define ATCP_DECLARE_MCU(NAME, PARAMETERS) void NAME(xsMachine *the);
ATCP_MCU_FUNCTIONS(ATCP_DECLARE_MCU)

#endif
