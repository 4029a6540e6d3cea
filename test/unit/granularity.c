/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * granularity.c - tests each row of the table in map/granularity.h, and the environment variable
 * PMEM2_FORCE_GRANULARITY, which overrules the table
 */
#include "map/granularity.h"

#include <stdlib.h>

#include "base/err.h"
#include "tap.h"

#define NOSUPP PMEM2_E_NOSUPP

static const struct device file = {.kind = DEVICE_FILE}, dax = {.kind = DEVICE_DAX},
			   realtime = {.kind = DEVICE_FILE, .is_elsewhere = true};
static const struct region no_region,
	eadr = {.found = true, .domain = REGION_DOMAIN_CPU_CACHE},
	adr = {.found = true, .domain = REGION_DOMAIN_MEMORY_CONTROLLER},
	unknown = {.found = true, .domain = REGION_DOMAIN_UNKNOWN},
	unreadable = {.found = true, .domain = REGION_DOMAIN_UNREADABLE},
	not_persistent = {.found = true, .is_volatile = true, .domain = REGION_DOMAIN_CPU_CACHE},
	read_only = {.found = true, .read_only = true, .domain = REGION_DOMAIN_MEMORY_CONTROLLER},
	virtio = {.found = true, .flushed_by_host = true};

/*
 * Checks one row of the table in map/granularity.h. `want` is the expected granularity or, if
 * negative, the expected error.
 */
static void row(const char *name, const struct device *device, const struct region *region,
	bool sync, bool can_flush, int want, enum holdfast_reason reason)
{
	struct granularity got = {42, 42};
	int result = granularity_decide(&got, device, region, sync, can_flush);

	if (want < 0) {
		is_int(result, want, "%s: mapping is refused", name);
		is_int(got.value, 42,
			"%s: granularity_decide() leaves its output argument unchanged when it refuses",
			name);
		ok(!granularity_judge(&got, device, region, sync, can_flush),
			"%s: granularity_judge() refuses the mapping, too", name);
	} else {
		is_int(result ? result : (int)got.value, want,
			"%s: granularity_decide() returns the expected granularity", name);
	}
	is_int(got.reason, reason,
		"%s: the granularity or refusal is reported with the expected reason", name);
}

static void rows(void)
{
	row("file in the page cache", &file, &no_region, false, true, PMEM2_GRANULARITY_PAGE,
		HOLDFAST_REASON_NO_MAP_SYNC);
	row("file on eADR in the page cache", &file, &eadr, false, true, PMEM2_GRANULARITY_PAGE,
		HOLDFAST_REASON_NO_MAP_SYNC);
	row("fsdax on eADR", &file, &eadr, true, true, PMEM2_GRANULARITY_BYTE,
		HOLDFAST_REASON_CPU_CACHE);
	row("fsdax on eADR, CPU without a flush", &file, &eadr, true, false, PMEM2_GRANULARITY_BYTE,
		HOLDFAST_REASON_CPU_CACHE);
	row("fsdax on ADR", &file, &adr, true, true, PMEM2_GRANULARITY_CACHE_LINE,
		HOLDFAST_REASON_MEMORY_CONTROLLER);
	row("fsdax on ADR, CPU without a flush", &file, &adr, true, false, PMEM2_GRANULARITY_PAGE,
		HOLDFAST_REASON_NO_CPU_FLUSH);
	row("fsdax, unknown domain", &file, &unknown, true, true, PMEM2_GRANULARITY_CACHE_LINE,
		HOLDFAST_REASON_DOMAIN_UNKNOWN);
	row("fsdax, unknown region", &file, &no_region, true, true, PMEM2_GRANULARITY_CACHE_LINE,
		HOLDFAST_REASON_NO_REGION);
	row("real-time file of XFS: data on eADR", &realtime, &eadr, true, true,
		PMEM2_GRANULARITY_CACHE_LINE, HOLDFAST_REASON_REALTIME);
	row("real-time file of XFS: page cache", &realtime, &no_region, false, true,
		PMEM2_GRANULARITY_PAGE, HOLDFAST_REASON_NO_MAP_SYNC);
	row("devdax on eADR", &dax, &eadr, true, true, PMEM2_GRANULARITY_BYTE,
		HOLDFAST_REASON_CPU_CACHE);
	row("devdax on ADR", &dax, &adr, true, true, PMEM2_GRANULARITY_CACHE_LINE,
		HOLDFAST_REASON_MEMORY_CONTROLLER);
	row("devdax, kernel without MAP_SYNC", &dax, &adr, false, true,
		PMEM2_GRANULARITY_CACHE_LINE, HOLDFAST_REASON_MEMORY_CONTROLLER);
	row("devdax, unknown domain", &dax, &unknown, true, true, PMEM2_GRANULARITY_CACHE_LINE,
		HOLDFAST_REASON_DOMAIN_UNKNOWN);
	row("devdax on ADR, CPU without a flush", &dax, &adr, true, false, NOSUPP,
		HOLDFAST_REASON_DAX_NO_CPU_FLUSH);
	row("devdax on soft-reserved memory", &dax, &no_region, true, true, NOSUPP,
		HOLDFAST_REASON_DAX_NOT_PERSISTENT);
	row("devdax on a volatile region", &dax, &not_persistent, true, true, NOSUPP,
		HOLDFAST_REASON_DAX_VOLATILE);
	row("devdax on virtio-pmem", &dax, &virtio, true, true, NOSUPP,
		HOLDFAST_REASON_DAX_HOST_FLUSH);
	row("devdax on a read-only region", &dax, &read_only, true, true, NOSUPP,
		HOLDFAST_REASON_DAX_READ_ONLY);
	row("a file on a read-only region", &file, &read_only, true, true,
		PMEM2_GRANULARITY_CACHE_LINE, HOLDFAST_REASON_MEMORY_CONTROLLER);
	row("fsdax, unreadable domain", &file, &unreadable, true, true,
		PMEM2_GRANULARITY_CACHE_LINE, HOLDFAST_REASON_DOMAIN_UNREADABLE);
	granularity_decide(&(struct granularity){0}, &dax, &virtio, true, true);
	has_str(err_get(), "only the host",
		"granularity_decide: the message for virtio-pmem says that only the host can flush");
}

