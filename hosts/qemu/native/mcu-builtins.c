/*
 * XS's built-ins as small as Moddable's linker leaves them on a microcontroller. Methods are primitives: one slot each
 * that points to a record in flash, in place of a function object of six slots, which is made when somebody wants one.
 */
#include "xsAll.h"
#include "mcu-host.h"

/* As many as XS has, and some. */
#define BUILT_INS_MAX 704

static txHostFunctionBuilder *builders;
static int builderCount;

/* The linker puts this in the place of XS's own (build.mjs). */
txSlot *__wrap_fxNextHostFunctionProperty(
	txMachine *the, txSlot *property, txCallback callback, txInteger length, txID id, txFlag flag) {
	txHostFunctionBuilder *builder;
	if (!builders) builders = atcpAllocateTable(BUILT_INS_MAX * sizeof(*builders));
	if (!builders || builderCount == BUILT_INS_MAX) atcpCrash("out of memory: no room for XS's built-in methods");
	builder = builders + builderCount++;
	*builder = (txHostFunctionBuilder){callback, length, id};
	property = property->next = fxNewSlot(the);
	property->flag = flag;
	property->ID = id;
	property->kind = XS_HOST_FUNCTION_KIND;
	property->value.hostFunction.builder = builder;
	property->value.hostFunction.profileID = fxGenerateProfileID(the);
	return property;
}
