/*
 * What XS has allocated, for tests and benchmarks. The counts include garbage that was not collected yet, so
 * the difference of two readings without a collection between them is what was allocated in that time.
 */
#include "xsAll.h"
#include "posix-host.h"

static int collections;

/* XS marks every host object once a collection. */
static void countCollection(txMachine *the, void *data, txMarkRoot markRoot) {
	(void)the;
	(void)markRoot;
	(*(int *)data)++;
}

void atcpCountCollections(txMachine *the) {
	static const txHostHooks hooks = {.marker = countCollection};
	static txSlot root;
	fxNewHostObject(the, NULL);
	fxSetHostData(the, the->stack, &collections);
	fxSetHostHooks(the, the->stack, &hooks);
	root = *the->stack;
	fxRemember(the, &root);
	the->stack++;
}

void xs_posix_heap_slots(txMachine *the) {
	fxInteger(the, mxResult, the->currentHeapCount);
}

void xs_posix_heap_chunk_bytes(txMachine *the) {
	fxInteger(the, mxResult, the->currentChunksSize);
}

void xs_posix_heap_collections(txMachine *the) {
	fxInteger(the, mxResult, collections);
}

void xs_posix_collect_garbage(txMachine *the) {
	fxCollectGarbage(the);
}
