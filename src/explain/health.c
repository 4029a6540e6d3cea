/* SPDX-License-Identifier: BSD-3-Clause */
/* health.c - report the faults of persistent memory and of storage that the kernel knows */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "device/counters.h"
#include "explain/explain.h"
#include "explain/regions.h"

/* The values of the public enum must equal those of the internal enum. */
#define SAME(name)                                                                                 \
	_Static_assert((int)HOLDFAST_COUNTING_##name == (int)COUNTERS_##name, "countings differ")
SAME(LASTING);
SAME(SINCE_MOUNT);
SAME(STATE);

struct whole {
	struct keep keep;
	struct keep_list counters;
	struct holdfast_health told;
};

static int add_counter(const struct counters_one *one, void *context)
{
	struct whole *whole = context;
	struct holdfast_counter *told = keep_new(&whole->keep, sizeof(*told));
	int error = one->error;

	if (!told)
		return 0;
	if (!error && one->value > INT64_MAX)
		error = -EBADMSG;
	*told = (struct holdfast_counter){
		.struct_size = sizeof(*told),
		.kind = keep_copy(&whole->keep, one->kind),
		.name = keep_copy(&whole->keep, one->name),
		.counter = keep_copy(&whole->keep, one->counter),
		.meaning = keep_copy(&whole->keep, one->meaning),
		.counting = (enum holdfast_counting)one->counting,
		.value = regions_answer(
			&whole->keep, error, (int64_t)one->value, one->counter, false),
	};
	keep_append(&whole->keep, &whole->counters, told);
	return 0;
}

/* Compare two counters for qsort(3): by kind, name and counter. */
static int by_name(const void *a, const void *b)
{
	const struct holdfast_counter *one = *(const struct holdfast_counter *const *)a;
	const struct holdfast_counter *other = *(const struct holdfast_counter *const *)b;
	int order = strcmp(one->kind, other->kind);

	if (!order)
		order = strverscmp(one->name, other->name);
	return order ? order : strcmp(one->counter, other->counter);
}

static void add_counters(struct whole *whole, const char *sysfs, const char *mountinfo)
{
	struct holdfast_health *told = &whole->told;

	counters_of_sysfs(sysfs, add_counter, whole);
	int error = counters_of_mounts(mountinfo, add_counter, whole);
	if (error)
		told->counters_why = keep_text(
			&whole->keep, "the list of mounts cannot be read: %s", strerror(-error));
	else
		told->counters_why = told->regions_why;
	if (whole->counters.count)
		qsort(whole->counters.items, whole->counters.count, sizeof(*whole->counters.items),
			by_name);
	told->counter_count = whole->counters.count;
	told->counters = (const struct holdfast_counter *const *)whole->counters.items;
}

static int fill(struct whole *whole, const char *sysfs, const char *mountinfo)
{
	struct holdfast_health *told = &whole->told;
	struct regions regions;
	struct keep_list modules;

	regions_of_machine(&regions, &whole->keep, sysfs);
	regions_all_modules(&modules, &whole->keep, sysfs);
	told->struct_size = sizeof(*told);
	told->dimm_count = modules.count;
	told->dimms = (const struct holdfast_dimm *const *)modules.items;
	told->region_count = regions.list.count;
	told->regions = (const struct holdfast_region *const *)regions.list.items;
	told->regions_why = regions.why;
	add_counters(whole, sysfs, mountinfo);
	return whole->keep.failed ? -ENOMEM : 0;
}

void explain_health_free(struct holdfast_health *health)
{
	if (!health)
		return;
	struct keep keep = ((struct whole *)((char *)health - offsetof(struct whole, told)))->keep;
	keep_fini(&keep);
}

int explain_health(struct holdfast_health **health, const char *sysfs, const char *mountinfo)
{
	struct keep keep = {.last = NULL};
	struct whole *whole = keep_new(&keep, sizeof(*whole));
	char *before = strdup(err_get());
	int error = -ENOMEM;

	if (whole && before) {
		whole->keep = keep;
		error = fill(whole, sysfs, mountinfo);
		keep = whole->keep;
	}
	if (error) {
		keep_fini(&keep);
		err_set(error, "out of memory while examining this machine");
	} else {
		*health = &whole->told;
		err_put_back(before);
	}
	free(before);
	return error;
}
