/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * part.h - one file or DAX device of a pool: made, opened, locked, read and removed
 *
 * A new file has no name until part_publish(): whatever ends the process before leaves nothing
 * behind. Where the file system cannot do that (O_TMPFILE), it has its name from the beginning,
 * and part_discard() removes it.
 *
 * All functions return 0 or -errno with a sentence.
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
	PART_FOUND,   /* opened: it was there */
	PART_TAKEN,   /* it was there, and has been made a part */
	PART_UNNAMED, /* made, and nobody can see it yet */
	PART_MADE,    /* made, and it has its name */
};

struct part {
	const char *path; /* the caller's; it lives as long as the part */
	int fd;           /* locked; or -1 */
	enum part_origin origin;
	bool header_written; /* by part_write_header() */
	struct device device;
	const char *sysfs;
	size_t size;      /* whole pages of it */
	size_t alignment; /* of what is mapped of it */
	size_t skipped;   /* bytes before what is mapped: its header, if that is not mapped */
	size_t offset;    /* in the pool, of what is mapped */
	struct map map;
	bool is_mapped;
};

/* The part that is wanted. */
struct part_request {
	const char *path;
	size_t size;
	bool is_auto;    /* any size; a DAX device only */
	bool has_header; /* and must be blank, if the file is there already */
	bool only_looks; /* read it, and change nothing of it */
	const char *sysfs;
};

/*
 * Make the file, or take one of that very size that is there, and all the blocks that it needs. As
 * open(2); -EEXIST if it has a header already, -EBUSY if somebody else has it open, -EINVAL if its
 * size is another, -ENOSPC and so on. -EREMOTEIO, and never -ENOENT, if something is missing.
 */
int part_create(struct part *part, const struct part_request *request);

/* -EBUSY, -EINVAL, -EREMOTEIO as above; -ENOSPC if the file has holes and the disk is full. */
int part_open(struct part *part, const struct part_request *request);

/*
 * Writes a new file back, gives it its name, -EEXIST if somebody else has taken that meanwhile,
 * and makes the name durable. Does nothing for a file that was there.
 */
int part_write_back(const struct part *part);
int part_publish(struct part *part);
int part_keep(const struct part *part);

/* Unmap and unlock; what was written to it is as durable as it was. */
int part_close(struct part *part);

/* The same, and undo part_create(): remove the file, or blank the header of one that was there. */
void part_discard(struct part *part);

/* The page at its beginning. Writing returns when it is durable. */
int part_read_header(const struct part *part, uint8_t page[HEADER_SIZE]);
int part_write_header(struct part *part, const uint8_t page[HEADER_SIZE]);

/*
 * Store bytes to a part that could not be stored to where it is mapped, durably, in a way that
 * says why if it fails. Any thread.
 */
int part_store(const struct part *part, const void *bytes, size_t size, size_t offset);

/*
 * Whether a store to where it is mapped finds room, even if the disk is full. False on file
 * systems that write changed blocks elsewhere, for shared blocks, and where the file system cannot
 * tell.
 */
bool part_has_room(const struct part *part);

/*
 * Ask the file system to write changed blocks of a new, empty file where they are, so that what is
 * allocated once is enough for ever. Where it can it does; otherwise the file is as good as
 * before.
 */
void part_stay_in_place(int fd);

/* Zeros, durable, over its first `size` bytes. */
int part_blank(const struct part *part, size_t size);

/* -EIO if the kernel lists bad blocks in it. */
int part_check_media(const struct part *part);

/*
 * In two steps: lock what is there, and check that it can be removed (-EBUSY and so on; -EREMOTEIO
 * if it is missing);
 * then remove a file, or blank the beginning of a DAX device. part_release() in any case.
 */
int part_claim(struct part *part, struct name_place *place, const char *path, const char *sysfs);
int part_remove(const struct part *part, const struct name_place *place);
void part_release(struct part *part, struct name_place *place);

#endif
