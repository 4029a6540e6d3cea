/* SPDX-License-Identifier: BSD-3-Clause */
#include "store.h"

#include <errno.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "libpmem2/base.h"
#include "map/pages.h"
#include "map/ranges.h"

/* What a thread has stored since its last drain. */
struct notes {
	struct ranges ranges; /* whole pages */
	bool any;
	unsigned failures; /* of the store, when the first was noted */
	int error;         /* of what was written back before the drain, for lack of room */
};

static __thread struct notes notes;

/* All that is noted, and no more than that. With `syncing` held. */
static int write_back(struct store *store)
{
	int error = 0;

	for (unsigned i = 0; i < notes.ranges.count; i++) {
		int failed = pages_write_back(notes.ranges.at[i]);
		error = error ? error : failed;
	}
	notes.ranges.count = 0;
	if (error)
		atomic_fetch_add(&store->failures, 1);
	return error;
}

static void make_room(struct store *store)
{
	pthread_mutex_lock(&store->syncing);
	int error = write_back(store);
	pthread_mutex_unlock(&store->syncing);
	if (error && !notes.error)
		notes.error = error;
}

static void note(struct store *store, size_t offset, size_t length)
{
	struct range pages = pages_touched((uintptr_t)store->base + offset, length);

	if (!notes.any) {
		notes.any = true;
		notes.failures = atomic_load(&store->failures);
	}
	if (ranges_add(&notes.ranges, pages, 0))
		return;
	make_room(store);
	ranges_add(&notes.ranges, pages, 0);
}

/* Before the first byte changes: its page may be written, and fail, before the copy is done. */
static void note_page(struct store *store, size_t offset, size_t length)
{
	if (store->granularity == PMEM2_GRANULARITY_PAGE)
		note(store, offset, length);
}

/*
 * The bytes of the pool are shared by all lanes, and it is the peer's business who writes to
 * them when: what orders the lanes is not in this process, and no sanitizer can see it.
 */
#ifdef __SANITIZE_THREAD__
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
#define PEER_ORDERS_BEGIN AnnotateIgnoreWritesBegin(__FILE__, __LINE__)
#define PEER_ORDERS_END   AnnotateIgnoreWritesEnd(__FILE__, __LINE__)
#else
#define PEER_ORDERS_BEGIN ((void)0)
#define PEER_ORDERS_END   ((void)0)
#endif

static void copy(const struct store *store, size_t offset, const void *from, size_t length)
{
	void *to = store->base + offset;

	PEER_ORDERS_BEGIN;
	if (store->granularity == PMEM2_GRANULARITY_CACHE_LINE)
		cpu.engine->move_line(to, from, length, PMEM2_F_MEM_NODRAIN);
	else if (store->granularity == PMEM2_GRANULARITY_BYTE)
		cpu.engine->move_byte(to, from, length, PMEM2_F_MEM_NODRAIN);
	else /* msync(2) takes it from the caches */
		cpu.engine->move_byte(to, from, length, PMEM2_F_MEM_NODRAIN | PMEM2_F_MEM_WB);
	PEER_ORDERS_END;
}

/* Engines keep words whole where a range begins and ends with one: so the bytes around go apart. */
static int store_bytes(void *context, size_t offset, const void *from, size_t length)
{
	struct store *store = context;
	const char *source = from;
	size_t head = -offset & 7, tail;

	note_page(store, offset, length);
	if (head > length)
		head = length;
	if (head)
		copy(store, offset, source, head);
	tail = (length - head) & 7;
	if (length - head - tail)
		copy(store, offset + head, source + head, length - head - tail);
	if (tail)
		copy(store, offset + length - tail, source + length - tail, tail);
	return 0;
}

static int commit_bytes(void *context, size_t offset, size_t length)
{
	struct store *store = context;

	note_page(store, offset, length);
	if (store->granularity == PMEM2_GRANULARITY_CACHE_LINE)
		cpu.engine->flush(store->base + offset, length);
	return 0;
}

static int drain_pages(struct store *store)
{
	if (!notes.any)
		return 0;
	pthread_mutex_lock(&store->syncing);
	int error = write_back(store);
	bool failed = atomic_load(&store->failures) != notes.failures;
	pthread_mutex_unlock(&store->syncing);
	if (notes.error)
		error = notes.error;
	notes.any = false;
	notes.error = 0;
	if (!error && failed)
		error = err_set(-EIO, "pages of this pool could not be written back meanwhile");
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
	pthread_mutex_lock(&store->syncing);
	int error = pool_deep_sync(store->pool, offset, length);
	if (error)
		atomic_fetch_add(&store->failures, 1);
	pthread_mutex_unlock(&store->syncing);
	return error;
}

int store_set_attributes(struct store *store, const struct rpmem_pool_attr *attr)
{
	pthread_mutex_lock(&store->syncing);
	int error = pool_set_attributes(store->pool, attr);
	if (error && error != -EINVAL)
		atomic_fetch_add(&store->failures, 1);
	pthread_mutex_unlock(&store->syncing);
	return error;
}

void store_init(struct store *store, struct pool *pool)
{
	store->pool = pool;
	store->base = pool_base(pool);
	store->granularity = pool_granularity(pool);
	pthread_mutex_init(&store->syncing, NULL);
	atomic_init(&store->failures, 0);
}

void store_fini(struct store *store)
{
	pthread_mutex_destroy(&store->syncing);
}

struct fabric_store store_functions(struct store *store)
{
	return (struct fabric_store){
		.base = store->base,
		.size = pool_size(store->pool),
		.guard = pool_guard(store->pool),
		.slow_drain = store->granularity == PMEM2_GRANULARITY_PAGE,
		.store = store_bytes,
		.commit = commit_bytes,
		.drain = drain,
		.deep = deep,
		.context = store,
	};
}
