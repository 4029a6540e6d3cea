/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * health.c - holdfast info --health: find out what is wrong with storage, or worse than at the
 * previous look
 */
#include "health.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"

void health_find(struct health *health, const char *what, const char *kind, int is_wrong,
	const char *format, ...)
{
	struct health_finding *made = must_make(1, sizeof(*made));
	va_list ap;

	*made = (struct health_finding){
		.what = must_copy(what), .kind = kind, .is_wrong = is_wrong};
	va_start(ap, format);
	if (vasprintf(&made->text, format, ap) < 0)
		made->text = must_copy(NULL);
	va_end(ap);
	printable(made->what);
	printable(made->text);
	health->findings =
		must_grow(health->findings, health->finding_count, sizeof(struct health_finding *));
	health->findings[health->finding_count++] = made;
}

/*
 * Returns true if a value was read. If reading failed, adds a finding, because the value might show
 * a problem. Adds none if the kernel does not offer the value.
 */
static bool has_answer(struct health *health, const char *what, const char *kind,
	const struct holdfast_number *number)
{
	if (number->answer == HOLDFAST_UNREADABLE)
		health_find(health, what, kind, 0, "%s", number->why);
	return number->answer == HOLDFAST_ANSWERED;
}

/* ---- modules */

static const char *meaning_of_flag(const char *flag, size_t length)
{
	static const struct {
		const char *flag, *meaning;
	} flags[] = {
		{"save_fail", "it could not save its contents in the last power cut"},
		{"restore_fail", "it could not restore what it had saved"},
		{"flush_fail", "stores to it were lost in the last power cut"},
		{"not_armed", "it cannot keep its contents in a power cut"},
		{"map_fail", "the firmware could not map it"},
		{"smart_event", "its health needs attention"},
		{"smart_notify", "its health needs attention"},
		{"scrubbed", "its contents were erased"},
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strlen(flags[i].flag) == length && !strncmp(flag, flags[i].flag, length))
			return flags[i].meaning;
	return "something is wrong with it";
}

static void judge_flags(struct health *health, const struct holdfast_dimm *module, const char *what)
{
	static const char kind[] = "module-flags";

	if (!has_answer(health, what, kind, &module->faults))
		return;
	for (const char *flag = module->fault_flags; *flag; flag += strspn(flag, " ")) {
		size_t length = strcspn(flag, " ");
		health_find(health, what, kind, 1, "its firmware reports %.*s: %s", (int)length,
			flag, meaning_of_flag(flag, length));
		flag += length;
	}
}

static void judge_shutdowns(
	struct health *health, const struct holdfast_dimm *module, const char *what)
{
	static const char kind[] = "unsafe-shutdowns";
	const struct seen_module *before = seen_find_module(&health->before, module);
	int64_t now = module->unsafe_shutdowns.value;

	if (!has_answer(health, what, kind, &module->unsafe_shutdowns))
		return;
	if (before && before->unsafe_shutdowns >= 0 && now > before->unsafe_shutdowns)
		health_find(health, what, kind, 1,
			"it has counted %" PRId64 " unsafe %s since the last look, %" PRId64
			" in all",
			now - before->unsafe_shutdowns,
			now - before->unsafe_shutdowns == 1 ? "shutdown" : "shutdowns", now);
}

static char *name_of_module(const char *name, const char *id)
{
	char *text;

	if (asprintf(&text, "module %s%s%s", name, id ? ", " : "", id ? id : "") < 0)
		text = must_copy(NULL);
	return text;
}

static void judge_module(struct health *health, const struct holdfast_dimm *module)
{
	char *what = name_of_module(module->name, module->id);

	judge_flags(health, module, what);
	judge_shutdowns(health, module, what);
	free(what);
}

static bool is_same_module(const struct seen_module *seen, const struct holdfast_dimm *module)
{
	if (!seen->id || !module->id)
		return !seen->id && !module->id && !strcmp(seen->name, module->name);
	return !strcmp(seen->id, module->id);
}

/*
 * Finds the previous state of a module by the module's id, because names of modules may change at a
 * reboot.
 */
const struct seen_module *seen_find_module(
	const struct seen *seen, const struct holdfast_dimm *module)
{
	const struct seen_module *found = NULL;

	for (size_t i = 0; i < seen->module_count; i++) {
		const struct seen_module *one = &seen->modules[i];
		if (!is_same_module(one, module))
			continue;
		if (!found || !strcmp(one->name, module->name))
			found = one;
	}
	return found;
}

