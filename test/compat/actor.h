/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * actor.h - what the calls of the actor share
 *
 * A call gets its arguments by name and reports with out(). Objects live in numbered slots, so that
 * neither the script nor the transcript holds an address.
 */
#ifndef TEST_COMPAT_ACTOR_H
#define TEST_COMPAT_ACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api.h"

#define SLOTS 10

struct call;

/* The number given as `key`; bails out without one. */
uint64_t arg(const struct call *call, const char *key);
/* The text given as `key`, or NULL. */
const char *word(const struct call *call, const char *key);
/* The slot number given as `key`. */
size_t slot(const struct call *call, const char *key);

/* Add " TEXT" to the line of this call. */
void out(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/* " NAME=touched" or " NAME=untouched" as `is` differs from `was`. */
void out_touched(const char *name, uint64_t is, uint64_t was);

/* Can each page of the range be read, and written if `write`? */
bool reachable(const volatile char *addr, size_t len, bool write);
/* A number that stands for these bytes. */
uint64_t hash(const void *data, size_t len);
/* Bytes made from a seed. */
void fill(void *data, size_t len, uint64_t seed);

/* Bring a range into [0, room]: for calls that would crash, or depend on neighbours, outside. */
void clamp(uint64_t *off, uint64_t *len, uint64_t room);

size_t page_size(void);

/* Descriptors and plain mappings, made by the actor itself. */
extern int files[SLOTS];
struct area {
	char *addr;
	size_t len; /* rounded up to pages */
};
extern struct area areas[SLOTS];

typedef void call_fn(const struct call *call);

struct command {
	const char *name;
	call_fn *run;
};

/* They end with a command without a name. */
extern const struct command file_commands[], pmem_commands[], source_commands[], map_commands[],
	vm_commands[];

/* The value of an output before a call. */
#define MARK 0x7ab00

extern void *maps2[SLOTS], *sources[SLOTS], *reservations[SLOTS];

/* The slot of a map; -1 if it is in none. */
int slot_of_map(const void *map);

/* " rc=..." and, for a failure, whether there is a sentence. */
void out_rc(int rc);

/* " NAME=null", set or kept, for an output that was MARK before. */
void out_object(const char *name, const void *object);

/* The object in the slot that the call names; reports an empty slot. */
void *object(void *slots[SLOTS], const struct call *call, const char *key);

/* Report a new object, and keep it in its slot. */
void keep(void *slots[SLOTS], const struct call *call, const char *key, int rc, void *made);

#endif
