/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdatomic.h>
#include <stdbool.h>

#include "base/env.h"
#include "base/log.h"
#include "base/racecheck.h"
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

/*
 * True if the library has switched flushing off because all regions report in sysfs that the CPU's
 * caches are durable; false if the user has switched flushing on or off.
 */
static atomic_bool relies_on_regions;

static bool caches_need_flushing(void)
{
	if (env_is("PMEM_NO_FLUSH", "1"))
		return false;
	if (env_is("PMEM_NO_FLUSH", "0"))
		return true;
	/* If sysfs does not tell (-1), assume that flushing is needed. */
	atomic_store(&relies_on_regions, device_auto_flush(SYSFS_ROOT) == 1);
	return !atomic_load(&relies_on_regions);
}

void persist_init(void)
{
	const struct cpu_engine *engine = cpu.engine;

	racecheck_ignore(&persist, sizeof(persist));
	racecheck_ignore(&relies_on_regions, sizeof(relies_on_regions));
	persist = (struct persist){
		.flush = engine->flush,
		.drain = engine->drain,
		.persist = cpu_persist(),
		.move = engine->move_line,
		.set = engine->set_line,
		.deep_flush = engine->flush,
	};
	if (caches_need_flushing())
		return;
	log_notice("the CPU's caches are assumed to be durable: nothing is flushed");
	persist.flush = flush_nothing;
	/* Even if nothing is flushed, fences are needed: they drain streaming stores. */
	persist.persist = engine->persist_byte;
	persist.move = engine->move_byte;
	persist.set = engine->set_byte;
}

/*
 * Switch to functions that flush. While the new region is being mapped, another thread may still
 * call a function that does not flush. This is harmless: any thread that gets the address of the
 * new mapping calls the new functions.
 */
static void flush_from_now_on(void)
{
	const struct cpu_engine *engine = cpu.engine;

	__atomic_store_n(&persist.flush, engine->flush, __ATOMIC_RELAXED);
	__atomic_store_n(&persist.persist, cpu_persist(), __ATOMIC_RELAXED);
	__atomic_store_n(&persist.move, engine->move_line, __ATOMIC_RELAXED);
	__atomic_store_n(&persist.set, engine->set_line, __ATOMIC_RELAXED);
}

void persist_look_again(void)
{
	if (!atomic_load_explicit(&relies_on_regions, memory_order_relaxed) ||
		device_auto_flush(SYSFS_ROOT) == 1)
		return;
	flush_from_now_on();
	atomic_store(&relies_on_regions, false);
	log_notice(
		"not all regions have durable caches any more: everything is flushed from now on");
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
