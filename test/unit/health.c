/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * health.c - tests reports of faults that the kernel knows, on a made-up machine with a made-up
 * list of mounts
 */
#include "explain/explain.h"

#include <errno.h>

#include "base/err.h"
#include "unit/tree.h"

static struct holdfast_health *told;

static void look(const char *mounts)
{
	tree_file("mountinfo", mounts);
	err_set(-EINVAL, "an earlier message");
	is_int(explain_health(&told, tree_root, tree_path("mountinfo")), 0,
		"explain_health: succeeds");
	is_str(err_get(), "an earlier message",
		"explain_health: the calling thread's last error message is unchanged");
}

static void forget(void)
{
	explain_health_free(told);
	told = NULL;
}

static void flags_are(size_t i, const char *name, const char *faults, int count)
{
	const struct holdfast_dimm *module = i < told->dimm_count ? told->dimms[i] : NULL;

	ok(module && !strcmp(module->name, name), "module %s: is listed at the expected position",
		name);
	if (!module)
		return;
	is_str(module->fault_flags, faults, "module %s: the flags that mean a fault are reported",
		name);
	is_int(module->faults.answer, count < 0 ? HOLDFAST_UNREADABLE : HOLDFAST_ANSWERED,
		"module %s: the number of faults is reported as %s", name,
		count < 0 ? "not known" : "known");
	is_int(module->faults.value, count < 0 ? 0 : count,
		"module %s: the number of faults is right", name);
}

static void modules(void)
{
	look("");
	is_int(told->dimm_count, 5, "modules: modules without a region are listed, too");
	flags_are(0, "nmem0", "", 0);
	flags_are(1, "nmem1", "flush_fail not_armed smart_event", 3);
	flags_are(2, "nmem2", "map_fail", 1);
	flags_are(3, "nmem10", "", -1);
	flags_are(4, "nmem11", "not_armed smart_notify", 2);
	is_str(told->dimms[0]->flags, "smart_notify",
		"module nmem0: the flag smart_notify is reported, but is not a fault");
	has_str(told->dimms[3]->faults.why, "future_word",
		"module nmem10: the explanation names the unknown flag");
	is_int(told->region_count, 1, "regions: the only region is listed");
	is_int(told->regions[0]->bad_sectors.value, 24,
		"regions: bad sectors of a region are counted");
	is_int(told->regions[0]->dimms[1]->faults.value, 3,
		"regions: the modules of a region are listed with their faults");
	forget();
}

static const struct holdfast_counter *find(const char *kind, const char *name, const char *counter)
{
	const struct holdfast_counter *found = NULL;

	for (size_t i = 0; i < told->counter_count; i++) {
		const struct holdfast_counter *one = told->counters[i];
		if (strcmp(one->kind, kind) || strcmp(one->name, name) ||
			strcmp(one->counter, counter))
			continue;
		ok(!found, "counter %s of %s %s: is listed only once", counter, kind, name);
		found = one;
	}
	return found;
}

static void counts(const char *kind, const char *name, const char *counter, int64_t value,
	enum holdfast_counting counting)
{
	const struct holdfast_counter *one = find(kind, name, counter);

	ok(one, "counter %s of %s %s: is listed", counter, kind, name);
	if (!one)
		return;
	is_int(one->value.answer, HOLDFAST_ANSWERED, "counter %s of %s %s: can be read", counter,
		kind, name);
	is_int(one->value.value, value, "counter %s of %s %s: has the right value", counter, kind,
		name);
	is_int(one->counting, counting,
		"counter %s of %s %s: the report names the event that resets it", counter, kind,
		name);
	ok(strlen(one->meaning) > 10, "counter %s of %s %s: has a text that explains its meaning",
		counter, kind, name);
}

#define BTRFS "4d0e19f3-7627-4980-8fcc-3a215a157738"

