/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * actor.h - functions and tables that the files calls_*.c of the actor share
 *
 * The actor makes the library calls that its script, standard input, names. A call gets its
 * arguments by name and reports results with out(). Objects such as maps are kept in numbered
 * slots, so that neither the script nor the output contains an address.
 */
#ifndef TEST_COMPAT_ACTOR_H
#define TEST_COMPAT_ACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api.h"

#define SLOTS 10

struct call;

/*
 * Returns the number that the argument `key` of the call has; ends the actor if the call has no
 * such argument.
 */
uint64_t arg(const struct call *call, const char *key);
/*
 * Returns the text that the argument `key` of the call has; NULL if the call has no such argument.
 */
const char *word(const struct call *call, const char *key);
/*
 * Returns the slot number that the argument `key` of the call has; ends the actor if that number is
 * not below SLOTS.
 */
size_t slot(const struct call *call, const char *key);

/* Appends a space and the text to the line of output of the current call. */
void out(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/*
 * Prints whether a call has stored to an output: " NAME=untouched" if the value `is` after the call
 * equals the value `was` before it, else " NAME=touched".
 */
void out_touched(const char *name, uint64_t is, uint64_t was);

/* Returns true if each page of the range can be read and, if `write` is true, written. */
bool reachable(const volatile char *addr, size_t len, bool write);
/* Returns a hash of these bytes. */
uint64_t hash(const void *data, size_t len);
/* Fills the range with pseudo-random bytes that depend on `seed` only. */
void fill(void *data, size_t len, uint64_t seed);

/*
 * Changes a range so that it lies in [0, room], the memory that the actor owns. A call for a range
 * outside of it could crash, or its result could depend on neighbouring memory.
 */
void clamp(uint64_t *off, uint64_t *len, uint64_t room);

size_t page_size(void);

/* Files that the actor has opened, and memory that it has mapped with mmap(2). */
extern int files[SLOTS];
struct area {
	char *addr;
	size_t len; /* in bytes, rounded up to whole pages */
};
extern struct area areas[SLOTS];

typedef void call_fn(const struct call *call);

struct command {
	const char *name;
	call_fn *run;
};

/*
 * Tables of calls: one table for each of the files calls_*.c. The last entry of each table has no
 * name.
 */
extern const struct command file_commands[], pmem_commands[], source_commands[], map_commands[],
	vm_commands[];

/*
 * Initial value of outputs. An output that still has it after a call was not written by the call.
 */
#define MARK 0x7ab00

extern void *maps2[SLOTS], *sources[SLOTS], *reservations[SLOTS];

/* Returns the number of the slot that holds this map; -1 if no slot holds it. */
int slot_of_map(const void *map);

/*
 * Prints the return code of a call as " rc=NAME". After a failure also prints " said" if the
 * library has an error message, or " silent" if not.
 */
void out_rc(int rc);

/*
 * Prints " NAME=null", " NAME=kept" or " NAME=set": whether a call has stored NULL, nothing (the
 * value is still MARK), or another value to a pointer output.
 */
void out_object(const char *name, const void *object);

/*
 * Returns the object in the slot that the argument `key` of the call names. If the slot is empty,
 * prints this and returns NULL.
 */
void *object(void *slots[SLOTS], const struct call *call, const char *key);

/*
 * Prints the return code `rc` and the output `made` of a call. Stores `made`, or NULL if `rc` is
 * not 0, in the slot that the argument `key` names.
 */
void keep(void *slots[SLOTS], const struct call *call, const char *key, int rc, void *made);

#endif
