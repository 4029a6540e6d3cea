/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/env.h"
#include "base/log.h"
#include "cpu/cpu.h"
#include "device/autoflush.h"
#include "device/sysfs.h"
#include "libpmem.h"
#include "libpmem/export.h"
#include "libpmem/fail.h"
#include "libpmem/init.h"
#include "libpmem/persist.h"
#include "track/file_map.h"

struct persist persist;

static void flush_nothing(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
}

static bool caches_need_flushing(void)
{
	if (env_is("PMEM_NO_FLUSH", "1"))
		return false;
	if (env_is("PMEM_NO_FLUSH", "0"))
		return true;
	/* Not knowing is no reason not to flush. */
	return device_auto_flush(SYSFS_ROOT) != 1;
}

void persist_init(void)
{
	const struct cpu_engine *engine = cpu.engine;

	persist = (struct persist){
		.flush = engine->flush,
		.drain = engine->drain,
		.persist = engine->persist,
		.move = engine->move_line,
		.set = engine->set_line,
		.deep_flush = engine->flush,
	};
	if (caches_need_flushing())
		return;
	log_notice("the CPU's caches are assumed to be durable: nothing is flushed");
	persist.flush = flush_nothing;
	/* The fence stays: what was stored around the caches needs it. */
	persist.persist = engine->persist_byte;
	persist.move = engine->move_byte;
	persist.set = engine->set_byte;
}

EXPORT(pmem_flush)
void pmem_flush(const void *addr, size_t len)
{
	persist.flush(addr, len);
}

EXPORT(pmem_drain)
void pmem_drain(void)
{
	persist.drain();
}

EXPORT(pmem_persist)
void pmem_persist(const void *addr, size_t len)
{
	persist.persist(addr, len);
}

EXPORT(pmem_msync)
int pmem_msync(const void *addr, size_t len)
{
	return fail(file_map_msync(addr, len));
}
