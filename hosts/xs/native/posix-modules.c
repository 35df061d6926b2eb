/*
 * Finds and loads the modules of a program: text files under the root folder, named by their path from there.
 * Only relative specifiers exist ("./bytes.js", "../wire/tcp.js"), as in a Moddable build.
 */
#include "xsAll.h"
#include "xsScript.h"
#include "code-in-place.h"
#include "module-path.h"
#include "posix-host.h"

#include <errno.h>
#include <unistd.h>

static AtcpHost *hostOf(txMachine *the) {
	return the->context;
}

static void filePath(txMachine *the, const char *modulePath, char *file) {
	snprintf(file, C_PATH_MAX, "%s/%s", hostOf(the)->root, modulePath);
}

txID fxFindModule(txMachine *the, txSlot *realm, txID importerID, txSlot *specifierSlot) {
	AtcpHost *host = hostOf(the);
	const char *importer = importerID == XS_NO_ID ? NULL : fxGetKeyName(the, importerID);
	char specifier[ATCP_MODULE_PATH_BYTES];
	char path[ATCP_MODULE_PATH_BYTES];
	char file[C_PATH_MAX];
	(void)realm;
	fxToStringBuffer(the, specifierSlot, specifier, sizeof(specifier));
	if (importer && specifier[0] != '.')
		mxReferenceError("%s imports \"%s\": only relative paths can be imported on XS", importer, specifier);
	if (!atcpResolvePath(importer, specifier, path))
		mxReferenceError("%s imports \"%s\", which lies outside the root folder", importer ? importer : "the host", specifier);
	for (int i = 0; i < host->substitutionCount; i++) {
		if (strcmp(path, host->substitutions[i].from) == 0) {
			snprintf(path, sizeof(path), "%s", host->substitutions[i].to);
			break;
		}
	}
	filePath(the, path, file);
	if (access(file, R_OK) != 0)
		mxReferenceError("no module %s (imported by %s): %s; is the project built?", file,
			importer ? importer : "the host", strerror(errno));
	return fxNewNameC(the, path);
}

static char *readText(const char *file, txSize *size) {
	FILE *stream = fopen(file, "rb");
	char *text = NULL;
	long bytes;
	if (!stream) return NULL;
	if (fseek(stream, 0, SEEK_END) == 0 && (bytes = ftell(stream)) >= 0 && bytes < INT32_MAX) {
		rewind(stream);
		text = malloc((size_t)bytes + 1);
		if (text && fread(text, 1, (size_t)bytes, stream) != (size_t)bytes) {
			free(text);
			text = NULL;
		}
		*size = (txSize)bytes;
	}
	fclose(stream);
	return text;
}

static void reportSyntax(void *console, txString path, txInteger line, txString format, c_va_list arguments) {
	(void)console;
	fprintf(stderr, "%s:%ld: ", path ? path : "?", (long)line);
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
}

/** Byte code of a module; after a syntax error it is code that throws it. NULL when memory is short. */
static txScript *parseModule(txMachine *the, char *path, char *text, txSize size) {
	txParser parserRecord;
	txParser *parser = &parserRecord;
	txParserJump jump;
	txScript *volatile script = NULL;
	txStringCStream stream = {.buffer = text, .offset = 0, .size = size};
	fxInitializeParser(parser, the, the->parserBufferSize, the->parserTableModulo);
	parser->firstJump = &jump;
	parser->reportError = reportSyntax;
	if (setjmp(jump.jmp_buf) == 0) {
		txUnsigned flags = 0;
#ifdef mxDebug
		flags |= mxDebugFlag;
#endif
		parser->path = fxNewParserSymbol(parser, path);
		fxParserTree(parser, &stream, fxStringCGetter, flags, NULL);
		fxParserHoist(parser);
		fxParserBind(parser);
		script = fxParserCode(parser);
	}
	fxTerminateParser(parser);
	return script;
}

/* xsRun.c; not in xsAll.h. */
extern void fxRemapIDs(txMachine *the, txByte *code, txSize size, txID *ids);

/** Gives the byte code the machine's own identifiers; false when memory is short. */
static int resolveIdentifiers(txMachine *the, txScript *script) {
	txByte *p = script->symbolsBuffer;
	txID count, i;
	txID *ids;
	mxDecodeID(p, count);
	ids = malloc(count * sizeof(txID));
	if (!ids) return 0;
	ids[0] = XS_NO_ID;
	for (i = 1; i < count; i++) {
		ids[i] = fxNewNameC(the, (txString)p);
		p += strlen((char *)p) + 1;
	}
	fxRemapIDs(the, script->codeBuffer, script->codeSize, ids);
	free(ids);
	return 1;
}

/**
 * Byte code stays where the compiler put it, for good, as it would in the flash of a board: so evaluating a string
 * literal allocates nothing here either, and heap counts of this host hold for boards.
 */
void fxLoadModule(txMachine *the, txSlot *module, txID moduleID) {
	char path[ATCP_MODULE_PATH_BYTES];
	char file[C_PATH_MAX];
	txSize size = 0;
	char *text;
	txScript *script;
	snprintf(path, sizeof(path), "%s", fxGetKeyName(the, moduleID));
	filePath(the, path, file);
	text = readText(file, &size);
	if (!text) mxReferenceError("can't read module %s: %s", file, strerror(errno));
	script = parseModule(the, path, text, size);
	free(text);
	if (!script || !resolveIdentifiers(the, script)) mxRangeError("not enough memory to compile module %s", file);
	atcpUseCodeInPlace(script->codeBuffer, script->codeBuffer + script->codeSize);
	free(script->symbolsBuffer);
	script->symbolsBuffer = NULL; /* XS takes such a script as it is, and leaves it. */
	script->symbolsSize = 0;
	fxResolveModule(the, module, moduleID, script, NULL, NULL);
}
