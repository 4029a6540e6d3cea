/* SPDX-License-Identifier: BSD-3-Clause */
/* names.c - names of enum values that programs rely on: these names must never change */
#include "explain/names.h"

#define NAME_OF(value, names)                                                                      \
	((unsigned)(value) < sizeof(names) / sizeof(*(names)) ? (names)[value] : "?")

const char *name_of_object(enum holdfast_object object)
{
	static const char *const names[] = {
		[HOLDFAST_OBJECT_FILE] = "file",
		[HOLDFAST_OBJECT_DIRECTORY] = "directory",
		[HOLDFAST_OBJECT_BLOCK_DEVICE] = "block-device",
		[HOLDFAST_OBJECT_DAX_DEVICE] = "dax-device",
		[HOLDFAST_OBJECT_ANONYMOUS] = "anonymous",
	};

	return NAME_OF(object, names);
}

const char *name_of_survival(enum holdfast_survival survival)
{
	static const char *const names[] = {
		[HOLDFAST_SURVIVES] = "yes",
		[HOLDFAST_SURVIVES_NOT] = "no",
		[HOLDFAST_SURVIVES_ELSEWHERE] = "elsewhere",
		[HOLDFAST_SURVIVES_UNKNOWN] = "unknown",
	};

	return NAME_OF(survival, names);
}

const char *name_of_reason(enum holdfast_reason reason)
{
	static const char *const names[] = {
		[HOLDFAST_REASON_PROGRAM] = "program",
		[HOLDFAST_REASON_NOT_SHARED] = "not-shared",
		[HOLDFAST_REASON_CPU_CACHE] = "cpu-cache",
		[HOLDFAST_REASON_MEMORY_CONTROLLER] = "memory-controller",
		[HOLDFAST_REASON_DOMAIN_UNKNOWN] = "domain-unknown",
		[HOLDFAST_REASON_DOMAIN_UNREADABLE] = "domain-unreadable",
		[HOLDFAST_REASON_NO_REGION] = "no-region",
		[HOLDFAST_REASON_REALTIME] = "realtime",
		[HOLDFAST_REASON_NO_MAP_SYNC] = "no-map-sync",
		[HOLDFAST_REASON_NO_CPU_FLUSH] = "no-cpu-flush",
		[HOLDFAST_REASON_DAX_NOT_PERSISTENT] = "dax-not-persistent",
		[HOLDFAST_REASON_DAX_VOLATILE] = "dax-volatile",
		[HOLDFAST_REASON_DAX_HOST_FLUSH] = "dax-host-flush",
		[HOLDFAST_REASON_DAX_READ_ONLY] = "dax-read-only",
		[HOLDFAST_REASON_DAX_NO_CPU_FLUSH] = "dax-no-cpu-flush",
		[HOLDFAST_REASON_DAX_SYSTEM_RAM] = "dax-system-ram",
		[HOLDFAST_REASON_DAX_UNBOUND] = "dax-unbound",
		[HOLDFAST_REASON_FORCED] = "forced",
		[HOLDFAST_REASON_MAP_SYNC_UNKNOWN] = "map-sync-unknown",
		[HOLDFAST_REASON_DAX_UNSEEN] = "dax-unseen",
	};

	return NAME_OF(reason, names);
}

const char *name_of_map_sync(enum holdfast_map_sync map_sync)
{
	static const char *const names[] = {
		[HOLDFAST_MAP_SYNC_ACCEPTED] = "accepted",
		[HOLDFAST_MAP_SYNC_REFUSED] = "refused",
		[HOLDFAST_MAP_SYNC_WOULD_ACCEPT] = "would-accept",
		[HOLDFAST_MAP_SYNC_WOULD_REFUSE] = "would-refuse",
		[HOLDFAST_MAP_SYNC_UNIMPORTANT] = "unimportant",
		[HOLDFAST_MAP_SYNC_UNKNOWN] = "unknown",
	};

	return NAME_OF(map_sync, names);
}

const char *name_of_obstacle(enum holdfast_obstacle obstacle)
{
	static const char *const names[] = {
		[HOLDFAST_OBSTACLE_NONE] = "none",
		[HOLDFAST_OBSTACLE_FILE_SYSTEM] = "file-system",
		[HOLDFAST_OBSTACLE_STORAGE] = "storage",
		[HOLDFAST_OBSTACLE_BLOCK_DAX] = "block-dax",
		[HOLDFAST_OBSTACLE_HOST] = "host",
		[HOLDFAST_OBSTACLE_MOUNT] = "mount",
		[HOLDFAST_OBSTACLE_FILE] = "file",
		[HOLDFAST_OBSTACLE_UNKNOWN] = "unknown",
	};

	return NAME_OF(obstacle, names);
}

const char *name_of_memory(enum holdfast_memory memory)
{
	static const char *const names[] = {
		[HOLDFAST_MEMORY_NONE] = "none",
		[HOLDFAST_MEMORY_NFIT] = "nvdimm",
		[HOLDFAST_MEMORY_CXL_PMEM] = "cxl-pmem",
		[HOLDFAST_MEMORY_VIRTIO_PMEM] = "virtio-pmem",
		[HOLDFAST_MEMORY_LEGACY] = "legacy",
		[HOLDFAST_MEMORY_PAPR] = "papr",
		[HOLDFAST_MEMORY_DEVICE_TREE] = "device-tree",
		[HOLDFAST_MEMORY_OTHER_PMEM] = "other-pmem",
		[HOLDFAST_MEMORY_CXL_VOLATILE] = "cxl-volatile",
		[HOLDFAST_MEMORY_SOFT_RESERVED] = "soft-reserved",
		[HOLDFAST_MEMORY_OTHER_DAX] = "other-dax",
		[HOLDFAST_MEMORY_MIXED] = "mixed",
		[HOLDFAST_MEMORY_UNKNOWN] = "unknown",
	};

	return NAME_OF(memory, names);
}

const char *name_of_domain(enum holdfast_domain domain)
{
	static const char *const names[] = {
		[HOLDFAST_DOMAIN_NONE] = "none",
		[HOLDFAST_DOMAIN_CPU_CACHE] = "cpu-cache",
		[HOLDFAST_DOMAIN_MEMORY_CONTROLLER] = "memory-controller",
		[HOLDFAST_DOMAIN_UNKNOWN] = "unknown",
		[HOLDFAST_DOMAIN_UNREADABLE] = "unreadable",
	};

	return NAME_OF(domain, names);
}

const char *name_of_deep_flush(enum holdfast_deep_flush deep_flush)
{
	static const char *const names[] = {
		[HOLDFAST_DEEP_FLUSH_ABSENT] = "absent",
		[HOLDFAST_DEEP_FLUSH_NOT_NEEDED] = "not-needed",
		[HOLDFAST_DEEP_FLUSH_AVAILABLE] = "available",
		[HOLDFAST_DEEP_FLUSH_UNREADABLE] = "unreadable",
		[HOLDFAST_DEEP_FLUSH_PAGES] = "pages",
	};

	return NAME_OF(deep_flush, names);
}

const char *name_of_counting(enum holdfast_counting counting)
{
	static const char *const names[] = {
		[HOLDFAST_COUNTING_LASTING] = "lasting",
		[HOLDFAST_COUNTING_SINCE_MOUNT] = "since-mount",
		[HOLDFAST_COUNTING_STATE] = "state",
	};

	return NAME_OF(counting, names);
}
