/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mirror.h - memory that is kept durable on another machine, too
 *
 * The mirror is a pool without headers on that machine, so what is at an offset here is at the same
 * offset there, and its file is a file like the one here. log.c says what is sent, and in which
 * order.
 *
 * Errors. Functions that return int return 0, or after printing what went wrong a negated errno.
 * After an error of mirror_send() and those below it the mirror is lost: nobody can say what of it
 * is durable, so they all fail from then on.
 *
 * librpmem is loaded by mirror_new(), not when the program starts: a ledger without a mirror needs
 * neither it nor libfabric, whose drivers take a fifth of a second to load.
 */
#ifndef LEDGER_MIRROR_H
#define LEDGER_MIRROR_H

#include <stddef.h>
#include <stdint.h>

struct mirror;

enum mirror_mode {
	MIRROR_READ, /* there must be one */
	MIRROR_MAKE, /* a missing one is made, all zeros */
};

/* `name` is [USER@]HOST[:PORT]:POOLSET; it is borrowed. Nothing is connected yet. */
int mirror_new(struct mirror **mirror, const char *name);
const char *mirror_name(const struct mirror *mirror);

/*
 * Connect: from now on, offsets are into the `size` bytes at `base`. They must stay until
 * mirror_close(). While somebody has the mirror open it waits for some seconds, since a killed
 * process has it until its target notices.
 */
int mirror_open(struct mirror *mirror, void *base, size_t size, enum mirror_mode mode);
void mirror_close(struct mirror *mirror);

/* Closes it, too. */
void mirror_free(struct mirror **mirror);

/* Copy what is over there into any memory. */
int mirror_read(struct mirror *mirror, void *to, uint64_t offset, size_t length);

/* Send a range, which must not change before mirror_drain(). */
int mirror_send(struct mirror *mirror, uint64_t offset, size_t length);

/* Everything that was sent is durable over there. */
int mirror_drain(struct mirror *mirror);

/* Make a word durable over there: 8 bytes at a multiple of 8, which all become new, or none. */
int mirror_store_word(struct mirror *mirror, uint64_t offset);

#endif
