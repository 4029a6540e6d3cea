/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool/headers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/err.h"

int headers_agree(
	const char *name, bool no_headers, bool single_header, const struct rpmem_pool_attr *attr)
{
	bool zero = !attr || pool_attr_is_zero(attr);

	if (zero && !no_headers)
		return err_set(-EINVAL,
			"%s: no attributes were given, although the parts of the set have headers: OPTION NOHDRS is missing",
			name);
	if (!zero && no_headers)
		return err_set(-EINVAL,
			"%s: there is no place for attributes in a set with OPTION NOHDRS", name);
	if (!zero && single_header != !!(attr->incompat_features & POOL_INCOMPAT_SINGLEHDR))
		return err_set(-EINVAL,
			"%s: the attributes are for a pool with %s, which is not what the pool set asks for",
			name, single_header ? "a header in each part" : "a single header");
	return 0;
}

static bool same_uuid(const uint8_t *one, const uint8_t *other)
{
	return !memcmp(one, other, UUID_SIZE);
}

static bool is_zero(const uint8_t *uuid)
{
	static const uint8_t zero[UUID_SIZE];

	return same_uuid(uuid, zero);
}

/*
 * Make a random uuid (RFC 9562, version 4). Its first three fields are little-endian, as programs
 * of libpmemobj store and show them.
 */
static int make_uuid(uint8_t uuid[UUID_SIZE])
{
	if (getrandom(uuid, UUID_SIZE, 0) != UUID_SIZE)
		return err_sys("cannot make a random identifier");
	uuid[7] = (uint8_t)((uuid[7] & 0x0f) | 0x40);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
	return 0;
}

/* Set the uuids by which each part refers to its neighbours in the ring. */
static void link_parts(struct header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct header *before = &headers[(i + count - 1) % count];
		const struct header *after = &headers[(i + 1) % count];
		memcpy(headers[i].previous_part, before->attr.uuid, UUID_SIZE);
		memcpy(headers[i].next_part, after->attr.uuid, UUID_SIZE);
	}
}

/*
 * Set the attributes in all headers. Their `uuid` is different in each part: the first part gets
 * the one in `attr`, and other parts keep theirs.
 */
static void set_attributes(struct header *headers, size_t count, const struct rpmem_pool_attr *attr)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t own[UUID_SIZE];
		memcpy(own, i ? headers[i].attr.uuid : attr->uuid, UUID_SIZE);
		headers[i].attr = *attr;
		memcpy(headers[i].attr.uuid, own, UUID_SIZE);
		if (is_zero(attr->prev_uuid))
			memcpy(headers[i].attr.prev_uuid, attr->uuid, UUID_SIZE);
		if (is_zero(attr->next_uuid))
			memcpy(headers[i].attr.next_uuid, attr->uuid, UUID_SIZE);
	}
	link_parts(headers, count);
}

int headers_make(struct pool *pool, const struct rpmem_pool_attr *attr)
{
	time_t now = time(NULL);

	for (size_t i = 0; i < pool->header_count; i++) {
		int error = i ? make_uuid(pool->headers[i].attr.uuid) : 0;
		if (error)
			return error;
		pool->headers[i].created = (uint64_t)now;
	}
	set_attributes(pool->headers, pool->header_count, attr);
	return 0;
}

/*
 * Write the header of one part. Bytes of the page that belong to no field of the struct are
 * unchanged.
 */
static int write_one(struct part *part, const struct header *header)
{
	uint8_t page[HEADER_SIZE];
	int error = part_read_header(part, page);

	if (error)
		return error;
	header_encode(page, header);
	return part_write_header(part, page);
}

int headers_write(struct pool *pool, bool new)
{
	int error = 0;

	for (size_t i = 0; i < pool->header_count && !error; i++)
		if (new == (pool->parts[i].origin != PART_TAKEN))
			error = write_one(&pool->parts[i], &pool->headers[i]);
	return error;
}

static int read_one(const struct part *part, struct header *header)
{
	uint8_t page[HEADER_SIZE];
	int error = part_read_header(part, page);

	if (error)
		return error;
	if (header_is_blank(page))
		return err_set(-EINVAL, "%s has no header: no pool was made in it", part->path);
	if (!header_decode(header, page))
		return err_set(
			-EBADMSG, "the header of %s is damaged: its checksum is wrong", part->path);
	return 0;
}

/* True if both headers agree in the fields that all headers of a pool share. */
static bool same_pool(const struct rpmem_pool_attr *one, const struct rpmem_pool_attr *other)
{
	struct rpmem_pool_attr a = *one, b = *other;

	memset(a.uuid, 0, UUID_SIZE);
	memset(b.uuid, 0, UUID_SIZE);
	return !memcmp(&a, &b, sizeof(a));
}

static int check_pool(const struct pool *pool)
{
	for (size_t i = 1; i < pool->header_count; i++)
		if (!same_pool(&pool->headers[i].attr, &pool->headers[0].attr))
			return err_set(-EINVAL, "%s is a part of another pool than %s",
				pool->parts[i].path, pool->parts[0].path);
	return 0;
}

static int check_ring(const struct pool *pool)
{
	for (size_t i = 0; i < pool->header_count; i++) {
		size_t next = (i + 1) % pool->header_count;
		const struct header *this = &pool->headers[i], *after = &pool->headers[next];
		if (!same_uuid(this->next_part, after->attr.uuid) ||
			!same_uuid(after->previous_part, this->attr.uuid))
			return err_set(-EINVAL,
				"%s is not followed by %s in the pool: parts are missing from the set, or in another order",
				pool->parts[i].path, pool->parts[next].path);
	}
	return 0;
}

int headers_read(struct pool *pool)
{
	int error = 0;

	for (size_t i = 0; i < pool->header_count && !error; i++)
		error = read_one(&pool->parts[i], &pool->headers[i]);
	if (error || !pool->header_count)
		return error;
	/*
	 * If the pool has no attributes any more, because they were removed after it was made,
	 * there is nothing to compare.
	 */
	const struct rpmem_pool_attr *attr = &pool->headers[0].attr;
	if (!pool_attr_is_zero(attr))
		error = headers_agree(pool->name, false, pool->single_header, attr);
	if (!error)
		error = check_pool(pool);
	return error ? error : check_ring(pool);
}

int headers_change(struct pool *pool, const struct rpmem_pool_attr *attr)
{
	size_t size = pool->header_count * sizeof(*pool->headers);
	struct header *changed = malloc(size);
	int error = 0;

	if (!changed)
		return err_set(-ENOMEM, "%s: out of memory for the headers", pool->name);
	memcpy(changed, pool->headers, size);
	set_attributes(changed, pool->header_count, attr);
	for (size_t i = 0; i < pool->header_count && !error; i++)
		error = write_one(&pool->parts[i], &changed[i]);
	if (!error)
		memcpy(pool->headers, changed, size);
	free(changed);
	return error;
}

int headers_write_shutdown(struct pool *pool, const struct header_shutdown *state)
{
	struct header changed = pool->headers[0];

	changed.shutdown = *state;
	int error = write_one(&pool->parts[0], &changed);
	if (!error)
		pool->headers[0] = changed;
	return error;
}
