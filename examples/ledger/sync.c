/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sync.c - makes a log and its mirror equal
 *
 * The mirror's pool begins with all zeros. It becomes a log when the first word of its header, the
 * magic number, becomes durable, after all other bytes of the header; if that is interrupted, the
 * next process begins again. From then on the mirror has the first records of the log: a process
 * that finds it shorter than the log sends the rest.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mirror.h"

/* Bytes of a pool that are opened to read its header: whole pages of any page size. */
#define GLANCE ((size_t)65536)

/* Bytes that are compared at a time. */
#define PIECE ((size_t)1 << 20)

static int no_memory(const char *name)
{
	warnx("%s: no memory", name);
	return -ENOMEM;
}

/* Checks the mirror's header as log_check_header() checks that of a log. */
static int check_header(const struct mirror *mirror, struct log_header *header, uint64_t size)
{
	const struct log there = {.path = mirror_name(mirror), .header = header, .size = size};

	return log_check_header(&there);
}

/*
 * Restoring a log from its mirror.
 */

static int glance(struct mirror *mirror, void *memory, struct log_header *header)
{
	int ret = mirror_open(mirror, memory, GLANCE, MIRROR_READ);

	if (!ret)
		ret = mirror_read(mirror, header, 0, sizeof(*header));
	mirror_close(mirror);
	if (ret)
		return ret;
	if (!header->magic) {
		warnx("%s: the mirror holds no log yet", mirror_name(mirror));
		return -EBADMSG;
	}
	return check_header(mirror, header, UINT64_MAX);
}

int log_measure_mirror(struct mirror *mirror, size_t *size)
{
	struct log_header header;
	void *memory = aligned_alloc(GLANCE, GLANCE);
	int ret;

	if (!memory)
		return no_memory(mirror_name(mirror));
	ret = glance(mirror, memory, &header);
	free(memory);
	if (!ret)
		*size = header.tail;
	return ret;
}

/* Copies the log. Reads the tail again: a writer may have used the mirror since it was measured. */
static int fetch(struct log *log, struct mirror *mirror)
{
	struct log_header header;
	int ret = mirror_read(mirror, &header, 0, sizeof(header));

	if (!ret)
		ret = check_header(mirror, &header, log->size);
	if (!ret)
		ret = mirror_read(mirror, (char *)log->header + LOG_RECORDS, LOG_RECORDS,
			header.tail - LOG_RECORDS);
	if (!ret)
		memcpy(log->header, &header, sizeof(header));
	return ret;
}

int log_fetch_mirror(struct log *log, struct mirror *mirror)
{
	const char *path = log->path;
	const void *data;
	int ret = mirror_open(mirror, log->header, log->size, MIRROR_READ);

	if (!ret)
		ret = fetch(log, mirror);
	mirror_close(mirror);
	/* The file has no name yet. It gets one only if all records have correct checksums. */
	log->path = mirror_name(mirror);
	while (!ret && (ret = log_next(log, &data)) > 0)
		ret = 0;
	log->path = path;
	if (!ret)
		pmem2_get_persist_fn(log->map)(log->header, log->end);
	return ret;
}

/*
 * Bringing the mirror up to date.
 */

static int differs(const struct log *log, const char *how)
{
	warnx("%s: the mirror of another log than %s: %s", mirror_name(log->mirror), log->path,
		how);
	return -EBADMSG;
}

/* Compares all records of the mirror with the log. */
static int compare(const struct log *log, char *buffer)
{
	for (uint64_t at = LOG_RECORDS; at < log->mirrored; at += PIECE) {
		const char *here = (const char *)log->header + at;
		size_t left = log->mirrored - at, length = left < PIECE ? left : PIECE;
		int ret = mirror_read(log->mirror, buffer, at, length);

		if (ret)
			return ret;
		if (memcmp(here, buffer, length))
			return differs(log, "its records are others");
	}
	return 0;
}

/* Sends the bytes that the mirror lacks, makes them durable, and then the tail. */
static int catch_up(struct log *log)
{
	int ret = 0;

	if (log->mirrored < log->end)
		ret = mirror_send(log->mirror, log->mirrored, log->end - log->mirrored);
	if (!ret)
		ret = mirror_drain(log->mirror);
	if (!ret)
		ret = mirror_store_word(log->mirror, offsetof(struct log_header, tail));
	if (!ret)
		log->mirrored = log->end;
	return ret;
}

/* Returns whether the pool is new: all zeros, or left by a process that was killed in found(). */
static int is_new(const struct log_header *there, const struct log_header *here)
{
	return !there->magic && (!there->version || there->version == here->version) &&
	       (!there->checksum || there->checksum == here->checksum) && !(there->tail % 8);
}

/* Makes a new pool a log: stores its header, and the magic number last. */
static int found(struct log *log)
{
	int ret;

	log->mirrored = LOG_RECORDS;
	ret = catch_up(log);
	if (!ret)
		ret = mirror_store_word(log->mirror, offsetof(struct log_header, version));
	if (!ret)
		ret = mirror_store_word(log->mirror, offsetof(struct log_header, checksum));
	if (!ret)
		ret = mirror_store_word(log->mirror, offsetof(struct log_header, magic));
	return ret;
}

static int resume(struct log *log, struct log_header *there)
{
	char *buffer;
	int ret;

	/*
	 * Do not limit the tail here: a tail behind the log's end has a message of its own, below.
	 */
	ret = check_header(log->mirror, there, UINT64_MAX);
	if (ret)
		return ret;
	if (there->tail > log->end) {
		warnx("%s: the mirror goes on to %ju where %s ends at %ju; `ledger restore' gets "
		      "what is missing here",
			mirror_name(log->mirror), (uintmax_t)there->tail, log->path,
			(uintmax_t)log->end);
		return -EBADMSG;
	}
	buffer = malloc(PIECE);
	if (!buffer)
		return no_memory(mirror_name(log->mirror));
	log->mirrored = there->tail;
	ret = compare(log, buffer);
	free(buffer);
	/* Store the tail once more even if it is right: that makes it durable. */
	return ret ? ret : catch_up(log);
}

static int begin(struct log *log)
{
	struct log_header there;
	int ret = mirror_open(log->mirror, log->header, log->size, MIRROR_MAKE);

	if (!ret)
		ret = mirror_read(log->mirror, &there, 0, sizeof(there));
	if (ret)
		return ret;
	return is_new(&there, log->header) ? found(log) : resume(log, &there);
}

int log_mirror(struct log *log, struct mirror *mirror)
{
	int ret;

	log->mirror = mirror;
	ret = begin(log);
	if (ret) {
		mirror_close(mirror);
		log->mirror = NULL;
	}
	return ret;
}