static void force(const char *value, int want_for_page_cache, enum holdfast_reason reason)
{
	char name[64];

	setenv("PMEM2_FORCE_GRANULARITY", value, 1);
	snprintf(name, sizeof(name), "PMEM2_FORCE_GRANULARITY=\"%s\"", value);
	row(name, &file, &no_region, false, true, want_for_page_cache, reason);
	unsetenv("PMEM2_FORCE_GRANULARITY");
}

static void forced(void)
{
	force("BYTE", PMEM2_GRANULARITY_BYTE, HOLDFAST_REASON_FORCED);
	force("byte", PMEM2_GRANULARITY_BYTE, HOLDFAST_REASON_FORCED);
	force("CACHE_LINE", PMEM2_GRANULARITY_CACHE_LINE, HOLDFAST_REASON_FORCED);
	force("Cache_Line", PMEM2_GRANULARITY_CACHE_LINE, HOLDFAST_REASON_FORCED);
	force("CACHELINE", PMEM2_GRANULARITY_CACHE_LINE, HOLDFAST_REASON_FORCED);
	force("PAGE", PMEM2_GRANULARITY_PAGE, HOLDFAST_REASON_FORCED);
	force("BYTES", PMEM2_GRANULARITY_PAGE, HOLDFAST_REASON_NO_MAP_SYNC);
	force(" BYTE", PMEM2_GRANULARITY_PAGE, HOLDFAST_REASON_NO_MAP_SYNC);
	force("", PMEM2_GRANULARITY_PAGE, HOLDFAST_REASON_NO_MAP_SYNC);

	setenv("PMEM2_FORCE_GRANULARITY", "PAGE", 1);
	row("fsdax on eADR, PMEM2_FORCE_GRANULARITY=PAGE", &file, &eadr, true, true,
		PMEM2_GRANULARITY_PAGE, HOLDFAST_REASON_FORCED);
	row("devdax on virtio-pmem, PMEM2_FORCE_GRANULARITY=PAGE", &dax, &virtio, true, true,
		PMEM2_GRANULARITY_PAGE, HOLDFAST_REASON_FORCED);
	unsetenv("PMEM2_FORCE_GRANULARITY");
}

int main(void)
{
	rows();
	forced();
	return tap_done();
}
