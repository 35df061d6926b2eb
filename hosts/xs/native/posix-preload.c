/*
 * Preloading as Moddable's linker does it, without the linker: modules are loaded, what must lie in the flash of a
 * board is frozen (documentation of the Moddable SDK, "Preload"), and the program runs in a second machine that shares
 * it. So what flash does not allow throws here too: a store to an array buffer of a module, to a static field, to a
 * prototype.
 */
#include "xsAll.h"
#include "posix-host.h"

static void freezeProperties(txSlot *instance) {
	for (txSlot *property = instance->next; property; property = property->next) {
		if (property->kind != XS_ACCESSOR_KIND) property->flag |= XS_DONT_SET_FLAG;
		property->flag |= XS_DONT_DELETE_FLAG;
	}
	instance->flag |= XS_DONT_PATCH_FLAG;
}

static void freezePrototypeOf(txMachine *the, txSlot *constructor) {
	for (txSlot *property = constructor->next; property; property = property->next)
		if (property->ID == mxID(_prototype) && property->kind == XS_REFERENCE_KIND) freezeProperties(property->value.reference);
}

/* Other objects are copied to RAM when they are written to. */
static void freezeInstance(txMachine *the, txSlot *instance) {
	txSlot *internal = instance->next;
	if (!internal || !(internal->flag & XS_INTERNAL_FLAG)) return;
	if (internal->ID == XS_ENVIRONMENT_BEHAVIOR) {
		freezeProperties(instance);
		return;
	}
	switch (internal->kind) {
	case XS_CALLBACK_KIND:
	case XS_CALLBACK_X_KIND:
	case XS_CODE_KIND:
	case XS_CODE_X_KIND:
		freezeProperties(instance);
		if (instance->flag & XS_CAN_CONSTRUCT_FLAG) freezePrototypeOf(the, instance);
		break;
	case XS_ARRAY_BUFFER_KIND:
	case XS_DATA_VIEW_KIND:
	case XS_TYPED_ARRAY_KIND:
	case XS_MAP_KIND:
	case XS_SET_KIND:
	case XS_WEAK_MAP_KIND:
	case XS_WEAK_SET_KIND:
	case XS_WEAK_REF_KIND:
	case XS_PROMISE_KIND:
	case XS_PROXY_KIND:
	case XS_REGEXP_KIND:
		freezeProperties(instance);
		break;
	default:
		break;
	}
}

xsMachine *atcpShareFrozen(xsMachine *machine, xsCreation *creation, AtcpHost *host) {
	txMachine *the = (txMachine *)machine;
	fxCollectGarbage(the);
	for (txSlot *block = the->firstHeap; block; block = block->next)
		for (txSlot *slot = block + 1; slot < block->value.reference; slot++)
			if (slot->kind == XS_INSTANCE_KIND) freezeInstance(the, slot);
	fxShareMachine(the);
	return (xsMachine *)fxCloneMachine((txCreation *)creation, the, "atcp", host);
}
