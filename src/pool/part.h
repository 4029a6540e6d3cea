/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * part.h - one file or DAX device of a pool: make, open, lock, read and remove it
 *
 * A new file has no name until part_publish(), so that nothing is left behind if the process ends
 * before. If the file system cannot do that (O_TMPFILE), the file has its name from the beginning,
 * and part_discard() removes it.
 *
 * All functions return 0, or -errno with an error message.
 */
#ifndef POOL_PART_H
#define POOL_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "device/device.h"
#include "map/map.h"
#include "pool/header.h"
#include "pool/name.h"

enum part_origin {
	PART_FOUND,   /* an existing part, opened */
	PART_TAKEN,   /* an existing file or device that becomes a part now */
	PART_UNNAMED, /* a new file, without a name yet */
	PART_MADE,    /* a new file, with its name */
};

struct part {
	const char *path; /* owned by the caller; must live as long as the part */
	int fd;           /* locked; -1: not open */
	enum part_origin origin;
	bool header_written; /* set by part_write_header() */
	struct device device;
	const char *sysfs;
	size_t size;      /* in bytes, whole pages */
	size_t alignment; /* alignment of its mapping, in bytes */
	size_t skipped;   /* bytes at the beginning that are not mapped, such as a header */
	size_t offset;    /* offset of the mapping in the pool, in bytes */
	struct map map;
	bool is_mapped;
};

/* A request to make or open one part. */
struct part_request {
	const char *path;
	size_t size;
	bool is_auto;    /* accept any size; for DAX devices only */
	bool has_header; /* the part gets a header; an existing file must not have one */
	bool only_looks; /* open for reading, and change nothing */
	const char *sysfs;
};

/*
 * Make the file with all its blocks, or use an existing file of exactly this size. -errno of
 * open(2); -EEXIST if it has a header already, -EBUSY if another process has it open, -EINVAL if
 * it has another size, -ENOSPC and so on. If something is missing, -EREMOTEIO instead of -ENOENT.
 */
int part_create(struct part *part, const struct part_request *request);

/*
 * Open an existing part. -EBUSY, -EINVAL and -EREMOTEIO as from part_create(); -ENOSPC if the file
 * has holes and the disk is full.
 */
int part_open(struct part *part, const struct part_request *request);

/*
 * Make part_read() read what is on the medium and not what is in a cache: write back a file's
 * pages and drop them from the page cache; flush a mapped device out of the CPU caches.
 */
int part_drop_caches(const struct part *part);

/*
 * part_write_back() writes a new file to the disk. part_publish() gives it its name, or returns
 * -EEXIST if that name is taken by now, and makes the name durable. Both do nothing for a file
 * that existed before.
 */
int part_write_back(const struct part *part);
int part_publish(struct part *part);
int part_keep(const struct part *part);

/* Unmap and unlock the part. Does not write anything back. */
int part_close(struct part *part);

/* Close the part and undo part_create(): remove a new file, or blank the header of another one. */
void part_discard(struct part *part);

/* Read or write the page at the part's beginning. A write is durable on return. */
int part_read_header(const struct part *part, uint8_t page[HEADER_SIZE]);
int part_write_header(struct part *part, const uint8_t page[HEADER_SIZE]);

/*
 * Write bytes to the part and make them durable, after a store to the part's mapping has failed.
 * Uses system calls, which report the reason of a failure. Any thread may call this function.
 */
int part_store(const struct part *part, const void *bytes, size_t size, size_t offset);

/*
 * Read bytes of the part by system calls, which report errors of the medium. Any thread may call
 * this function.
 */
int part_read(const struct part *part, void *bytes, size_t size, size_t offset);

/*
 * True if a store to the mapping finds room even if the disk is full. False on file systems that
 * write changed blocks elsewhere, for blocks shared with other files, and if the file system
 * cannot tell.
 */
bool part_has_room(const struct part *part);

/*
 * Ask the file system to write changed blocks of a new, empty file in place, so that allocated
 * blocks are enough for ever. Does nothing if the file system cannot do that.
 */
void part_stay_in_place(int fd);

/* Write zeros over the part's first `size` bytes, durably. */
int part_blank(const struct part *part, size_t size);

/* Check the part for bad blocks: -EIO if the kernel lists any. */
int part_check_media(const struct part *part);

/*
 * Remove a part in two steps. part_claim() locks it and checks that it can be removed: -EBUSY and
 * so on, -EREMOTEIO if it is missing. part_remove() removes the file, or blanks the beginning of a
 * DAX device. Call part_release() in any case.
 */
int part_claim(struct part *part, struct name_place *place, const char *path, const char *sysfs);
int part_remove(const struct part *part, const struct name_place *place);
void part_release(struct part *part, struct name_place *place);

#endif
