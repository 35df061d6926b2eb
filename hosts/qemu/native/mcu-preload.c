/*
 * Preloading, as Moddable's linker does it: the firmware is run once when it is built, up to where its modules are
 * loaded. What XS has made until then (built-ins, classes, functions, names) is written to flash, at the same
 * addresses, and never changes again: the garbage collector passes over it, and a store to it traps. A board starts
 * from there. RAM holds only what the program makes when it runs, and starting takes no machine to be built.
 */
#include "xsAll.h"
#include "mcu-host.h"
#include "mcu-preload.h"

#include <string.h>

#define SYS_OPEN 0x01
#define SYS_CLOSE 0x02
#define SYS_WRITE 0x05
#define OPEN_WB 5

#define FILE_NAME "preload.bin"
/* Names that a running program adds are few: it computes none. */
#define SPARE_KEYS 32

static PreloadHeader *header(void) {
	return (PreloadHeader *)__preload_start;
}

int atcpIsPreloaded(void) {
	return header()->magic == PRELOAD_MAGIC;
}

int atcpRestorePreload(void) {
	const uint8_t *from = __preload_start + PRELOAD_HEADER_BYTES;
	if (!atcpIsPreloaded()) return 0;
	if (header()->codeEnd != (uint32_t)(uintptr_t)__modules_end || header()->ramBytes != (uint32_t)(__bss_end - __data_start))
		atcpCrash("the preload area belongs to another firmware");
	memcpy(__data_start, from, header()->ramBytes);
	atcpPaintStack(atcpMachine);
	memcpy(__ram_end - header()->stackBytes, from + header()->ramBytes, header()->stackBytes);
	return 1;
}

/* What lies in a chunk is in flash too: such values are not the collector's affair any more. */
static void freezeSlot(txSlot *slot) {
	slot->flag |= XS_MARK_FLAG;
	switch (slot->kind) {
	case XS_STRING_KIND:
		slot->kind = XS_STRING_X_KIND;
		break;
	case XS_KEY_KIND:
		slot->kind = XS_KEY_X_KIND;
		break;
	case XS_CODE_KIND:
		slot->kind = XS_CODE_X_KIND;
		break;
	case XS_BIGINT_KIND:
		slot->kind = XS_BIGINT_X_KIND;
		break;
	default:
		break;
	}
}

static void freezeHeap(txMachine *the) {
	for (txSlot *block = the->firstHeap; block; block = block->next)
		for (txSlot *slot = block + 1; slot < block->value.reference; slot++) freezeSlot(slot);
	for (txSlot *slot = the->stack; slot < the->stackTop; slot++) {
		freezeSlot(slot);
		slot->flag &= ~XS_MARK_FLAG;
	}
	the->firstHeap = NULL;
	the->freeHeap = NULL;
	the->firstBlock = NULL;
	the->currentHeapCount = the->peakHeapCount = the->maximumHeapCount = 0;
	the->currentChunksSize = the->peakChunksSize = the->maximumChunksSize = 0;
}

/* The global object remembers where it found its properties: it is to know all of them before it is frozen. */
static void warmGlobals(txMachine *the) {
	txSlot *global = mxGlobal.value.reference;
	for (txID id = XS_SYMBOL_ID_COUNT; id < XS_INTRINSICS_COUNT; id++) mxBehaviorGetProperty(the, global, id, 0, XS_ANY);
}

static void *inRam(const void *table, size_t bytes) {
	void *copy = malloc(bytes);
	if (!copy) atcpCrash("out of memory: no room for XS's tables");
	memcpy(copy, table, bytes);
	return copy;
}

/* Names so far stay in flash with the array that finds them, as in a machine that was cloned from another. */
static void freezeKeys(txMachine *the) {
	static txSlot *const none[SPARE_KEYS];
	the->keyArrayHost = the->keyArray;
	the->keyOffset = the->keyIndex;
	the->keyArray = inRam(none, sizeof(none));
	the->keyCount = (txID)(the->keyIndex + SPARE_KEYS);
	the->nameTable = inRam(the->nameTable, the->nameModulo * sizeof(txSlot *));
	the->symbolTable = inRam(the->symbolTable, the->symbolModulo * sizeof(txSlot *));
}

static void save(void) {
	uint32_t open[3] = {(uint32_t)FILE_NAME, OPEN_WB, sizeof(FILE_NAME) - 1};
	uint32_t file = atcpSemihosting(SYS_OPEN, open);
	uint32_t write[3] = {file, (uint32_t)__preload_start, (uint32_t)(atcpPreloadEnd() - __preload_start)};
	if (file == UINT32_MAX || atcpSemihosting(SYS_WRITE, write) != 0) atcpCrash("preload.bin can't be written");
	atcpSemihosting(SYS_CLOSE, &file);
}

void atcpMakePreload(txMachine *the) {
	uint8_t *to = __preload_start + PRELOAD_HEADER_BYTES;
	PreloadHeader *made = header();
	size_t stackBytes;
	warmGlobals(the);
	fxCollectGarbage(the);
	freezeKeys(the);
	freezeHeap(the);
	atcpLeavePreload(the);
	stackBytes = (size_t)((uint8_t *)the->stackTop - (uint8_t *)the->stack);
	made->ramBytes = (uint32_t)(__bss_end - __data_start);
	made->stackBytes = (uint32_t)stackBytes;
	made->codeEnd = (uint32_t)(uintptr_t)__modules_end;
	if (PRELOAD_HEADER_BYTES + made->ramBytes + stackBytes > PRELOAD_TABLES_AT) atcpCrash("out of memory: the preload area is too small for RAM");
	memcpy(to, __data_start, made->ramBytes);
	memcpy(to + made->ramBytes, the->stack, stackBytes);
	made->magic = PRELOAD_MAGIC;
	save();
	atcpExit(0);
}
