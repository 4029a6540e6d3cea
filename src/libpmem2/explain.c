/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain/explain.h"

#include "base/err.h"
#include "device/mounts.h"
#include "device/sysfs.h"
#include "explain/names.h"
#include "libpmem2/check.h"
#include "libpmem2/export.h"
#include "libpmem2/holdfast.h"
#include "libpmem2/map.h"
#include "map/registry.h"

EXPORT_HOLDFAST(holdfast_explain_fd)
int holdfast_explain_fd(struct holdfast_explanation **explanation, int fd)
{
	CHECK_NOT_NULL(explanation);
	return explain_fd(explanation, fd, SYSFS_ROOT);
}

EXPORT_HOLDFAST(holdfast_explain_map)
int holdfast_explain_map(struct holdfast_explanation **explanation, struct pmem2_map *map)
{
	CHECK_NOT_NULL(explanation);
	CHECK_NOT_NULL(map);
	if (!registry_has(&map->map))
		return err_set(PMEM2_E_MAPPING_NOT_FOUND, "no live map at %p", (void *)map);
	return explain_map(explanation, &map->map);
}

EXPORT_HOLDFAST(holdfast_explanation_free)
void holdfast_explanation_free(struct holdfast_explanation **explanation)
{
	if (!explanation)
		return;
	explain_free(*explanation);
	*explanation = NULL;
}

EXPORT_HOLDFAST(holdfast_explain_machine)
int holdfast_explain_machine(struct holdfast_machine **machine)
{
	CHECK_NOT_NULL(machine);
	return explain_machine(machine, SYSFS_ROOT, MOUNTS_FILE);
}

EXPORT_HOLDFAST(holdfast_machine_free)
void holdfast_machine_free(struct holdfast_machine **machine)
{
	if (!machine)
		return;
	explain_machine_free(*machine);
	*machine = NULL;
}

EXPORT_HOLDFAST(holdfast_read_health)
int holdfast_read_health(struct holdfast_health **health)
{
	CHECK_NOT_NULL(health);
	return explain_health(health, SYSFS_ROOT, MOUNTS_FILE);
}

EXPORT_HOLDFAST(holdfast_health_free)
void holdfast_health_free(struct holdfast_health **health)
{
	if (!health)
		return;
	explain_health_free(*health);
	*health = NULL;
}

EXPORT_HOLDFAST(holdfast_object_name)
const char *holdfast_object_name(enum holdfast_object object)
{
	return name_of_object(object);
}

EXPORT_HOLDFAST(holdfast_survival_name)
const char *holdfast_survival_name(enum holdfast_survival survival)
{
	return name_of_survival(survival);
}

EXPORT_HOLDFAST(holdfast_reason_name)
const char *holdfast_reason_name(enum holdfast_reason reason)
{
	return name_of_reason(reason);
}

EXPORT_HOLDFAST(holdfast_map_sync_name)
const char *holdfast_map_sync_name(enum holdfast_map_sync map_sync)
{
	return name_of_map_sync(map_sync);
}

EXPORT_HOLDFAST(holdfast_obstacle_name)
const char *holdfast_obstacle_name(enum holdfast_obstacle obstacle)
{
	return name_of_obstacle(obstacle);
}

EXPORT_HOLDFAST(holdfast_memory_name)
const char *holdfast_memory_name(enum holdfast_memory memory)
{
	return name_of_memory(memory);
}

EXPORT_HOLDFAST(holdfast_domain_name)
const char *holdfast_domain_name(enum holdfast_domain domain)
{
	return name_of_domain(domain);
}

EXPORT_HOLDFAST(holdfast_deep_flush_name)
const char *holdfast_deep_flush_name(enum holdfast_deep_flush deep_flush)
{
	return name_of_deep_flush(deep_flush);
}

EXPORT_HOLDFAST(holdfast_counting_name)
const char *holdfast_counting_name(enum holdfast_counting counting)
{
	return name_of_counting(counting);
}
