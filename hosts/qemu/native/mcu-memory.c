/*
 * RAM. Behind the linker's own sections lies one arena: XS's chunks (buffers, strings) grow up in it, slots down from
 * the XS stack at its end. When the two meet, XS says that memory is full. While the modules are loaded, at build time,
 * the arena is the preload area of flash instead (mcu-preload.c), and the XS stack is deeper.
 */
#include "xsAll.h"
#include "mcu-host.h"
#include "mcu-preload.h"

#include <string.h>

extern uint8_t __ram_start[], __heap_start[], __c_stack_bottom[], __c_stack_top[], __trap_stack_top[], __dma_start[], __dma_end[];

/* The C library's memory: the machine's record and tables, what converts numbers to text, 340 bytes for each try. */
#define POOL_BYTES (4 * 1024)
/* What the program needs when its modules are loaded, XS's own prototypes (190) included; `npm run bench -- memory` measures. */
#define STACK_SLOTS 576

/* Memory of a stack that was never written shows it; start.S paints that of C alike. */
#define PAINT 0xa5
#define PAINTED 0xa5a5a5a5u

static uint8_t pool[POOL_BYTES] __attribute__((aligned(16)));
static uint32_t poolUsed;
static int isLoaded;
static uint8_t *tableEnd = __preload_start + PRELOAD_TABLES_AT;
static uint8_t *chunkEnd = __preload_start + PRELOAD_CHUNKS_AT;
static uint8_t *chunkLimit = __preload_start + PRELOAD_SLOTS_AT;
static uint8_t *slotEnd = __preload_start + PRELOAD_SLOTS_AT;
static uint8_t *chunkStart;
static int collections;
static uint32_t builtInBytes;

static uint8_t *aligned(uint8_t *p) {
	return (uint8_t *)(((uintptr_t)p + 15) & ~(uintptr_t)15);
}

void *sbrk(ptrdiff_t bytes) {
	uint8_t *before = pool + poolUsed;
	if (bytes > (ptrdiff_t)(POOL_BYTES - poolUsed)) return (void *)-1;
	poolUsed += (uint32_t)bytes;
	return before;
}

void *atcpAllocateTable(size_t bytes) {
	uint8_t *at = tableEnd;
	tableEnd += (bytes + 15) & ~(size_t)15;
	if (tableEnd > __preload_start + PRELOAD_CHUNKS_AT) return NULL;
	return at;
}

void *fxAllocateChunks(txMachine *the, txSize size) {
	uint8_t *at = chunkEnd;
	(void)the;
	size = (size + 15) & ~15;
	if (size > chunkLimit - chunkEnd) return NULL;
	chunkEnd += size;
	return at;
}

void fxFreeChunks(txMachine *the, void *chunks) {
	(void)the;
	(void)chunks;
}

/* The first slots that a machine asks for are its stack, which is in RAM from the beginning. */
txSlot *fxAllocateSlots(txMachine *the, txSize count) {
	txSize size = count * (txSize)sizeof(txSlot);
	if (!the->stackBottom) return (txSlot *)(__ram_end - size);
	if (isLoaded) {
		if (size > chunkLimit - chunkEnd) return NULL;
		chunkLimit -= size;
		return (txSlot *)chunkLimit;
	}
	if (size > __ram_start - slotEnd) return NULL;
	slotEnd += size;
	return (txSlot *)(slotEnd - size);
}

void fxFreeSlots(txMachine *the, void *slots) {
	(void)the;
	(void)slots;
}

void atcpLeavePreload(txMachine *the) {
	isLoaded = 1;
	the->stackBottom = the->stackTop - STACK_SLOTS;
	chunkStart = chunkEnd = aligned(__heap_start);
	chunkLimit = (uint8_t *)the->stackBottom;
}

void atcpPaintStack(txMachine *the) {
	memset(the->stackBottom, PAINT, (size_t)((uint8_t *)the->stackTop - (uint8_t *)the->stackBottom));
}

uint8_t *atcpPreloadEnd(void) {
	return slotEnd;
}

/* How deep a stack has been that grows down from `top`. */
static uint32_t usedBytes(const void *bottom, const void *top) {
	const uint32_t *at = bottom;
	while ((const void *)at < top && *at == PAINTED) at++;
	return (uint32_t)((const uint8_t *)top - (const uint8_t *)at);
}

/* XS marks every host object once a collection. */
static void countCollection(txMachine *the, void *data, txMarkRoot markRoot) {
	(void)the;
	(void)markRoot;
	(*(int *)data)++;
}

void atcpWatchCollections(txMachine *the) {
	static const txHostHooks hooks = {.marker = countCollection};
	static txSlot root;
	fxNewHostObject(the, NULL);
	fxSetHostData(the, the->stack, &collections);
	fxSetHostHooks(the, the->stack, &hooks);
	root = *the->stack;
	fxRemember(the, &root);
	the->stack++;
}

void atcpCountBuiltIns(txMachine *the) {
	fxCollectGarbage(the);
	/* The names of the program are there already; they are none of XS's. */
	builtInBytes = (uint32_t)((size_t)(the->currentHeapCount - (txSize)atcpKeyCount) * sizeof(txSlot)) + (uint32_t)the->currentChunksSize;
}

/* memory(i): one figure of the account of RAM; the order is that of device/mcu.ts, Memory. */
void xs_mcu_memory(txMachine *the) {
	uint32_t value = 0;
	switch (fxToInteger(the, the->frame - 2)) {
	case 0: value = (uint32_t)the->currentHeapCount; break;
	case 1: value = (uint32_t)the->currentChunksSize; break;
	case 2: value = (uint32_t)collections; break;
	case 3: value = (uint32_t)(__ram_end - __ram_start); break;
	case 4: value = (uint32_t)(__trap_stack_top - __ram_start); break;
	case 5: value = usedBytes(__c_stack_bottom, __c_stack_top); break;
	case 6: value = (uint32_t)(aligned(__heap_start) - __trap_stack_top - (__dma_end - __dma_start)); break;
	case 7: value = (uint32_t)(__dma_end - __dma_start); break;
	case 8: value = (uint32_t)(chunkEnd - chunkStart); break;
	case 9: value = (uint32_t)((uint8_t *)the->stackBottom - chunkLimit); break;
	case 10: value = (uint32_t)((uint8_t *)the->stackTop - (uint8_t *)the->stackBottom); break;
	case 11: value = usedBytes(the->stackBottom, the->stackTop); break;
	case 12: value = poolUsed; break;
	case 13: value = (uint32_t)(slotEnd - __preload_start); break;
	case 14: value = builtInBytes; break;
	}
	fxInteger(the, mxResult, (txInteger)value);
}

void xs_mcu_collect_garbage(txMachine *the) {
	fxCollectGarbage(the);
}
