/* SPDX-License-Identifier: BSD-3-Clause */
/* spill.c - move the older pieces of a long array from memory to a file */
#include "trace/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PIECE  ((size_t)SPILL_PIECE)
#define NEWEST 1u /* number of the newest pieces, which always stay in memory */

static char *piece_at(void *array, uint64_t piece)
{
	return (char *)array + piece * PIECE;
}

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

static bool write_piece(int fd, const char *from, off_t at)
{
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
 * Removes a piece of the array from memory. The kernel keeps pages that have not been written to
 * the disk yet.
 */
static void forget(const struct spill *spill, void *array, uint64_t piece)
{
	madvise(piece_at(array, piece), PIECE, MADV_DONTNEED);
	posix_fadvise(spill->fd, (off_t)(piece * PIECE), (off_t)PIECE, POSIX_FADV_DONTNEED);
}

/*
 * Starts to write a piece to the disk, and removes an older piece from memory after waiting until
 * that one is written. The older piece has had time to be written if `behind` is large: the program
 * that is being recorded must not wait for the disk.
 */
static void write_back(const struct spill *spill, void *array, uint64_t piece)
{
	sync_file_range(spill->fd, (off_t)(piece * PIECE), (off_t)PIECE, SYNC_FILE_RANGE_WRITE);
	if (piece < spill->behind)
		return;
	piece -= spill->behind;
	sync_file_range(spill->fd, (off_t)(piece * PIECE), (off_t)PIECE,
		SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
	forget(spill, array, piece);
}

void spill_older(struct spill *spill, void *array, uint64_t size)
{
	char *piece = (char *)array + spill->size;

	if (size - spill->size < (NEWEST + 1) * PIECE || spill->state == SPILL_REFUSED)
		return;
	if (spill->state == SPILL_UNUSED)
		spill->fd = open_file();
	off_t at = (off_t)spill->size;
	spill->state = SPILL_REFUSED; /* stays so if a step below fails; else becomes SPILL_OPEN */
	if (spill->fd < 0 || !write_piece(spill->fd, piece, at))
		return;
	/* if mmap() fails, the piece in memory remains as it is */
	if (mmap(piece, PIECE, PROT_READ, MAP_SHARED | MAP_FIXED, spill->fd, at) == MAP_FAILED)
		return;
	/*
	 * no read-ahead: spill_begin() and spill_pass() ask for it; other readers need single
	 * pages
	 */
	madvise(piece, PIECE, MADV_RANDOM);
	spill->state = SPILL_OPEN;
	write_back(spill, array, spill->size / PIECE);
	spill->size += PIECE;
}

static void fetch(const struct spill *spill, void *array, uint64_t piece)
{
	if ((piece + 1) * PIECE <= spill->size)
		madvise(piece_at(array, piece), PIECE, MADV_WILLNEED);
}

void spill_begin(const struct spill *spill, void *array, uint64_t from)
{
	fetch(spill, array, from / PIECE);
	fetch(spill, array, from / PIECE + 1);
}

void spill_pass(const struct spill *spill, void *array, uint64_t from, uint64_t to)
{
	uint64_t old = from / PIECE, new = to / PIECE;

	if (old == new || from >= spill->size)
		return;
	/*
	 * Keep the piece that the reader leaves, because the reader still needs the
	 * newest stores in it. Remove the piece before that one from memory.
	 */
	if (old)
		forget(spill, array, old - 1);
	fetch(spill, array, new + 1);
}

void spill_turn(const struct spill *spill, void *array, uint64_t from, uint64_t to)
{
	uint64_t old = from / PIECE, new = to / PIECE;

	if (new == old + 1)
		spill_pass(spill, array, from, to);
	if (new + 1 != old)
		return;
	if ((old + 2) * PIECE <= spill->size)
		forget(spill, array, old + 1);
	if (new)
		fetch(spill, array, new - 1);
}

void spill_fini(struct spill *spill)
{
	if (spill->state != SPILL_UNUSED && spill->fd >= 0)
		close(spill->fd);
	*spill = (struct spill){0};
}
