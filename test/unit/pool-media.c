/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool-media.c - tests pools on media that lost data, by an unsafe shutdown while the pool was open
 * or by bad blocks, and pools on a device of which an earlier owner has left bytes in the CPU
 * caches
 */
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "base/log.h"
#include "unit/pooldir.h"
#include "unit/tree.h"

#define MIB    ((size_t)1 << 20)
#define BUS    "devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/"
#define MODULE BUS "nmem0/nfit/"
#define DISK   BUS "region0/pfn0.0/block/pmem0/"

/* Makes a pool set, and a made-up sysfs that says that the files of this test are on an NVDIMM. */
static struct pool_set *set_on_nvdimm(const char *name, const char *lines)
{
	struct pool_set *set = pooldir_set(name, lines);
	static bool loaded;
	struct stat st;
	char link[64];

	set->sysfs = tree_root;
	if (loaded)
		return set;
	loaded = true;
	if (stat(pooldir_root, &st))
		bail("stat: %m");
	tree_load("captured-nvdimm");
	snprintf(link, sizeof(link), "dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
	tree_link(link, "../../" BUS "region0/pfn0.0/block/pmem0");
	return set;
}

static void shutdowns(unsigned count)
{
	char text[32];

	snprintf(text, sizeof(text), "%u\n", count);
	tree_file(MODULE "dirty_shutdown", text);
}

static int open_and_close(const struct pool_set *set)
{
	struct pool *pool;
	int error = pool_open(set, 2 * MIB, &pool);

	return error ? error : pool_close(pool);
}

/* Simulates a power failure: a process that has the pool open ends without closing it. */
static void lose_power(const struct pool_set *set)
{
	int status;
	pid_t child = fork();

	if (!child) {
		struct pool *pool;
		_exit(pool_open(set, 2 * MIB, &pool) ? 1 : 0);
	}
	if (waitpid(child, &status, 0) != child || status)
		bail("the pool was not opened: %d", status);
}

static void unsafe_shutdowns(void)
{
	struct pool_set *set = set_on_nvdimm("sds.set", "2M @/s0\n2M @/s1\n");
	struct rpmem_pool_attr attr =
		pooldir_attr(POOL_INCOMPAT_SHUTDOWN | POOL_INCOMPAT_CHECKSUM_2K);
	struct pool *pool;

	shutdowns(3);
	if (pool_create(set, 2 * MIB, &attr, &pool) || pool_close(pool))
		bail("pool_create: %s", err_get());
	is_int(open_and_close(set), 0, "shutdown state: a pool that was closed opens");
	shutdowns(4);
	is_int(open_and_close(set), 0,
		"shutdown state: an unsafe shutdown while the pool was closed does not matter");
	lose_power(set);
	is_int(open_and_close(set), 0,
		"shutdown state: a pool opens after a process that had it open was killed");
	lose_power(set);
	shutdowns(5);
	is_int(open_and_close(set), -EINVAL,
		"shutdown state: an unsafe shutdown while the pool was open is refused");
	has_str(err_get(), "they count 10 unsafe shutdowns; before that they counted 8",
		"shutdown state: the message has the counts of unsafe shutdowns, summed over the parts");
	is_int(open_and_close(set), -EINVAL,
		"shutdown state: after an unsafe shutdown a second open is refused, too");
	shutdowns(4);
	is_int(open_and_close(set), 0,
		"shutdown state: a pool opens if its NVDIMM module still has the count of unsafe shutdowns that the pool recorded");
	lose_power(set);
	tree_file(MODULE "id", "8680-77777777\n");
	is_int(open_and_close(set), -EINVAL,
		"shutdown state: a pool that was not closed, and is now on a module with another id, is refused");
	has_str(err_get(), "moved to other modules",
		"shutdown state: the message says that the pool moved to other modules");
	tree_file(MODULE "id", "8680-56341200\n");
	is_int(open_and_close(set), 0,
		"shutdown state: a pool that is back on its old module opens again");
	tree_file(MODULE "dirty_shutdown", "many\n");
	is_int(open_and_close(set), -EBADMSG,
		"shutdown state: an unsafe-shutdown count that is not a number is refused");
	unlink(tree_path(MODULE "dirty_shutdown"));
	is_int(open_and_close(set), 0,
		"shutdown state: a pool opens on NVDIMM modules that do not count unsafe shutdowns");
	pool_remove(pooldir_root, "sds.set", 0);
	attr.incompat_features = POOL_INCOMPAT_CHECKSUM_2K;
	shutdowns(1);
	if (pool_create(set, 2 * MIB, &attr, &pool) || pool_close(pool))
		bail("pool_create: %s", err_get());
	lose_power(set);
	shutdowns(2);
	is_int(open_and_close(set), 0,
		"shutdown state: a pool that does not record a shutdown state opens after an unsafe shutdown");
	pool_remove(pooldir_root, "sds.set", 0);
	pool_set_free(set);
}

static void bad_blocks(void)
{
	struct pool_set *set = set_on_nvdimm("bad.set", "2M @/b0\n2M @/b1\n");
	struct rpmem_pool_attr attr = pooldir_attr(0);
	struct pool *pool = NULL;

	attr.compat_features = POOL_COMPAT_BAD_BLOCKS;
	if (pool_create(set, 2 * MIB, &attr, &pool) || pool_close(pool))
		bail("pool_create: %s", err_get());
	is_int(open_and_close(set), 0, "bad blocks: a pool on a clean disk opens");
	tree_file(DISK "size", "4000000000000\n");
	tree_file(DISK "badblocks", "0 4000000000000\n");
	is_int(open_and_close(set), -EIO,
		"bad blocks: a pool that checks for bad blocks is refused on a disk with bad blocks");
	has_str(err_get(), "b0 has ", "bad blocks: the message names the part that has bad blocks");
	has_str(err_get(), "bad blocks, the first at offset 0",
		"bad blocks: the message has the offset of the first bad block");
	pool_remove(pooldir_root, "bad.set", 0);
	is_int(pool_create(set, 2 * MIB, &attr, &pool), -EIO,
		"bad blocks: a pool that checks for bad blocks is not created on a disk with bad blocks");
	is_int(pooldir_count(), 0,
		"pool_create: a refusal because of bad blocks leaves no file behind");
	attr.compat_features = 0;
	is_int(pool_create(set, 2 * MIB, &attr, &pool), 0,
		"bad blocks: a pool that does not check for bad blocks is created");
	pool_discard(pool);
	pool_set_free(set);
}

static char warned[512];

static void remember(
	enum log_level level, const struct log_place *from, const char *message, bool environment)
{
	(void)level;
	(void)from;
	(void)environment;
	snprintf(warned, sizeof(warned), "%s", message);
}

/* Without /sys, as in some containers, the log warns that media are not checked; the pool opens. */
static void hidden(void)
{
	struct pool_set *set = set_on_nvdimm("hidden.set", "2M @/h0\n");
	struct rpmem_pool_attr attr = pooldir_attr(0);
	struct pool *pool = NULL;

	set->sysfs = "/nowhere";
	attr.compat_features = POOL_COMPAT_BAD_BLOCKS;
	log_receive(remember, LOG_WARNING);
	is_int(pool_create(set, 2 * MIB, &attr, &pool) || pool_close(pool), 0,
		"hidden sysfs: a pool that asks for a check of its media can be created");
	log_receive(NULL, LOG_NONE);
	has_str(warned, "bad blocks cannot be checked",
		"hidden sysfs: the log warns that bad blocks cannot be checked");
	pool_remove(pooldir_root, "hidden.set", 0);
	pool_set_free(set);
}

/* -- bytes that an earlier owner has left in the CPU caches -- */

#define REGION "devices/ndbus0/region0/"
#define DAX    REGION "dax0.0/dax0.1/"

/* The range from the first to the last byte that the library wanted to flush. */
static struct {
	const char *from, *to;
} flushed;

static void note_flush(const void *addr, size_t length)
{
	const char *from = addr;

	if (!flushed.to || from < flushed.from)
		flushed.from = from;
	if (from + length > flushed.to)
		flushed.to = from + length;
}

/*
 * A pool set on a DAX device. The test uses /dev/zero as the device, because every machine has it,
 * and because it can be mapped.
 */
static struct pool_set *set_on_device(void)
{
	struct pool_set *set = pooldir_set("dax.set", "OPTION NOHDRS\nAUTO /dev/zero\n");

