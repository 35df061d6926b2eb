/*
 * Compiles modules to byte code on the PC, as the C source of a module table for a board:
 *
 *   compile-modules MAIN [NAME=FILE | NAME>REPLACEMENT]…  > modules.c
 *
 * NAME is a module's path from the root folder; FILE has its text; REPLACEMENT is the name of the module that is
 * loaded in its place. Identifiers are resolved here: those of XS itself have fixed numbers, the others get the next
 * ones in order, and the table of their names tells the board. Exit status 1 after a syntax error.
 */
#include "xsScript.h"
#include "code-in-place.h"

#include <setjmp.h>

#define KEYS_MAX 16384
#define PARSER_BUFFER_BYTES (1024 * 1024)
#define PARSER_TABLE_MODULO 1993

static const char *keys[KEYS_MAX];
static int keyCount;

static void fail(const char *what, const char *name) {
	fprintf(stderr, "compile-modules: %s: %s\n", name, what);
	exit(1);
}

static txID keyOf(const char *name) {
	int i;
	for (i = XS_SYMBOL_ID_COUNT; i < XS_ID_COUNT; i++)
		if (strcmp(gxIDStrings[i], name) == 0) return (txID)i;
	for (i = 0; i < keyCount; i++)
		if (strcmp(keys[i], name) == 0) return (txID)(XS_ID_COUNT + i);
	if (keyCount == KEYS_MAX) fail("too many names", name);
	keys[keyCount] = strdup(name);
	return (txID)(XS_ID_COUNT + keyCount++);
}

/* Numbers of the parser's own become those of the board. */
static void resolveIdentifiers(txScript *script) {
	txByte *p = script->symbolsBuffer;
	txByte *code = script->codeBuffer;
	txByte *end = code + script->codeSize;
	txID count, i, id;
	txID *ids;
	mxDecodeID(p, count);
	ids = calloc(count, sizeof(txID));
	for (i = 1; i < count; i++) {
		ids[i] = keyOf((char *)p);
		p += strlen((char *)p) + 1;
	}
	while (code < end) {
		txS1 size = gxCodeSizes[(txU1)*code];
		if (size > 0)
			code += size;
		else if (size == 0) {
			code++;
			mxDecodeID(code, id);
			if (id != XS_NO_ID) {
				id = ids[id];
				code -= sizeof(txID);
				mxEncodeID(code, id);
			}
		} else if (size == -1)
			code += 2 + *(txU1 *)(code + 1);
		else if (size == -2) {
			txU2 bytes;
			code++;
			mxDecode2(code, bytes);
			code += bytes;
		} else {
			txS4 bytes;
			code++;
			mxDecode4(code, bytes);
			code += bytes;
		}
	}
	free(ids);
}

static char *readText(const char *file, txSize *size) {
	FILE *stream = fopen(file, "rb");
	char *text;
	long bytes;
	if (!stream || fseek(stream, 0, SEEK_END) != 0 || (bytes = ftell(stream)) < 0) fail("can't be read", file);
	rewind(stream);
	text = malloc((size_t)bytes + 1);
	if (fread(text, 1, (size_t)bytes, stream) != (size_t)bytes) fail("can't be read", file);
	fclose(stream);
	*size = (txSize)bytes;
	return text;
}

typedef struct {
	const char *at;
	const char *end;
} Text;

static int nextByte(void *stream) {
	Text *text = stream;
	return text->at < text->end ? (unsigned char)*text->at++ : C_EOF;
}

/* Hooks that the parser calls. */

void fxVReportWarning(void *console, txString path, txInteger line, txString format, c_va_list arguments) {
	(void)console;
	fprintf(stderr, "%s:%ld: ", path ? path : "?", (long)line);
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
}

void fxVReportError(void *console, txString path, txInteger line, txString format, c_va_list arguments) {
	fxVReportWarning(console, path, line, format, arguments);
	exit(1);
}

/* A name for each tagged template of the program. */
void fxGenerateTag(void *console, txString buffer, txInteger bytes, txString path) {
	static unsigned count;
	(void)console;
	(void)path;
	snprintf(buffer, (size_t)bytes, "#%u", count++);
}

/* Only XS's own profiler asks for these. */
txID fxGenerateProfileID(void *console) {
	(void)console;
	return XS_NO_ID;
}

static txScript *parse(char *name, char *text, txSize size) {
	txParser record;
	txParserJump jump;
	Text stream = {text, text + size};
	txScript *script = NULL;
	fxInitializeParser(&record, NULL, PARSER_BUFFER_BYTES, PARSER_TABLE_MODULO);
	record.firstJump = &jump;
	if (setjmp(jump.jmp_buf) == 0) {
		record.path = fxNewParserSymbol(&record, name);
		fxParserTree(&record, &stream, nextByte, 0, NULL);
		fxParserHoist(&record);
		fxParserBind(&record);
		script = fxParserCode(&record);
	}
	if (!script) fail("can't be compiled", name);
	fxTerminateParser(&record);
	return script;
}

static void compile(char *name, const char *file, int index) {
	txSize size;
	char *text = readText(file, &size);
	txScript *script = parse(name, text, size);
	resolveIdentifiers(script);
	atcpUseCodeInPlace(script->codeBuffer, script->codeBuffer + script->codeSize);
	printf("static const uint8_t code%d[] __attribute__((section(\".modules\"))) = {", index);
	for (txSize i = 0; i < script->codeSize; i++) printf("%s%u,", i % 24 == 0 ? "\n\t" : "", (txU1)script->codeBuffer[i]);
	printf("\n};\n");
}

static void printString(const char *text) {
	putchar('"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '?')
			printf("\\%03o", c);
		else
			putchar(c);
	}
	putchar('"');
}

int main(int argc, char **argv) {
	int i;
	if (argc < 3) fail("usage: compile-modules MAIN [NAME=FILE | NAME>REPLACEMENT]...", "arguments");
	printf("#include \"mcu-modules.h\"\n");
	for (i = 2; i < argc; i++) {
		char *separator = strpbrk(argv[i], "=>");
		char kind;
		if (!separator) fail("neither NAME=FILE nor NAME>REPLACEMENT", argv[i]);
		kind = *separator;
		*separator = 0;
		if (kind == '=') compile(argv[i], separator + 1, i);
		*separator = kind;
	}
	printf("const AtcpModule atcpModules[] = {\n");
	for (i = 2; i < argc; i++) {
		char *separator = strpbrk(argv[i], "=>");
		char kind = *separator;
		*separator = 0;
		printf("\t{");
		printString(argv[i]);
		if (kind == '=')
			printf(", 0, code%d, sizeof(code%d)},\n", i, i);
		else {
			printf(", ");
			printString(separator + 1);
			printf(", 0, 0},\n");
		}
		keyOf(argv[i]); /* Names of modules are keys too. */
	}
	printf("};\nconst uint32_t atcpModuleCount = %d;\n", argc - 2);
	printf("const char atcpMainModule[] = ");
	printString(argv[1]);
	printf(";\nconst uint32_t atcpFirstKey = %d;\n", XS_ID_COUNT);
	printf("const uint32_t atcpKeyCount = %d;\nconst char *const atcpKeys[] = {\n", keyCount);
	for (i = 0; i < keyCount; i++) {
		printf("\t");
		printString(keys[i]);
		printf(", /* %d */\n", XS_ID_COUNT + i);
	}
	printf("};\n");
	return 0;
}
