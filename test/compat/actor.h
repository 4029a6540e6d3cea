/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * actor.h - functions and tables that the files calls_*.c of the actor share
 *
 * The actor makes the library calls that its script, standard input, names. A call gets its
 * arguments by name and reports results with out(). Objects such as maps are kept in numbered
 * slots, so that neither the script nor the transcript contains an address.
 */
#ifndef TEST_COMPAT_ACTOR_H
#define TEST_COMPAT_ACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api.h"

#define SLOTS 10

struct call;

/* Returns the number given as `key`; ends the actor if there is no such argument. */
uint64_t arg(const struct call *call, const char *key);
/* Returns the text given as `key`; NULL if there is no such argument. */
const char *word(const struct call *call, const char *key);
/* Returns the slot number given as `key`; ends the actor if it is not below SLOTS. */
size_t slot(const struct call *call, const char *key);

/* Adds " TEXT" to the line of output of the current call. */
void out(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/*
 * Reports " NAME=untouched" if an output's value `is` equals its old value `was`, else "touched".
 */
void out_touched(const char *name, uint64_t is, uint64_t was);

/* Returns true if each page of the range can be read, and also written if `write`. */
bool reachable(const volatile char *addr, size_t len, bool write);
/* Returns a hash of these bytes. */
uint64_t hash(const void *data, size_t len);
/* Fills the range with pseudo-random bytes that depend on `seed` only. */
void fill(void *data, size_t len, uint64_t seed);

/*
 * Changes a range so that it lies in [0, room]: outside of it a call could crash, or its result
 * could depend on neighbouring memory.
 */
void clamp(uint64_t *off, uint64_t *len, uint64_t room);

size_t page_size(void);

/* Descriptors, and memory that the actor mapped without the libraries. */
extern int files[SLOTS];
struct area {
	char *addr;
	size_t len; /* bytes, rounded up to pages */
};
extern struct area areas[SLOTS];

typedef void call_fn(const struct call *call);

struct command {
	const char *name;
	call_fn *run;
};

/* Tables of the calls of each file; the last entry has no name. */
extern const struct command file_commands[], pmem_commands[], source_commands[], map_commands[],
	vm_commands[];

/* Value of outputs before a call, to see if the call stores to them. */
#define MARK 0x7ab00

extern void *maps2[SLOTS], *sources[SLOTS], *reservations[SLOTS];

/* Returns the slot of a map; -1 if no slot has it. */
int slot_of_map(const void *map);

/* Reports " rc=NAME" and, for a failure, " said" or " silent": if there is an error message. */
void out_rc(int rc);

/*
 * Reports a pointer output that was MARK before: " NAME=null", " NAME=kept" (MARK) or " NAME=set".
 */
void out_object(const char *name, const void *object);

/* Returns the object in the slot that the call names; reports an empty slot and returns NULL. */
void *object(void *slots[SLOTS], const struct call *call, const char *key);

/* Reports `rc` and the output `made`, and stores it in its slot: NULL if `rc` is not 0. */
void keep(void *slots[SLOTS], const struct call *call, const char *key, int rc, void *made);

#endif
