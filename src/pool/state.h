/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * state.h - what the target remembers of a pool from one session to the next
 *
 * Each pool set has a state file in the state folder. It is small, and only replaced as a whole: a
 * temporary file, fsync, rename, and fsync of the folder. A session is everything that one
 * initiator does with the pool, from its first store to its close.
 *
 * - The *identity* is made with the pool and never changes.
 * - The *generation* is advanced, and durable, before the first store of each session, and again
 *   when a session is resumed. Sessions that only read do not advance it.
 * - The *session* is a secret that only the daemon and the initiator that stored last know.
 * - The *mark* says that the pool is not a state of the initiator's memory: bytes are missing that
 *   a catch-up or a comparison was sending.
 *
 * Only a process that has the pool open for writing may replace the file; any may read it.
 *
 * Functions return 0, or -errno with an error message.
 */
#ifndef POOL_STATE_H
#define POOL_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_IDENTITY_SIZE 16
#define STATE_SECRET_SIZE   32

/* The largest state file, in bytes. A longer file is assumed to be something else. */
#define STATE_TEXT 512

/* The state folder beside a pool set, unless a folder is configured. */
#define STATE_FOLDER ".rpmemd"

struct pool_state {
	uint8_t identity[STATE_IDENTITY_SIZE];
	uint64_t generation;
	uint8_t session[STATE_SECRET_SIZE]; /* zeros before the first session */
	bool unclosed;     /* the last session that stored has not closed the pool */
	bool stamped;      /* identity and generation are in attributes of all parts (stamp.h) */
	bool inconsistent; /* the pool is marked as inconsistent; if not, the members below are 0 */
	uint64_t since;    /* when the pool was marked, in seconds since 1970 */
	uint64_t missing;  /* number of bytes that were not sent to the pool yet */
	uint64_t extent;   /* all bytes that were not sent yet are before this offset in the pool */
};

/*
 * Get the path of the state file of the pool set `name` below `directory`; the caller frees it.
 * `folder` is the configured state folder, below which the set's directories are repeated, or NULL.
 * The set must exist; errors are those of pool_set_load().
 */
int state_path(const char *folder, const char *directory, const char *name, char **path);

/*
 * Check the name of a pool set, which another machine has sent. -EINVAL if it leads into a folder
 * that contains states: a folder named STATE_FOLDER, or the configured one. Returns 0 for other
 * names, also if there is no such set.
 */
int state_check_name(const char *folder, const char *directory, const char *name);

/* Fill an array with random bytes from the kernel. */
int state_random(void *bytes, size_t size);

/* Make the state of a new pool: a random identity, and no session yet. */
int state_new(struct pool_state *state);

/*
 * Encode a state as the text of a state file, or decode such a text. -EBADMSG, with the path and
 * what is wrong, for a malformed text.
 */
void state_format(const struct pool_state *state, char text[STATE_TEXT]);
int state_parse(const char *text, size_t length, const char *path, struct pool_state *state);

/*
 * Read a state file. -ENOENT if the file does not exist: the pool is new, or was made by an
 * earlier version.
 */
int state_read(const char *path, struct pool_state *state);

/*
 * Lock the folder of a state file: until the descriptor that this returns is closed, no process
 * writes a state there. Waits for one that is writing. -ENOENT if there is no folder.
 */
int state_lock_folder(const char *path);

/* Replace the state file durably. Missing folders are made, with access for this user only. */
int state_write(const char *path, const struct pool_state *state);

/* Remove the file and its lock, if they exist. */
int state_remove(const char *path);

/*
 * Record that this process serves the session in the state file. Returns a descriptor, which the
 * caller must keep open until it is about to close the pool. Call it after state_write().
 */
int state_hold(const char *path);

/*
 * End the process that serves the session in the state file, if that session has this secret:
 * first by SIGTERM, then by SIGKILL. Returns 0 when it has ended or there is no such process;
 * -EBUSY if it cannot be ended in time, or if it serves another session. Never ends any other
 * process.
 */
int state_take_over(const char *path, const uint8_t session[STATE_SECRET_SIZE], int timeout_ms);

/* True if both secrets are the same. Takes the same time for all secrets. */
bool state_same_secret(const uint8_t a[STATE_SECRET_SIZE], const uint8_t b[STATE_SECRET_SIZE]);

#endif
