/*
 * The area of flash that holds what loading the modules made.
 *
 *   0        PreloadHeader
 *   64       RAM as it was then: .data to .bss
 *   then     the upper end of the XS stack
 *   64 KB    tables, chunks and slots of XS, at the addresses where they were made
 */
#ifndef ATCP_MCU_PRELOAD_H
#define ATCP_MCU_PRELOAD_H

#include <stdint.h>

#define PRELOAD_MAGIC 0x50435441u
#define PRELOAD_HEADER_BYTES 64
#define PRELOAD_TABLES_AT (64 * 1024)
#define PRELOAD_TABLES_BYTES (32 * 1024)
#define PRELOAD_CHUNKS_AT (PRELOAD_TABLES_AT + PRELOAD_TABLES_BYTES)
#define PRELOAD_CHUNKS_BYTES (16 * 1024)
#define PRELOAD_SLOTS_AT (PRELOAD_CHUNKS_AT + PRELOAD_CHUNKS_BYTES)

typedef struct {
	uint32_t magic;
	uint32_t ramBytes;
	uint32_t stackBytes;
	/** Where this code ends: another program's area would not fit it. */
	uint32_t codeEnd;
} PreloadHeader;

extern uint8_t __preload_start[], __data_start[], __bss_end[], __ram_end[], __modules_end[];

#endif