	tree_file(REGION "mappings", "1\n");
	tree_file(REGION "devtype", "nd_pmem\n");
	tree_link(REGION "subsystem", "../../../bus/nd");
	tree_file(REGION "persistence_domain", "memory_controller\n");
	tree_file(DAX "size", "8388608\n");
	tree_file(DAX "align", "2097152\n");
	tree_link(DAX "subsystem", "../../../../../class/dax");
	tree_link("dev/char/1:5", "../../" DAX);
	set->sysfs = tree_root;
	return set;
}

static bool all_flushed(const struct pool *pool)
{
	const char *base = pool_base(pool);

	return flushed.to && flushed.from <= base && flushed.to >= base + pool_size(pool);
}

/*
 * Opens pools as on a CPU that can flush. The functions that would flush cache lines are replaced
 * by one that only records the ranges to flush.
 */
static void left_in_caches(void)
{
	struct pool_set *set = set_on_device();
	const struct cpu_engine *real = cpu.engine;
	struct cpu_engine noting = *real;
	struct pool *pool;

	noting.flushes = true;
	noting.persist = noting.persist_fetching = note_flush;
	cpu.engine = &noting;
	if (is_int(pool_open(set, 8 * MIB, &pool), 0, "DAX device: a pool without headers opens")) {
		ok(all_flushed(pool),
			"DAX device: opening a pool flushes what an earlier owner left in CPU caches");
		pool_close(pool);
	} else {
		diag("%s", err_get());
	}
	flushed.to = NULL;
	if (is_int(pool_look(set, &pool), 0, "DAX device: pool_look() succeeds")) {
		ok(!flushed.to, "DAX device: pool_look() alone flushes nothing");
		is_int(pool_drop_caches(pool), 0, "pool_drop_caches: succeeds for a DAX device");
		ok(all_flushed(pool), "pool_drop_caches: flushes a DAX device out of CPU caches");
		pool_close(pool);
	}
	cpu.engine = real;
	pool_set_free(set);
}

/* A CPU without a flush instruction cannot make bytes on a DAX device durable. */
static void cannot_flush(void)
{
	struct pool_set *set = set_on_device();
	const struct cpu_engine *real = cpu.engine;
	struct cpu_engine without = *real;
	struct pool *pool;

	without.flushes = false;
	cpu.engine = &without;
	is_int(pool_open(set, 8 * MIB, &pool), -EINVAL,
		"DAX device: a pool does not open on a CPU without a flush instruction");
	cpu.engine = real;
	pool_set_free(set);
}

int main(void)
{
	pooldir_open(NULL);
	tree_open();
	unsafe_shutdowns();
	bad_blocks();
	hidden();
	left_in_caches();
	cannot_flush();
	tree_close();
	pooldir_close();
	return tap_done();
}
