/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * autoflush.c - device_auto_flush(): are the CPU's caches durable for all regions of this machine?
 */
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
	is_int(device_auto_flush(tree_root), wanted, "auto_flush, one region: %s", what);
}

static void no_regions(void)
{
	is_int(device_auto_flush(tree_root), 0,
		"auto_flush: the caches are not durable if sysfs has no nd bus");
	tree_file("bus/nd/devices", "");
	is_int(device_auto_flush(tree_root), 0,
		"auto_flush: the caches are not durable if bus/nd/devices is not a directory");
	new_tree();
	tree_file(DEVICES "ndbus0/provider", "ACPI.NFIT\n");
	is_int(device_auto_flush(tree_root), 0,
		"auto_flush: the caches are not durable if the nd bus has no regions");
	is_int(device_auto_flush("/nonexistent"), 0,
		"auto_flush: the caches are not durable if sysfs is missing");
}

static void domains(void)
{
	one_region("cpu_cache\n", 1, "with persistence_domain cpu_cache the caches are durable");
	one_region("memory_controller\n", 0,
		"with persistence_domain memory_controller the caches are not durable");
	one_region("cpu_cache_and_more\n", 0,
		"with a persistence_domain that only begins with cpu_cache the caches are not durable");
	one_region("", -EIO, "an empty persistence_domain is refused");
	has_str(err_get(), "persistence_domain of region0 is empty",
		"auto_flush: the message names the empty attribute");
	one_region("cpu_cache", -EBADMSG, "a persistence_domain without its newline is refused");
	one_region("a_domain_whose_name_is_longer_than_32\n", -EBADMSG,
		"a persistence_domain longer than 32 bytes is refused");
	new_tree();
	tree_file(DEVICES "region0/persistence_domain/is_a_directory", "");
	is_int(device_auto_flush(tree_root), -EISDIR,
		"auto_flush: if an attribute cannot be read, the errno of the read is returned");
	has_str(err_get(), "cannot read attribute persistence_domain of region0",
		"auto_flush: the message names the unreadable attribute");
	new_tree();
	tree_file(DEVICES "region0/size", "0\n");
	is_int(device_auto_flush(tree_root), 0,
		"auto_flush: the caches are not durable if a region has no persistence_domain");
}

static void several(void)
{
	new_tree();
	tree_file("devices/a/persistence_domain", "cpu_cache\n");
	tree_link(DEVICES "region0", "../../../devices/a");
	tree_file(DEVICES "region1/persistence_domain", "cpu_cache\n");
	is_int(device_auto_flush(tree_root), 1,
		"auto_flush: the caches are durable if all regions have the domain cpu_cache");
	tree_file(DEVICES "region12/persistence_domain", "memory_controller\n");
	is_int(device_auto_flush(tree_root), 0,
		"auto_flush: the caches are not durable if one of several regions lacks the domain cpu_cache");
	new_tree();
	tree_file(DEVICES "region1/persistence_domain", "cpu_cache\n");
	tree_file(DEVICES "dax_region2/persistence_domain", "memory_controller\n");
	tree_file(DEVICES "region/persistence_domain", "memory_controller\n");
	tree_file(DEVICES "region3x/persistence_domain", "memory_controller\n");
	is_int(device_auto_flush(tree_root), 1,
		"auto_flush: devices named region (no number) and region3x are not regions, and are ignored");
	tree_link(DEVICES "region4", "nowhere");
	is_int(device_auto_flush(tree_root), 0,
		"auto_flush: the caches are not durable if a region cannot be opened");
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