static void counters(void)
{
	look("");
	counts("ext4", "vda1", "errors_count", 2, HOLDFAST_COUNTING_LASTING);
	counts("ext4", "vda1", "warning_count", 5, HOLDFAST_COUNTING_SINCE_MOUNT);
	counts("ext4", "vdb", "errors_count", 0, HOLDFAST_COUNTING_LASTING);
	ok(!find("ext4", "features", "errors_count"),
		"ext4: the folder /sys/fs/ext4/features is not taken for a file system");
	counts("btrfs", BTRFS "/1", "write_errs", 7, HOLDFAST_COUNTING_LASTING);
	counts("btrfs", BTRFS "/1", "flush_errs", 1, HOLDFAST_COUNTING_LASTING);
	counts("btrfs", BTRFS "/1", "generation_errs", 0, HOLDFAST_COUNTING_LASTING);
	counts("btrfs", BTRFS "/2", "missing", 1, HOLDFAST_COUNTING_STATE);
	const struct holdfast_counter *invalid = find("btrfs", BTRFS "/2", "write_errs");
	is_int(invalid ? (int)invalid->value.answer : -1, HOLDFAST_UNREADABLE,
		"btrfs: counts that the kernel calls invalid are unreadable, not zero");
	counts("md", "md0", "degraded", 1, HOLDFAST_COUNTING_STATE);
	counts("md", "md0/sda1", "failed", 0, HOLDFAST_COUNTING_STATE);
	counts("md", "md0/sdb1", "failed", 1, HOLDFAST_COUNTING_STATE);
	counts("md", "md0/sdc1", "failed", 1, HOLDFAST_COUNTING_STATE);
	ok(!told->counters_why, "counters: the report does not say that counters are missing");
	forget();
}

static void mounts(void)
{
	look("20 1 0:40 / /one rw,relatime - btrfs /dev/sda ro,ssd\n"
	     "21 1 0:40 /sub /two rw - btrfs /dev/sda ro\n"
	     "22 1 8:1 / /boot ro - ext4 /dev/sdb1 ro\n"
	     "23 1 8:2 / /new rw - ext4 /dev/sdb2 rw,emergency_ro\n"
	     "24 1 8:3 / /well rw - ext4 /dev/sdb3 rw\n"
	     "25 1 8:4 / /well rw - ext4 /dev/sdb4 rw\n"
	     "26 1 7:0 / /disc rw - squashfs /dev/loop0 ro\n"
	     "27 1 8:5 / /nowhere/at/all rw - xfs /dev/sdb5 rw\n");
	counts("btrfs", "/one", "stopped", 1, HOLDFAST_COUNTING_STATE);
	ok(!find("btrfs", "/two", "stopped"),
		"mounts: a file system that is mounted twice is listed once");
	ok(!find("ext4", "/boot", "stopped"),
		"mounts: a file system that was mounted read-only is left out");
	counts("ext4", "/new", "stopped", 1, HOLDFAST_COUNTING_STATE);
	counts("ext4", "/well", "stopped", 0, HOLDFAST_COUNTING_STATE);
	ok(!find("squashfs", "/disc", "stopped"),
		"mounts: a file system of a read-only type is left out");
	ok(!find("xfs", "/nowhere/at/all", "stopped"),
		"mounts: a mount point that cannot be reached is left out");
	forget();
}

static void hidden(void)
{
	is_int(explain_health(&told, "/nowhere/at/all", "/nowhere/either"), 0,
		"explain_health without sysfs: succeeds");
	ok(told->regions_why,
		"explain_health without sysfs: the report says why regions are not known");
	has_str(told->counters_why, "mounts",
		"explain_health without sysfs and a mount table: the report says why counters are missing");
	forget();
	is_int(explain_health(&told, "/nowhere/at/all", "/dev/null"), 0,
		"explain_health without sysfs, with an empty mount table: succeeds");
	ok(told->counters_why,
		"explain_health without sysfs, with an empty mount table: the report says why counters are missing");
	forget();
}

int main(void)
{
	tree_open();
	tree_load("made-up-trouble");
	modules();
	counters();
	mounts();
	hidden();
	tree_close();
	return tap_done();
}