static void find_lost_modules(struct health *health)
{
	const struct holdfast_health *now = health->now;

	for (size_t i = 0; i < health->before.module_count; i++) {
		const struct seen_module *seen = &health->before.modules[i];
		bool is_there = false;
		for (size_t j = 0; j < now->dimm_count; j++)
			is_there |= is_same_module(seen, now->dimms[j]);
		if (is_there)
			continue;
		char *what = name_of_module(seen->name, seen->id);
		health_find(health, what, "gone", 1, "it is gone since the last look");
		free(what);
	}
}

/* ---- regions */

const struct seen_region *seen_find_region(const struct seen *seen, const char *name)
{
	for (size_t i = 0; i < seen->region_count; i++)
		if (!strcmp(seen->regions[i].name, name))
			return &seen->regions[i];
	return NULL;
}

static void judge_domain(
	struct health *health, const struct holdfast_region *region, const char *what)
{
	static const char kind[] = "domain";
	const struct seen_region *before = seen_find_region(&health->before, region->name);
	const char *now = holdfast_domain_name(region->domain);

	if (region->domain == HOLDFAST_DOMAIN_UNREADABLE)
		health_find(health, what, kind, 0, "its persistence domain cannot be read");
	else if (before && before->domain && strcmp(before->domain, now))
		health_find(health, what, kind, 1,
			"its persistence domain is %s; it was %s at the last look", now,
			before->domain);
}

static void judge_region(struct health *health, const struct holdfast_region *region)
{
	static const char kind[] = "bad-blocks";
	char *what;

	if (asprintf(&what, "region %s", region->name) < 0)
		what = must_copy(NULL);
	if (has_answer(health, what, kind, &region->bad_sectors) && region->bad_sectors.value)
		health_find(health, what, kind, 1, "%" PRId64 " bytes of it cannot be read",
			512 * region->bad_sectors.value);
	judge_domain(health, region, what);
	free(what);
}

static void find_lost_regions(struct health *health)
{
	const struct holdfast_health *now = health->now;

	for (size_t i = 0; i < health->before.region_count; i++) {
		const char *name = health->before.regions[i].name;
		bool is_there = false;
		for (size_t j = 0; j < now->region_count; j++)
			is_there |= !strcmp(name, now->regions[j]->name);
		char *what;
		if (asprintf(&what, "region %s", name) < 0)
			what = must_copy(NULL);
		if (!is_there)
			health_find(health, what, "gone", 1, "it is gone since the last look");
		free(what);
	}
}

/* ---- counters */

const struct seen_counter *seen_find_counter(
	const struct seen *seen, const struct holdfast_counter *counter)
{
	for (size_t i = 0; i < seen->counter_count; i++) {
		const struct seen_counter *one = &seen->counters[i];
		if (!strcmp(one->kind, counter->kind) && !strcmp(one->name, counter->name) &&
			!strcmp(one->counter, counter->counter))
			return one;
	}
	return NULL;
}

/*
 * Returns the increase of a counter since the last look. If a counter that restarts from 0 at each
 * mount is smaller than before, it has restarted.
 */
static int64_t growth_of(const struct health *health, const struct holdfast_counter *counter)
{
	const struct seen_counter *before = seen_find_counter(&health->before, counter);
	int64_t now = counter->value.value;

	if (counter->counting != HOLDFAST_COUNTING_SINCE_MOUNT || !before || before->value > now)
		return now;
	return now - before->value;
}

static void judge_counter(struct health *health, const struct holdfast_counter *counter)
{
	static const char kind[] = "storage";
	char *what;

	if (asprintf(&what, "%s %s", counter->kind, counter->name) < 0)
		what = must_copy(NULL);
	if (has_answer(health, what, kind, &counter->value)) {
		int64_t growth = growth_of(health, counter), now = counter->value.value;
		if (growth && growth == now)
			health_find(health, what, kind, 1, "%s is %" PRId64 ": %s",
				counter->counter, now, counter->meaning);
		else if (growth)
			health_find(health, what, kind, 1,
				"%s has grown by %" PRId64 " to %" PRId64
				" since the last look: %s",
				counter->counter, growth, now, counter->meaning);
	}
	free(what);
}

void health_judge(struct health *health)
{
	const struct holdfast_health *now = health->now;

	if (now->regions_why)
		health_find(health, "persistent memory", "unseen", 0, "%s", now->regions_why);
	if (now->counters_why)
		health_find(health, "storage", "unseen", 0, "%s", now->counters_why);
	for (size_t i = 0; i < now->dimm_count; i++)
		judge_module(health, now->dimms[i]);
	for (size_t i = 0; i < now->region_count; i++)
		judge_region(health, now->regions[i]);
	if (!now->regions_why) {
		find_lost_modules(health);
		find_lost_regions(health);
	}
	for (size_t i = 0; i < now->counter_count; i++)
		judge_counter(health, now->counters[i]);
}
