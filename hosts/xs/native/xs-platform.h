/*
 * What XS must know about a POSIX host (XSPLATFORM): a single-threaded machine that reads its modules as text.
 * The names are those that xs/platforms/xsPlatform.h asks for.
 */
#ifndef ATCP_XS_PLATFORM_H
#define ATCP_XS_PLATFORM_H

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

#define mxUseDefaultMachinePlatform 1
#define mxUseDefaultBuildKeys 1
#define mxUseDefaultChunkAllocation 1
#define mxUseDefaultSlotAllocation 1
#define mxUseDefaultSharedChunks 1
#define mxUseDefaultCStackLimit 0
#define mxUseDefaultParseScript 1
#define mxUseDefaultDebug 1

#define C_PATH_MAX 1024

#endif
