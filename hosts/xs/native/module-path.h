/*
 * Names of modules: paths from a root folder, as every host of XS here resolves them.
 */
#ifndef ATCP_MODULE_PATH_H
#define ATCP_MODULE_PATH_H

#include <string.h>

#define ATCP_MODULE_PATH_BYTES 512

/** Joins the specifier to the importing module's folder and removes "." and ".."; false outside the root. */
static inline int atcpResolvePath(const char *importer, const char *specifier, char *path) {
	size_t length = 0;
	const char *folderEnd = importer ? strrchr(importer, '/') : NULL;
	if (folderEnd) {
		length = (size_t)(folderEnd - importer);
		if (length >= ATCP_MODULE_PATH_BYTES) return 0;
		memcpy(path, importer, length);
	}
	while (*specifier) {
		size_t part = strcspn(specifier, "/");
		if (part == 2 && strncmp(specifier, "..", 2) == 0) {
			if (length == 0) return 0;
			while (length > 0 && path[--length] != '/')
				;
		} else if (part > 0 && !(part == 1 && *specifier == '.')) {
			if (length + part + 2 > ATCP_MODULE_PATH_BYTES) return 0;
			if (length > 0) path[length++] = '/';
			memcpy(path + length, specifier, part);
			length += part;
		}
		specifier += part;
		if (*specifier == '/') specifier++;
	}
	path[length] = 0;
	return 1;
}

#endif
