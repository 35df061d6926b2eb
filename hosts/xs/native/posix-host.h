/*
 * What the files of the POSIX host share: its state, hung on the machine as context, and its native functions.
 */
#ifndef ATCP_POSIX_HOST_H
#define ATCP_POSIX_HOST_H

#include "xs.h"

/** One module to load in another one's place; both are paths from the root, as in `src/wire/byte-loops.js`. */
typedef struct {
	const char *from;
	const char *to;
} AtcpSubstitution;

#define ATCP_SUBSTITUTIONS_MAX 16

typedef struct {
	/** The folder that module paths start from; no module outside of it is loaded. */
	const char *root;
	AtcpSubstitution substitutions[ATCP_SUBSTITUTIONS_MAX];
	int substitutionCount;
	/** A module to load with all its imports and to freeze before the program's own is run, or NULL. */
	const char *preload;
	/** The program's own arguments. */
	char **arguments;
	int argumentCount;
} AtcpHost;

/* posix-memory.c */
void atcpCountCollections(xsMachine *the);

/* posix-preload.c: what the machine has loaded, read-only, in a machine of its own; NULL when memory is short. */
xsMachine *atcpShareFrozen(xsMachine *machine, xsCreation *creation, AtcpHost *host);

/* posix-datagram.c: the open socket or -1, for the wait. */
int atcpDatagramSocket(void);

/* posix-wait.c */
void atcpStartClock(void);
void atcpCatchSignals(void);

#define ATCP_POSIX_FUNCTIONS(ENTRY)    \
	ENTRY(xs_posix_now_us, 0)          \
	ENTRY(xs_posix_wait_until, 1)      \
	ENTRY(xs_posix_requests, 0)        \
	ENTRY(xs_posix_watch_input, 0)     \
	ENTRY(xs_posix_datagram_open, 3)   \
	ENTRY(xs_posix_datagram_receive, 3) \
	ENTRY(xs_posix_datagram_send, 3)   \
	ENTRY(xs_posix_datagrams_lost, 0)  \
	ENTRY(xs_posix_datagrams_unsent, 0) \
	ENTRY(xs_posix_image_open, 1)      \
	ENTRY(xs_posix_image_read, 4)      \
	ENTRY(xs_posix_image_write, 4)     \
	ENTRY(xs_posix_entropy, 3)         \
	ENTRY(xs_posix_print, 1)           \
	ENTRY(xs_posix_exit, 1)            \
	ENTRY(xs_posix_argument_count, 0)  \
	ENTRY(xs_posix_argument, 1)        \
	ENTRY(xs_posix_heap_slots, 0)      \
	ENTRY(xs_posix_heap_chunk_bytes, 0) \
	ENTRY(xs_posix_heap_collections, 0) \
	ENTRY(xs_posix_collect_garbage, 0)

#define ATCP_DECLARE_POSIX(NAME, PARAMETERS) void NAME(xsMachine *the);
ATCP_POSIX_FUNCTIONS(ATCP_DECLARE_POSIX)

#endif
