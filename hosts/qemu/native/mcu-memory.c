/*
 * RAM. Behind the linker's own sections lies one arena: what XS and the C library allocate once and keep comes from a
 * pool at its start; chunks (buffers, strings) grow up from there, slots and the XS stack down from the end. When the
 * two meet, XS says that memory is full.
 */
#include "xsAll.h"
#include "mcu-host.h"

extern uint8_t __ram_start[], __heap_start[], __ram_end[], __c_stack_bottom[], __c_stack_top[], __trap_stack_top[], __bss_end[];

/* The machine's record, its tables of keys and names. Measured: xs_mcu_memory reports what is used. */
#define POOL_BYTES (20 * 1024)

static uint8_t *poolAt;
static uint8_t *chunkEnd;
static uint8_t *slotStart;
static int collections;

static uint8_t *aligned(uint8_t *p) {
	return (uint8_t *)(((uintptr_t)p + 15) & ~(uintptr_t)15);
}

static void start(void) {
	if (chunkEnd) return;
	poolAt = aligned(__heap_start);
	chunkEnd = poolAt + POOL_BYTES;
	slotStart = __ram_end;
}

/* The C library's memory: XS takes its tables from there. */
void *sbrk(ptrdiff_t bytes) {
	uint8_t *before;
	start();
	before = poolAt;
	if (before + bytes > aligned(__heap_start) + POOL_BYTES) return (void *)-1;
	poolAt += bytes;
	return before;
}

void *fxAllocateChunks(txMachine *the, txSize size) {
	uint8_t *at;
	(void)the;
	start();
	size = (size + 15) & ~15;
	if (size > slotStart - chunkEnd) return NULL;
	at = chunkEnd;
	chunkEnd += size;
	return at;
}

void fxFreeChunks(txMachine *the, void *chunks) {
	(void)the;
	(void)chunks;
}

txSlot *fxAllocateSlots(txMachine *the, txSize count) {
	txSize size = count * (txSize)sizeof(txSlot);
	(void)the;
	start();
	if (size > slotStart - chunkEnd) return NULL;
	slotStart -= size;
	return (txSlot *)slotStart;
}

void fxFreeSlots(txMachine *the, void *slots) {
	(void)the;
	(void)slots;
}

uint32_t atcpCStackUsedBytes(void) {
	const uint32_t *at = (const uint32_t *)__c_stack_bottom;
	while ((const uint8_t *)at < __c_stack_top && *at == 0xa5a5a5a5u) at++;
	return (uint32_t)(__c_stack_top - (const uint8_t *)at);
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

/* memory(i): one figure of the account of RAM; the order is that of device/mcu.ts, Memory. */
void xs_mcu_memory(txMachine *the) {
	txInteger index = fxToInteger(the, the->frame - 2);
	uint32_t value = 0;
	switch (index) {
	case 0: value = (uint32_t)the->currentHeapCount; break;
	case 1: value = (uint32_t)the->currentChunksSize; break;
	case 2: value = (uint32_t)collections; break;
	case 3: value = (uint32_t)(__ram_end - __ram_start); break;
	case 4: value = (uint32_t)(__trap_stack_top - __ram_start); break;
	case 5: value = atcpCStackUsedBytes(); break;
	case 6: value = (uint32_t)(aligned(__heap_start) - __trap_stack_top); break;
	case 7: value = (uint32_t)(poolAt - aligned(__heap_start)); break;
	case 8: value = (uint32_t)(chunkEnd - aligned(__heap_start) - POOL_BYTES); break;
	case 9: value = (uint32_t)(__ram_end - slotStart); break;
	case 10: value = (uint32_t)((uint8_t *)the->stackTop - (uint8_t *)the->stackBottom); break;
	case 11: value = (uint32_t)POOL_BYTES; break;
	case 12: value = (uint32_t)the->peakHeapCount; break;
	}
	fxInteger(the, mxResult, (txInteger)value);
}

void xs_mcu_collect_garbage(txMachine *the) {
	fxCollectGarbage(the);
}
