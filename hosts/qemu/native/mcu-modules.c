/*
 * Finds and loads the modules that were compiled into the firmware. Their byte code stays in flash, with its
 * identifiers resolved at build time: the names in atcpKeys get the identifiers that the compiler counted on.
 */
#include "xsAll.h"
#include "xsScript.h"
#include "mcu-host.h"
#include "module-path.h"

static const AtcpModule *findModule(const char *name) {
	for (uint32_t i = 0; i < atcpModuleCount; i++)
		if (strcmp(atcpModules[i].name, name) == 0) return atcpModules + i;
	return NULL;
}

const AtcpModule *atcpModuleAt(const void *address) {
	for (uint32_t i = 0; i < atcpModuleCount; i++) {
		const AtcpModule *module = atcpModules + i;
		const uint8_t *at = address;
		if (module->code && at >= module->code && at < module->code + module->codeBytes) return module;
	}
	return NULL;
}

/* In place of XS's own, which copies each name: these are all in flash. */
void fxBuildKeys(txMachine *the) {
	int i;
	for (i = 0; i < XS_SYMBOL_ID_COUNT; i++) {
		txID id = the->keyIndex;
		txSlot *description = fxNewSlot(the);
		description->kind = XS_STRING_X_KIND;
		description->value.string = (txString)gxIDStrings[i];
		the->keyArray[id] = description;
		the->keyIndex++;
	}
	for (; i < XS_ID_COUNT; i++) fxNewNameX(the, (txString)gxIDStrings[i]);
	if (the->keyIndex != atcpFirstKey) atcpCrash("the byte code was compiled for another version of XS");
	for (uint32_t k = 0; k < atcpKeyCount; k++) {
		if (fxNewNameX(the, (txString)atcpKeys[k]) != (txID)(atcpFirstKey + k)) atcpCrash("identifiers of the byte code are ambiguous");
	}
}

txID fxFindModule(txMachine *the, txSlot *realm, txID importerID, txSlot *specifierSlot) {
	const char *importer = importerID == XS_NO_ID ? NULL : fxGetKeyName(the, importerID);
	char specifier[C_PATH_MAX];
	char path[ATCP_MODULE_PATH_BYTES];
	const AtcpModule *module;
	(void)realm;
	fxToStringBuffer(the, specifierSlot, specifier, sizeof(specifier));
	if (!atcpResolvePath(importer, specifier, path)) mxReferenceError("%s is no path of a module", specifier);
	module = findModule(path);
	if (module && module->replacement) module = findModule(module->replacement);
	if (!module) mxReferenceError("the firmware has no module %s", path);
	return fxNewNameX(the, (txString)module->name);
}

void fxLoadModule(txMachine *the, txSlot *module, txID moduleID) {
	const AtcpModule *found = findModule(fxGetKeyName(the, moduleID));
	txScript script = {
		.codeBuffer = (txByte *)found->code,
		.codeSize = (txSize)found->codeBytes,
		.path = (txString)found->name,
		.version = {XS_MAJOR_VERSION, XS_MINOR_VERSION, XS_PATCH_VERSION, 0},
	};
	fxResolveModule(the, module, moduleID, &script, NULL, NULL);
}

txScript *fxParseScript(txMachine *the, void *stream, txGetter getter, txUnsigned flags) {
	(void)stream;
	(void)getter;
	(void)flags;
	mxSyntaxError("there is no parser on the board");
	return NULL;
}
