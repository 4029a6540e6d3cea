/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prometheus.c - print the findings of `holdfast info --health` in the text format of Prometheus,
 * version 0.0.4
 *
 * Values that cannot be read are not printed; another metric is the number of these values.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "health.h"

static void family(const char *name, const char *type, const char *help)
{
	printf("# HELP holdfast_%s %s\n# TYPE holdfast_%s %s\n", name, help, name, type);
}

/* Prints a label. The value must be UTF-8, and the characters " \ and newline in it are escaped. */
static void label(const char *name, const char *value, char before)
{
	char *clean = utf8_copy(value);

	printf("%c%s=\"", before, name);
	for (const char *at = clean; *at; at++)
		if (*at == '\n')
			fputs("\\n", stdout);
		else
			printf("%s%c", *at == '"' || *at == '\\' ? "\\" : "", *at);
	putchar('"');
	free(clean);
}

static void value(int64_t number)
{
	printf("} %" PRId64 "\n", number);
}

static void findings(const struct health *health)
{
	size_t wrong = 0;

	for (size_t i = 0; i < health->finding_count; i++)
		wrong += (size_t)health->findings[i]->is_wrong;
	family("health_status", "gauge",
		"0: nothing is wrong, 1: something is wrong, 2: it could not be found out.");
	printf("holdfast_health_status %d\n", (int)health->outcome);
	family("health_wrong", "gauge", "Number of findings that something is wrong.");
	printf("holdfast_health_wrong %zu\n", wrong);
	family("health_unknown", "gauge", "Number of values that could not be read.");
	printf("holdfast_health_unknown %zu\n", health->finding_count - wrong);
}

static void module(
	const char *name, const struct holdfast_dimm *of, const struct holdfast_number *number)
{
	if (number->answer != HOLDFAST_ANSWERED)
		return;
	printf("holdfast_%s", name);
	label("module", of->name, '{');
	label("id", of->id ? of->id : "", ',');
	value(number->value);
}

static void modules(const struct holdfast_health *now)
{
	static const char shutdowns[] = "module_unsafe_shutdowns_total";
	static const char faults[] = "module_fault_flags";

	family(shutdowns, "counter", "Power cuts in which the module lost data.");
	for (size_t i = 0; i < now->dimm_count; i++)
		module(shutdowns, now->dimms[i], &now->dimms[i]->unsafe_shutdowns);
	family(faults, "gauge", "Number of flags by which the module's firmware reports trouble.");
	for (size_t i = 0; i < now->dimm_count; i++)
		module(faults, now->dimms[i], &now->dimms[i]->faults);
}

static void regions(const struct holdfast_health *now)
{
	family("region_bad_bytes", "gauge", "Bytes of the region that cannot be read.");
	for (size_t i = 0; i < now->region_count; i++) {
		const struct holdfast_region *region = now->regions[i];
		if (region->bad_sectors.answer != HOLDFAST_ANSWERED)
			continue;
		printf("holdfast_region_bad_bytes");
		label("region", region->name, '{');
		value(512 * region->bad_sectors.value);
	}
	family("region_domain_info", "gauge",
		"Always 1; the label is the persistence domain: what a power cut leaves intact.");
	for (size_t i = 0; i < now->region_count; i++) {
		printf("holdfast_region_domain_info");
		label("region", now->regions[i]->name, '{');
		label("domain", holdfast_domain_name(now->regions[i]->domain), ',');
		value(1);
	}
}

static void counters(const struct holdfast_health *now, const char *name, bool is_state)
{
	for (size_t i = 0; i < now->counter_count; i++) {
		const struct holdfast_counter *counter = now->counters[i];
		if (counter->value.answer != HOLDFAST_ANSWERED ||
			is_state != (counter->counting == HOLDFAST_COUNTING_STATE))
			continue;
		printf("holdfast_%s", name);
		label("kind", counter->kind, '{');
		label("name", counter->name, ',');
		label("counter", counter->counter, ',');
		value(counter->value.value);
	}
}

void prometheus_health(const struct health *health)
{
	static const char failures[] = "storage_failures_total", trouble[] = "storage_trouble";

	findings(health);
	modules(health->now);
	regions(health->now);
	family(failures, "counter", "Failures that a file system has counted.");
	counters(health->now, failures, false);
	family(trouble, "gauge", "Not 0 while a file system or an array of disks is in trouble.");
	counters(health->now, trouble, true);
}
