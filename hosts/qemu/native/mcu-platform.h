/*
 * What XS must know about a bare-metal host (XSPLATFORM): one machine, one thread, byte code only. The names are
 * those that xs/platforms/xsPlatform.h asks for.
 */
#ifndef ATCP_MCU_PLATFORM_H
#define ATCP_MCU_PLATFORM_H

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define mxExport extern
#define mxImport extern
#define XS_FUNCTION_NORETURN __attribute__((noreturn))

#define mxMachinePlatform \
	int promiseJobs; \
	void *waiterCondition; \
	void *waiterData; \
	void *waiterLink;

/* XS asks for its tables of keys and names by these. */
void *atcpAllocateTable(size_t bytes);
#define c_malloc_uint32(BYTES) atcpAllocateTable(BYTES)
#define c_free_uint32(TABLE) ((void)(TABLE))

#define mxUseDefaultMachinePlatform 1
#define mxUseDefaultSharedChunks 1
#define mxUseDefaultCStackLimit 0
#define mxUseDefaultDebug 1
#define mxMisalignedSettersCrash 1
/* See mcu-builtins.c. */
#define mxHostFunctionPrimitive 1

#define C_PATH_MAX 128

#endif
