/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * seen.c - update the stored state of `holdfast info --health`, in memory, with the values that
 * this run has read
 *
 * If this run could not read a value, the state keeps the previous value, so that a later run that
 * can read the value has one to compare it with.
 */
#include <stdlib.h>
#include <time.h>

#include "health.h"

static char *copy(const char *text)
{
	return text ? must_copy(text) : NULL;
}

static void keep_module(struct seen *seen, const char *name, const char *id, int64_t count)
{
	seen->modules[seen->module_count++] =
		(struct seen_module){must_copy(name), copy(id), count};
}

static void update_modules(
	struct seen *seen, const struct seen *before, const struct holdfast_health *now)
{
	seen->modules = must_make(now->dimm_count + before->module_count, sizeof(*seen->modules));
	for (size_t i = 0; i < now->dimm_count; i++) {
		const struct holdfast_dimm *module = now->dimms[i];
		const struct seen_module *old = seen_find_module(before, module);
		int64_t count = old ? old->unsafe_shutdowns : -1;
		if (module->unsafe_shutdowns.answer == HOLDFAST_ANSWERED)
			count = module->unsafe_shutdowns.value;
		keep_module(seen, module->name, module->id, count);
	}
	for (size_t i = 0; now->regions_why && i < before->module_count; i++)
		keep_module(seen, before->modules[i].name, before->modules[i].id,
			before->modules[i].unsafe_shutdowns);
}

static void keep_region(struct seen *seen, const char *name, const char *domain)
{
	seen->regions[seen->region_count++] = (struct seen_region){must_copy(name), copy(domain)};
}

static void update_regions(
	struct seen *seen, const struct seen *before, const struct holdfast_health *now)
{
	seen->regions = must_make(now->region_count + before->region_count, sizeof(*seen->regions));
	for (size_t i = 0; i < now->region_count; i++) {
		const struct holdfast_region *region = now->regions[i];
		const struct seen_region *old = seen_find_region(before, region->name);
		const char *domain = old ? old->domain : NULL;
		if (region->domain != HOLDFAST_DOMAIN_UNREADABLE)
			domain = holdfast_domain_name(region->domain);
		keep_region(seen, region->name, domain);
	}
	for (size_t i = 0; now->regions_why && i < before->region_count; i++)
		keep_region(seen, before->regions[i].name, before->regions[i].domain);
}

/*
 * Updates the counters. Keeps only counters that the next look compares with their old value. Any
 * other counter needs no old value: it is a problem whenever it is not 0.
 */
static void update_counters(
	struct seen *seen, const struct seen *before, const struct holdfast_health *now)
{
	seen->counters =
		must_make(now->counter_count + before->counter_count, sizeof(*seen->counters));
	for (size_t i = 0; i < now->counter_count; i++) {
		const struct holdfast_counter *counter = now->counters[i];
		const struct seen_counter *old = seen_find_counter(before, counter);
		bool is_read = counter->value.answer == HOLDFAST_ANSWERED;
		if (counter->counting != HOLDFAST_COUNTING_SINCE_MOUNT || (!is_read && !old))
			continue;
		seen->counters[seen->counter_count++] = (struct seen_counter){
			must_copy(counter->kind), must_copy(counter->name),
			must_copy(counter->counter), is_read ? counter->value.value : old->value};
	}
	for (size_t i = 0; now->regions_why && i < before->counter_count; i++) {
		const struct seen_counter *old = &before->counters[i];
		seen->counters[seen->counter_count++] = (struct seen_counter){must_copy(old->kind),
			must_copy(old->name), must_copy(old->counter), old->value};
	}
}

void seen_update(struct seen *seen, const struct seen *before, const struct holdfast_health *now)
{
	char text[sizeof("2026-11-30T04:00:00Z") + 8];
	time_t clock = time(NULL);
	struct tm utc;

	*seen = (struct seen){.time = NULL};
	if (gmtime_r(&clock, &utc) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc))
		seen->time = must_copy(text);
	update_modules(seen, before, now);
	update_regions(seen, before, now);
	update_counters(seen, before, now);
}

void seen_fini(struct seen *seen)
{
	for (size_t i = 0; i < seen->module_count; i++) {
		free(seen->modules[i].name);
		free(seen->modules[i].id);
	}
	for (size_t i = 0; i < seen->region_count; i++) {
		free(seen->regions[i].name);
		free(seen->regions[i].domain);
	}
	for (size_t i = 0; i < seen->counter_count; i++) {
		free(seen->counters[i].kind);
		free(seen->counters[i].name);
		free(seen->counters[i].counter);
	}
	free(seen->modules);
	free(seen->regions);
	free(seen->counters);
	free(seen->time);
	*seen = (struct seen){.time = NULL};
}
