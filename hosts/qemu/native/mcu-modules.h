/*
 * The table of modules in flash: what compiler/compile-modules.c writes.
 */
#ifndef ATCP_MCU_MODULES_H
#define ATCP_MCU_MODULES_H

#include <stdint.h>

/** A module of the program: where its byte code lies in flash, or in whose place another one is loaded. */
typedef struct {
	const char *name;
	const char *replacement;
	const uint8_t *code;
	uint32_t codeBytes;
} AtcpModule;

extern const AtcpModule atcpModules[];
extern const uint32_t atcpModuleCount;
extern const char *const atcpKeys[];
extern const uint32_t atcpKeyCount;
extern const uint32_t atcpFirstKey;
extern const char atcpMainModule[];

#endif
