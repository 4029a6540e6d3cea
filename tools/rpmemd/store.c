/* SPDX-License-Identifier: BSD-3-Clause */
#include "store.h"

#include "base/attr.h"
#include "base/log.h"
#include "base/peer_orders.h"
#include "cpu/cpu.h"
#include "libpmem2/base.h"
#include "map/file_sync.h"
#include "map/pages.h"
#include "map/ranges.h"
#include "pool/fault.h"

/* Ranges of whole pages that this thread has stored to since its last drain, and must sync. */
static __thread struct ranges notes;

/*
 * Points to the time at which the lane that this thread serves last drained. NULL: the lane has
 * never drained.
 */
static __thread uint64_t *lane_mark;

static void note(struct store *store, size_t offset, size_t length)
{
	struct range pages = pages_touched((uintptr_t)store->base + offset, length);

	if (ranges_add(&notes, pages, 0))
		return;
	ranges_join_all(&notes);
	ranges_add(&notes, pages, 0);
}

/*
 * Note pages, for the next drain, before they are changed: the kernel may try to write them back
 * during the copy, and fail.
 */
static void note_page(struct store *store, size_t offset, size_t length)
{
	if (store->granularity == PMEM2_GRANULARITY_PAGE)
		note(store, offset, length);
}

static void copy(const struct store *store, size_t offset, const void *from, size_t length)
{
	void *to = store->base + offset;

	PEER_ORDERS_BEGIN;
	if (store->granularity == PMEM2_GRANULARITY_CACHE_LINE)
		cpu.engine->move_line(to, from, length, PMEM2_F_MEM_NODRAIN);
	else if (store->granularity == PMEM2_GRANULARITY_BYTE)
		cpu.engine->move_byte(to, from, length, PMEM2_F_MEM_NODRAIN);
	else /* PAGE: do not flush, because msync(2) also writes what is in caches */
		cpu.engine->move_byte(to, from, length, PMEM2_F_MEM_NODRAIN | PMEM2_F_MEM_WB);
	PEER_ORDERS_END;
}

/* Arguments of copy_bytes(), which runs in a guard against SIGBUS. */
struct bytes {
	const struct store *store;
	size_t offset, length;
	const char *from;
};

/*
 * Copy the odd bytes at both ends separately: copy engines store whole 8-byte words only if a range
 * begins and ends at a word.
 */
static void copy_bytes(void *arg)
{
	const struct bytes *bytes = arg;
	size_t offset = bytes->offset, length = bytes->length;
	size_t head = -offset & 7, tail;

	if (head > length)
		head = length;
	if (head)
		copy(bytes->store, offset, bytes->from, head);
	tail = (length - head) & 7;
	if (length - head - tail)
		copy(bytes->store, offset + head, bytes->from + head, length - head - tail);
	if (tail)
		copy(bytes->store, offset + length - tail, bytes->from + length - tail, tail);
}

static int store_bytes(void *context, size_t offset, const void *from, size_t length)
{
	struct store *store = context;
	struct bytes bytes = {store, offset, length, from};

	note_page(store, offset, length);
	if (likely(fault_guard(copy_bytes, &bytes)))
		return 0;
	log_warning("a store of %zu bytes at offset %zu raised SIGBUS", length, offset);
	return pool_store(store->pool, offset, from, length);
}

static int commit_bytes(void *context, size_t offset, size_t length)
{
	struct store *store = context;

	note_page(store, offset, length);
	if (store->granularity == PMEM2_GRANULARITY_CACHE_LINE)
		cpu.engine->flush(store->base + offset, length);
	return 0;
}

static void lane(void *context, uint64_t *mark)
{
	(void)context;
	lane_mark = mark;
}

static uint64_t since(void)
{
	return lane_mark ? *lane_mark : 0;
}

/* Write back pages, which may belong to any files of the pool. */
static int write_back(struct range pages)
{
	return file_sync_or_error(&(struct file_sync){.pages = pages, .since = since()});
}

/*
 * Write back those pages that are in files, and not in devices. Sets *any if there were such pages.
 */
static int write_back_files(const struct store *store, struct range pages, bool *any)
{
	uintptr_t base = (uintptr_t)store->base;
	size_t at = pages.from - base, end = pages.to - base, length;
	int error = 0;

	while (length = end - at, at = pool_in_files(store->pool, at, &length), length) {
		int failed = write_back((struct range){base + at, base + at + length});
		error = error ? error : failed;
		at += length;
		*any = true;
	}
	return error;
}

static int drain_range(const struct store *store, struct range pages, bool *any)
{
	if (likely(!store->has_device)) {
		*any = true;
		return write_back(pages);
	}
	cpu.engine->persist((void *)pages.from, pages.to - pages.from);
	return write_back_files(store, pages, any);
}

static int drain_pages(const struct store *store)
{
	uint64_t begun = file_sync_epoch();
	bool any = false;
	int error = 0;

	for (unsigned i = 0; i < notes.count; i++) {
		int failed = drain_range(store, notes.at[i], &any);
		error = error ? error : failed;
	}
	notes.count = 0;
	/* Update the time of the lane's last drain: the lane stores nothing before the reply. */
	if (lane_mark && any)
		*lane_mark = error ? file_sync_epoch() : begun;
	return error;
}

static int drain(void *context)
{
	struct store *store = context;

	if (store->granularity == PMEM2_GRANULARITY_PAGE)
		return drain_pages(store);
	cpu.engine->drain();
	return 0;
}

static int deep(void *context, size_t offset, size_t length)
{
	struct store *store = context;

	log_debug("deep flush of %zu bytes at offset %zu", length, offset);
	return pool_deep_sync(store->pool, offset, length, since());
}

void store_init(struct store *store, struct pool *pool)
{
	store->pool = pool;
	store->base = pool_base(pool);
	store->granularity = pool_granularity(pool);
	store->has_device = pool_has_device(pool);
	fault_watch(store->base, pool_size(pool));
}

struct lanes_store store_functions(struct store *store)
{
	return (struct lanes_store){
		.base = store->base,
		.size = pool_size(store->pool),
		.guard = pool_guard(store->pool),
		.slow_drain = store->granularity == PMEM2_GRANULARITY_PAGE,
		.store = store_bytes,
		.commit = commit_bytes,
		.lane = lane,
		.drain = drain,
		.deep = deep,
		.context = store,
	};
}
