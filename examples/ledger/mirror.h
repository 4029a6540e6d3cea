/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mirror.h - keeps a durable copy of memory on another machine
 *
 * The mirror is a pool without headers on that machine, so that each byte has the same offset here
 * and there, and the pool's file is a ledger, too. log.c decides what is sent, and in which order.
 *
 * Errors. Functions that return int return 0, or after printing what went wrong a negated errno.
 * After an error of mirror_send(), or of a function that is declared after it, the mirror is lost:
 * it is unknown which bytes are durable, so all these functions fail until the mirror is opened or
 * connected again.
 *
 * librpmem is loaded by mirror_new(), not when the program starts: a ledger without a mirror needs
 * neither librpmem nor libfabric, whose drivers take a fifth of a second to load.
 */
#ifndef LEDGER_MIRROR_H
#define LEDGER_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mirror;

enum mirror_mode {
	MIRROR_READ, /* the pool must exist */
	MIRROR_MAKE, /* a missing pool is made, with all zeros */
};

/* Does not connect yet. `name` is [USER@]HOST[:PORT]:POOLSET and must outlive the mirror. */
int mirror_new(struct mirror **mirror, const char *name);
const char *mirror_name(const struct mirror *mirror);

/*
 * Connect: from now on, offsets are into the `size` bytes at `base`, which must stay mapped until
 * mirror_close(). If another process has the mirror open, retries for some seconds, because a
 * killed process keeps the mirror until its target notices the end.
 */
int mirror_open(struct mirror *mirror, void *base, size_t size, enum mirror_mode mode);
void mirror_close(struct mirror *mirror);

/*
 * Go on with a mirror that was lost: connect again, and send again what the mirror has not made
 * durable. -EOPNOTSUPP if there is no session to go on with: the mirror is not open, or its daemon
 * is of an earlier version. -ESTALE, which is always printed, if another writer has had the
 * mirror, or it was replaced.
 */
int mirror_reconnect(struct mirror *mirror);

/* Closes the mirror and frees it. */
void mirror_free(struct mirror **mirror);

/* Copy bytes of the mirror into any memory. */
int mirror_read(struct mirror *mirror, void *to, uint64_t offset, size_t length);

/* Send a range, which must not change before mirror_drain(). */
int mirror_send(struct mirror *mirror, uint64_t offset, size_t length);

/* Wait until everything that was sent is durable on the mirror. */
int mirror_drain(struct mirror *mirror);

/*
 * Begin to make a range durable on the mirror; mirror_wait() waits for it. Several mirrors then
 * work side by side. The range must not change in between. `is_word`: the range is an aligned word
 * of 8 bytes, and the mirror always has the whole old word or the whole new one.
 */
int mirror_start(struct mirror *mirror, uint64_t offset, size_t length, bool is_word);
int mirror_wait(struct mirror *mirror);

/* Do not print errors of this mirror from now on (`is_quiet`), or print them again. */
void mirror_hush(struct mirror *mirror, bool is_quiet);

/*
 * Make an aligned word of 8 bytes durable on the mirror. If that fails, the mirror has either the
 * old word or the new one.
 */
int mirror_store_word(struct mirror *mirror, uint64_t offset);

#endif
