/* SPDX-License-Identifier: BSD-3-Clause */
/* autoflush.c - whether the caches are durable on all of this machine */
#include "device/autoflush.h"

#include "base/err.h"
#include "device/sysfs.h"
#include "unit/tree.h"

#define DEVICES "bus/nd/devices/"

static void new_tree(void)
{
	tree_close();
	tree_open();
}

static void one_region(const char *domain, int wanted, const char *what)
{
	new_tree();
	tree_file(DEVICES "region0/persistence_domain", domain);
	is_int(device_auto_flush(tree_root), wanted, "one region: %s", what);
}

static void no_regions(void)
{
	is_int(device_auto_flush(tree_root), 0, "no bus: no");
	tree_file("bus/nd/devices", "");
	is_int(device_auto_flush(tree_root), 0, "something else in the place of the bus: no");
	new_tree();
	tree_file(DEVICES "ndbus0/provider", "ACPI.NFIT\n");
	is_int(device_auto_flush(tree_root), 0, "no regions: no");
	is_int(device_auto_flush("/nonexistent"), 0, "no sysfs: no");
}

static void domains(void)
{
	one_region("cpu_cache\n", 1, "cpu_cache: yes");
	one_region("memory_controller\n", 0, "memory_controller: no");
	one_region("cpu_cache_and_more\n", 0, "another word that begins so: no");
	one_region("", -EIO, "empty");
	has_str(err_get(), "persistence_domain of region0 is empty",
		"auto_flush: the message names the empty attribute");
	one_region("cpu_cache", -EBADMSG, "cut short");
	one_region("a_domain_whose_name_is_longer_than_32\n", -EBADMSG, "longer than any");
	new_tree();
	tree_file(DEVICES "region0/persistence_domain/is_a_directory", "");
	is_int(device_auto_flush(tree_root), -EISDIR,
		"auto_flush: an unreadable attribute is its errno");
	has_str(err_get(), "cannot read attribute persistence_domain of region0",
		"auto_flush: the message names the unreadable attribute");
	new_tree();
	tree_file(DEVICES "region0/size", "0\n");
	is_int(device_auto_flush(tree_root), 0, "no attribute: no");
}

static void several(void)
{
	new_tree();
	tree_file("devices/a/persistence_domain", "cpu_cache\n");
	tree_link(DEVICES "region0", "../../../devices/a");
	tree_file(DEVICES "region1/persistence_domain", "cpu_cache\n");
	is_int(device_auto_flush(tree_root), 1, "auto_flush: yes, if all regions have it");
	tree_file(DEVICES "region12/persistence_domain", "memory_controller\n");
	is_int(device_auto_flush(tree_root), 0,
		"auto_flush: no, if one region of two does not have it");
	new_tree();
	tree_file(DEVICES "region1/persistence_domain", "cpu_cache\n");
	tree_file(DEVICES "dax_region2/persistence_domain", "memory_controller\n");
	tree_file(DEVICES "region/persistence_domain", "memory_controller\n");
	tree_file(DEVICES "region3x/persistence_domain", "memory_controller\n");
	is_int(device_auto_flush(tree_root), 1,
		"auto_flush: names that only begin like a region's are ignored");
	tree_link(DEVICES "region4", "nowhere");
	is_int(device_auto_flush(tree_root), 0, "auto_flush: no, if a region cannot be opened");
}

int main(void)
{
	tree_open();
	no_regions();
	domains();
	several();
	tree_close();
	return tap_done();
}
