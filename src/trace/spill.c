/* SPDX-License-Identifier: BSD-3-Clause */
/* spill.c - move the older pieces of a trace from memory to a file */
#include "trace/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PIECE   ((size_t)SPILL_SLOTS * EVENT_SLOT)
#define NEWEST  1u /* number of the newest pieces of a trace, which always stay in memory */
#define WRITING 8u /* number of pieces that the kernel may be writing at a time */

static int open_file(void)
{
	const char *directory = getenv("TMPDIR");
	struct statfs statfs_;

	if (!directory || !*directory)
		directory = "/var/tmp";
	if (statfs(directory, &statfs_) || statfs_.f_type == TMPFS_MAGIC ||
		statfs_.f_type == RAMFS_MAGIC)
		return -1;
	return open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static bool write_piece(int fd, const struct event *slots, off_t at)
{
	const char *from = (const char *)slots;

	for (size_t done = 0; done < PIECE;) {
		ssize_t put = pwrite(fd, from + done, PIECE - done, at + (off_t)done);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		done += (size_t)put;
	}
	return true;
}

/*
 * Removes a piece of the trace from memory. The kernel keeps pages that have not been written to
 * the disk yet.
 */
static void forget(const struct spill *spill, struct event *slots, uint64_t piece)
{
	madvise(slots + piece * SPILL_SLOTS, PIECE, MADV_DONTNEED);
	posix_fadvise(spill->fd, (off_t)(piece * PIECE), (off_t)PIECE, POSIX_FADV_DONTNEED);
}

/*
 * Starts to write a piece to the disk, and removes an older piece from memory after waiting until
 * that one is written. The older piece has had time to be written: the program that is being
 * recorded must not wait for the disk.
 */
static void write_back(const struct spill *spill, struct event *slots, uint64_t piece)
{
	sync_file_range(spill->fd, (off_t)(piece * PIECE), (off_t)PIECE, SYNC_FILE_RANGE_WRITE);
	if (piece < WRITING)
		return;
	piece -= WRITING;
	sync_file_range(spill->fd, (off_t)(piece * PIECE), (off_t)PIECE,
		SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
	forget(spill, slots, piece);
}

void spill_older(struct spill *spill, struct event *slots, uint64_t count)
{
	struct event *piece = slots + spill->slots;

	if (count - spill->slots < (NEWEST + 1) * SPILL_SLOTS || spill->state == SPILL_REFUSED)
		return;
	if (spill->state == SPILL_UNUSED)
		spill->fd = open_file();
	off_t at = (off_t)(spill->slots * EVENT_SLOT);
	spill->state = SPILL_REFUSED; /* stays so if a step below fails; else becomes SPILL_OPEN */
	if (spill->fd < 0 || !write_piece(spill->fd, piece, at))
		return;
	/* if mmap() fails, the piece of the trace in memory remains as it is */
	if (mmap(piece, PIECE, PROT_READ, MAP_SHARED | MAP_FIXED, spill->fd, at) == MAP_FAILED)
		return;
	/*
	 * no read-ahead: spill_begin() and spill_pass() ask for it; other readers need single
	 * pages
	 */
	madvise(piece, PIECE, MADV_RANDOM);
	spill->state = SPILL_OPEN;
	write_back(spill, slots, spill->slots / SPILL_SLOTS);
	spill->slots += SPILL_SLOTS;
}

static void fetch(const struct spill *spill, struct event *slots, uint64_t piece)
{
	if ((piece + 1) * SPILL_SLOTS <= spill->slots)
		madvise(slots + piece * SPILL_SLOTS, PIECE, MADV_WILLNEED);
}

void spill_begin(const struct spill *spill, struct event *slots)
{
	fetch(spill, slots, 0);
	fetch(spill, slots, 1);
}

void spill_pass(const struct spill *spill, struct event *slots, uint64_t from, uint64_t to)
{
	uint64_t old = from / SPILL_SLOTS, new = to / SPILL_SLOTS;

	if (old == new || from >= spill->slots)
		return;
	/*
	 * Keep the piece of the trace that the reader leaves, because the reader still needs the
	 * newest stores in it. Remove the piece before that one from memory.
	 */
	if (old)
		forget(spill, slots, old - 1);
	fetch(spill, slots, new + 1);
}

void spill_turn(const struct spill *spill, struct event *slots, uint64_t from, uint64_t to)
{
	uint64_t old = from / SPILL_SLOTS, new = to / SPILL_SLOTS;

	if (new == old + 1)
		spill_pass(spill, slots, from, to);
	if (new + 1 != old)
		return;
	if ((old + 2) * SPILL_SLOTS <= spill->slots)
		forget(spill, slots, old + 1);
	if (new)
		fetch(spill, slots, new - 1);
}

void spill_fini(struct spill *spill)
{
	if (spill->state != SPILL_UNUSED && spill->fd >= 0)
		close(spill->fd);
	*spill = (struct spill){0};
}
