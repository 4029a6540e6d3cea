/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * header.h - the page that a part of a pool begins with, as a struct and as bytes
 *
 * Little-endian. libpmemobj and related libraries write and check the same page, so its layout is
 * theirs. Offsets in bytes:
 *
 *	0	signature		104	uuid of the next replica's first part
 *	8	version			120	time of creation, in seconds
 *	12	features		128	the machine that writes the pool
 *	24	uuid of the pool set	4024	state at the last shutdown
 *	40	uuid of this part	4088	checksum
 *	56, 72	uuids of the parts before and after, in a ring
 *	88	uuid of the previous replica's first part
 */
#ifndef POOL_HEADER_H
#define POOL_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librpmem.h>

#define HEADER_SIZE ((size_t)4096)

#define UUID_SIZE RPMEM_POOL_HDR_UUID_LEN

#define POOL_COMPAT_BAD_BLOCKS    1U /* refuse media that has lost some of its contents */
#define POOL_INCOMPAT_SINGLEHDR   1U
#define POOL_INCOMPAT_CHECKSUM_2K 2U /* the checksum excludes the second half of the page */
#define POOL_INCOMPAT_SHUTDOWN    4U /* the state at the last shutdown is kept and checked */

/* The state of the medium when the pool was last opened or closed; see shutdown.h. */
struct header_shutdown {
	uint64_t count; /* unsafe shutdowns, summed over all memory modules */
	uint64_t uuid;  /* a checksum of the memory modules' identifiers */
	bool dirty;     /* the pool was opened and not closed */
};

struct header {
	struct rpmem_pool_attr attr; /* the pool's attributes, but with this part's own `uuid` */
	uint8_t previous_part[UUID_SIZE], next_part[UUID_SIZE];
	uint64_t created;
	struct header_shutdown shutdown;
	bool shutdown_valid; /* set by header_decode(): the checksum of `shutdown` is right */
};

/*
 * Write the header and its checksums into a page. Bytes of the page that belong to no field of the
 * struct are unchanged.
 */
void header_encode(uint8_t page[HEADER_SIZE], const struct header *header);

/* False if the checksum is wrong. */
bool header_decode(struct header *header, const uint8_t page[HEADER_SIZE]);

bool header_is_blank(const uint8_t page[HEADER_SIZE]);

bool pool_attr_is_zero(const struct rpmem_pool_attr *attr);

/* The checksum of the page: two sums in 64 bits, over `size` bytes, which is a multiple of 4. */
uint64_t header_sum(const void *bytes, size_t size);

#endif
