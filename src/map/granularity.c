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

bool granularity_forced(struct granularity *forced)
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
	const char *wanted = env_get("PMEM2_FORCE_GRANULARITY");

	if (!wanted)
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcasecmp(wanted, known[i].value)) {
			*forced =
				(struct granularity){known[i].granularity, HOLDFAST_REASON_FORCED};
			log_notice("granularity %s: forced by the environment",
				granularity_name(forced->value));
			return true;
		}
	log_warning("PMEM2_FORCE_GRANULARITY=%s is not a granularity: ignored", wanted);
	return false;
}

const char *granularity_objection(enum holdfast_reason reason)
{
	switch (reason) {
	case HOLDFAST_REASON_DAX_NOT_PERSISTENT:
		return "is not on persistent memory";
	case HOLDFAST_REASON_DAX_VOLATILE:
		return "is on a volatile region";
	case HOLDFAST_REASON_DAX_HOST_FLUSH:
		return "is virtio-pmem, which only the host can flush";
	case HOLDFAST_REASON_DAX_READ_ONLY:
		return "is on a read-only region";
	case HOLDFAST_REASON_DAX_NO_CPU_FLUSH:
		return "needs a cache flush that this CPU does not offer to programs";
	case HOLDFAST_REASON_DAX_SYSTEM_RAM:
		return "is used by the kernel as main memory";
	case HOLDFAST_REASON_DAX_UNBOUND:
		return "has no driver that lets programs map it";
	case HOLDFAST_REASON_DAX_UNSEEN:
		return "is not shown by sysfs";
	default:
		return "cannot be refused"; /* not reached: there is no other reason to refuse */
	}
}

static enum holdfast_reason reason_to_flush(
	const struct device *device, const struct region *region)
{
	if (device->is_elsewhere)
		return HOLDFAST_REASON_REALTIME;
	if (!region->found)
		return HOLDFAST_REASON_NO_REGION;
	switch (region->domain) {
	case REGION_DOMAIN_CPU_CACHE:
		return HOLDFAST_REASON_CPU_CACHE;
	case REGION_DOMAIN_MEMORY_CONTROLLER:
		return HOLDFAST_REASON_MEMORY_CONTROLLER;
	case REGION_DOMAIN_UNREADABLE:
		return HOLDFAST_REASON_DOMAIN_UNREADABLE;
	case REGION_DOMAIN_UNKNOWN:
		break;
	}
	return HOLDFAST_REASON_DOMAIN_UNKNOWN;
}

/* True if this process cannot make stores to a DAX device durable; *reason tells why. */
static bool object_to_dax(enum holdfast_reason *reason, const struct region *region, bool can_flush)
{
	if (!region->found)
		*reason = HOLDFAST_REASON_DAX_NOT_PERSISTENT;
	else if (region->is_volatile)
		*reason = HOLDFAST_REASON_DAX_VOLATILE;
	else if (region->flushed_by_host)
		*reason = HOLDFAST_REASON_DAX_HOST_FLUSH;
	else if (region->read_only)
		*reason = HOLDFAST_REASON_DAX_READ_ONLY;
	else if (!can_flush && region->domain != REGION_DOMAIN_CPU_CACHE)
		*reason = HOLDFAST_REASON_DAX_NO_CPU_FLUSH;
	else
		return false;
	return true;
}

bool granularity_judge(struct granularity *judged, const struct device *device,
	const struct region *region, bool sync, bool can_flush)
{
	if (device->kind == DEVICE_DAX) {
		judged->value = PMEM2_GRANULARITY_PAGE;
		if (object_to_dax(&judged->reason, region, can_flush))
			return false;
		sync = true;
	}
	enum holdfast_reason reason = reason_to_flush(device, region);
	if (!sync)
		*judged = (struct granularity){PMEM2_GRANULARITY_PAGE, HOLDFAST_REASON_NO_MAP_SYNC};
	else if (reason == HOLDFAST_REASON_CPU_CACHE)
		*judged = (struct granularity){PMEM2_GRANULARITY_BYTE, reason};
	else if (can_flush)
		*judged = (struct granularity){PMEM2_GRANULARITY_CACHE_LINE, reason};
	else
		*judged =
			(struct granularity){PMEM2_GRANULARITY_PAGE, HOLDFAST_REASON_NO_CPU_FLUSH};
	return true;
}

int granularity_decide(struct granularity *decided, const struct device *device,
	const struct region *region, bool sync, bool can_flush)
{
	struct granularity judged;

	if (granularity_forced(decided))
		return 0;
	if (!granularity_judge(&judged, device, region, sync, can_flush))
		return err_set(PMEM2_E_NOSUPP, "DAX device %u:%u %s", major(device->number),
			minor(device->number), granularity_objection(judged.reason));
	*decided = judged;
	return 0;
}
