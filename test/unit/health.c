/* SPDX-License-Identifier: BSD-3-Clause */
/* health.c - what the kernel tells of trouble, in a made-up machine and a made-up list of mounts */
#include "explain/explain.h"

#include <errno.h>

#include "base/err.h"
#include "unit/tree.h"

static struct holdfast_health *told;

static void look(const char *mounts)
{
	tree_file("mountinfo", mounts);
	err_set(-EINVAL, "a sentence from before");
	is_int(explain_health(&told, tree_root, tree_path("mountinfo")), 0, "health: it is read");
	is_str(err_get(), "a sentence from before",
		"health: the thread's last message is unchanged");
}

static void forget(void)
{
	explain_health_free(told);
	told = NULL;
}

static void flags_are(size_t i, const char *name, const char *faults, int count)
{
	const struct holdfast_dimm *module = i < told->dimm_count ? told->dimms[i] : NULL;

	ok(module && !strcmp(module->name, name), "module %s: is listed in its place", name);
	if (!module)
		return;
	is_str(module->fault_flags, faults, "module %s: flags that mean trouble", name);
	is_int(module->faults.answer, count < 0 ? HOLDFAST_UNREADABLE : HOLDFAST_ANSWERED,
		"module %s: flags are %s", name, count < 0 ? "not known" : "known");
	is_int(module->faults.value, count < 0 ? 0 : count, "module %s: how many they are", name);
}

static void modules(void)
{
	look("");
	is_int(told->dimm_count, 5, "modules: also those in no region are listed");
	flags_are(0, "nmem0", "", 0);
	flags_are(1, "nmem1", "flush_fail not_armed smart_event", 3);
	flags_are(2, "nmem2", "map_fail", 1);
	flags_are(3, "nmem10", "", -1);
	flags_are(4, "nmem11", "not_armed smart_notify", 2);
	is_str(told->dimms[0]->flags, "smart_notify",
		"module nmem0: the report of events is not a fault");
	has_str(told->dimms[3]->faults.why, "future_word", "module nmem10: the word is named");
	is_int(told->region_count, 1, "regions: they are listed");
	is_int(told->regions[0]->bad_sectors.value, 24, "regions: bad sectors are counted");
	is_int(told->regions[0]->dimms[1]->faults.value, 3, "regions: their modules have flags");
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
		ok(!found, "%s of %s %s: is there once", counter, kind, name);
		found = one;
	}
	return found;
}

static void counts(const char *kind, const char *name, const char *counter, int64_t value,
	enum holdfast_counting counting)
{
	const struct holdfast_counter *one = find(kind, name, counter);

	ok(one, "%s of %s %s: is there", counter, kind, name);
	if (!one)
		return;
	is_int(one->value.answer, HOLDFAST_ANSWERED, "%s of %s %s: is read", counter, kind, name);
	is_int(one->value.value, value, "%s of %s %s: its value", counter, kind, name);
	is_int(one->counting, counting, "%s of %s %s: how it counts", counter, kind, name);
	ok(strlen(one->meaning) > 10, "%s of %s %s: has a meaning", counter, kind, name);
}

#define BTRFS "4d0e19f3-7627-4980-8fcc-3a215a157738"

static void counters(void)
{
	look("");
	counts("ext4", "vda1", "errors_count", 2, HOLDFAST_COUNTING_LASTING);
	counts("ext4", "vda1", "warning_count", 5, HOLDFAST_COUNTING_SINCE_MOUNT);
	counts("ext4", "vdb", "errors_count", 0, HOLDFAST_COUNTING_LASTING);
	ok(!find("ext4", "features", "errors_count"),
		"ext4: its folder of features is passed over");
	counts("btrfs", BTRFS "/1", "write_errs", 7, HOLDFAST_COUNTING_LASTING);
	counts("btrfs", BTRFS "/1", "flush_errs", 1, HOLDFAST_COUNTING_LASTING);
	counts("btrfs", BTRFS "/1", "generation_errs", 0, HOLDFAST_COUNTING_LASTING);
	counts("btrfs", BTRFS "/2", "missing", 1, HOLDFAST_COUNTING_STATE);
	const struct holdfast_counter *invalid = find("btrfs", BTRFS "/2", "write_errs");
	is_int(invalid ? (int)invalid->value.answer : -1, HOLDFAST_UNREADABLE,
		"btrfs: counts that the kernel calls invalid are not zero");
	counts("md", "md0", "degraded", 1, HOLDFAST_COUNTING_STATE);
	counts("md", "md0/sda1", "failed", 0, HOLDFAST_COUNTING_STATE);
	counts("md", "md0/sdb1", "failed", 1, HOLDFAST_COUNTING_STATE);
	counts("md", "md0/sdc1", "failed", 1, HOLDFAST_COUNTING_STATE);
	ok(!told->counters_why, "counters: all are known");
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
	ok(!find("btrfs", "/two", "stopped"), "mounts: each file system is told of once");
	ok(!find("ext4", "/boot", "stopped"),
		"mounts: one that was mounted to be read is passed over");
	counts("ext4", "/new", "stopped", 1, HOLDFAST_COUNTING_STATE);
	counts("ext4", "/well", "stopped", 0, HOLDFAST_COUNTING_STATE);
	ok(!find("squashfs", "/disc", "stopped"),
		"mounts: one that is never written is passed over");
	ok(!find("xfs", "/nowhere/at/all", "stopped"),
		"mounts: one that is out of reach is passed over");
	forget();
}

static void hidden(void)
{
	is_int(explain_health(&told, "/nowhere/at/all", "/nowhere/either"), 0,
		"without sysfs: health is read");
	ok(told->regions_why, "without sysfs: it is told that modules are not known");
	has_str(told->counters_why, "mounts",
		"without mounts: it is told that counters are missing");
	forget();
	is_int(explain_health(&told, "/nowhere/at/all", "/dev/null"), 0,
		"without sysfs, with mounts: health is read");
	ok(told->counters_why, "without sysfs, with mounts: it is told that counters are missing");
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
