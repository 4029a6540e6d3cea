/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/granularity.h"

#include <strings.h>
#include <sys/sysmacros.h>

#include "base/env.h"
#include "base/err.h"
#include "base/log.h"

const char *granularity_name(enum pmem2_granularity granularity)
{
	static const char *const names[] = {
		[PMEM2_GRANULARITY_BYTE] = "byte",
		[PMEM2_GRANULARITY_CACHE_LINE] = "cache line",
		[PMEM2_GRANULARITY_PAGE] = "page",
	};

	return names[granularity];
}

static bool granularity_forced(enum pmem2_granularity *granularity)
{
	static const struct {
		const char *value;
		enum pmem2_granularity granularity;
	} known[] = {
		{"BYTE", PMEM2_GRANULARITY_BYTE},
		{"CACHE_LINE", PMEM2_GRANULARITY_CACHE_LINE},
		{"CACHELINE", PMEM2_GRANULARITY_CACHE_LINE},
		{"PAGE", PMEM2_GRANULARITY_PAGE},
	};
	const char *forced = env_get("PMEM2_FORCE_GRANULARITY");

	if (!forced)
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcasecmp(forced, known[i].value)) {
			*granularity = known[i].granularity;
			log_notice("granularity %s: forced by the environment",
				granularity_name(*granularity));
			return true;
		}
	log_warning("PMEM2_FORCE_GRANULARITY=%s is not a granularity: ignored", forced);
	return false;
}

/* Why stores to a DAX device cannot be made durable by this process; NULL if they can. */
static const char *dax_objection(const struct region *region, bool can_flush)
{
	if (!region->found)
		return "is not on persistent memory";
	if (region->is_volatile)
		return "is on a volatile region";
	if (region->flushed_by_host)
		return "is virtio-pmem, which only the host can flush";
	if (!can_flush && region->domain != REGION_DOMAIN_CPU_CACHE)
		return "needs a cache flush that this CPU does not offer to programs";
	return NULL;
}

int granularity_find(enum pmem2_granularity *granularity, const struct device *device,
	const struct region *region, bool sync, bool can_flush)
{
	if (device->kind == DEVICE_DAX) {
		const char *objection = dax_objection(region, can_flush);
		if (objection)
			return err_set(PMEM2_E_NOSUPP, "DAX device %u:%u %s", major(device->number),
				minor(device->number), objection);
		sync = true;
	}
	if (!sync)
		*granularity = PMEM2_GRANULARITY_PAGE;
	else if (region->found && region->domain == REGION_DOMAIN_CPU_CACHE)
		*granularity = PMEM2_GRANULARITY_BYTE;
	else
		*granularity = can_flush ? PMEM2_GRANULARITY_CACHE_LINE : PMEM2_GRANULARITY_PAGE;
	return 0;
}

int granularity_decide(enum pmem2_granularity *granularity, const struct device *device,
	const struct region *region, bool sync, bool can_flush)
{
	if (granularity_forced(granularity))
		return 0;
	return granularity_find(granularity, device, region, sync, can_flush);
}
