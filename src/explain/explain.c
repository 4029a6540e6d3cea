/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "device/deepflush.h"
#include "device/dimm.h"
#include "device/disk.h"
#include "device/memory.h"
#include "explain/layers.h"
#include "explain/regions.h"
#include "explain/map_sync.h"
#include "explain/words.h"

/* The first thing that is kept: freeing all of it frees this. */
struct whole {
	struct keep keep;
	struct holdfast_explanation told;
};

static struct whole *whole_of(struct holdfast_explanation *told)
{
	return (struct whole *)((char *)told - offsetof(struct whole, told));
}

void explain_free(struct holdfast_explanation *explanation)
{
	struct keep keep;

	if (!explanation)
		return;
	keep = whole_of(explanation)->keep;
	keep_fini(&keep);
}

/* An engine is named FLUSH-COPY. */
const struct holdfast_cpu *explain_cpu(struct keep *keep)
{
	struct holdfast_cpu *told = keep_new(keep, sizeof(*told));
	const char *name = cpu.engine->name;

	if (!told)
		return NULL;
	*told = (struct holdfast_cpu){
		.struct_size = sizeof(*told),
		.engine = name,
		.flush = cpu.engine->instruction,
		.fence = cpu_fence_name(),
		.copy = strchr(name, '-') + 1,
		.line_size = cpu.line_size,
		.copy_threshold = cpu.stream_threshold,
	};
	return told;
}

static void tell_granularity(struct holdfast_explanation *told, const struct facts *facts,
	const struct region *region, bool sync)
{
	struct granularity judged = {PMEM2_GRANULARITY_BYTE, HOLDFAST_REASON_NOT_SHARED}, forced;
	bool refused = false;

	if (facts->has_device && !(facts->is_map && facts->got.reason == judged.reason))
		refused =
			!granularity_judge(&judged, &facts->device, region, sync, facts->can_flush);
	/* What the program has mapped itself nobody has asked the kernel about. */
	if (facts->is_map && facts->got.reason == HOLDFAST_REASON_PROGRAM)
		judged = facts->got;
	told->needed = told->granularity = judged.value;
	told->needed_reason = told->reason = judged.reason;
	if (facts->is_map) {
		told->granularity = facts->got.value;
		told->reason = facts->got.reason;
	} else if (granularity_forced(&forced)) {
		told->granularity = forced.value;
		told->reason = forced.reason;
	} else if (refused && !told->map_error) {
		told->map_error = PMEM2_E_NOSUPP;
		told->map_error_text = granularity_objection(judged.reason);
	}
}

static enum holdfast_domain domain_of(const struct region *region)
{
	if (!region->found)
		return HOLDFAST_DOMAIN_NONE;
	switch (region->domain) {
	case REGION_DOMAIN_CPU_CACHE:
		return HOLDFAST_DOMAIN_CPU_CACHE;
	case REGION_DOMAIN_MEMORY_CONTROLLER:
		return HOLDFAST_DOMAIN_MEMORY_CONTROLLER;
	case REGION_DOMAIN_UNREADABLE:
		return HOLDFAST_DOMAIN_UNREADABLE;
	case REGION_DOMAIN_UNKNOWN:
		break;
	}
	return HOLDFAST_DOMAIN_UNKNOWN;
}

/* A deep flush of a map that needs page write-back writes its pages back. */
static void tell_deep_flush(struct holdfast_explanation *told, const struct facts *facts)
{
	struct deepflush flush;

	told->deep_flush = HOLDFAST_DEEP_FLUSH_PAGES;
	if (!facts->has_device) {
		told->deep_flush = HOLDFAST_DEEP_FLUSH_ABSENT;
		return;
	}
	if (told->needed == PMEM2_GRANULARITY_PAGE && facts->device.kind == DEVICE_FILE)
		return;
	flush = device_deep_flush_state(&facts->device, facts->sysfs);
	told->deep_flush = (enum holdfast_deep_flush)flush.state;
	told->deep_flush_error = flush.error;
}

static void tell_memory(struct keep *keep, struct holdfast_explanation *told,
	const struct facts *facts, const struct region *region)
{
	struct keep_list regions = {.count = 0};
	uint64_t count = 0;
	int error;

	told->domain = domain_of(region);
	tell_deep_flush(told, facts);
	if (!facts->has_device)
		return;
	told->memory = (enum holdfast_memory)memory_under(&facts->device, facts->sysfs);
	regions_under(keep, &regions, &facts->device, facts->sysfs);
	told->region_count = regions.count;
	told->regions = (const struct holdfast_region *const *)regions.items;
	error = device_unsafe_shutdowns(&facts->device, facts->sysfs, &count);
	if (!error && count > INT64_MAX)
		error = err_set(-EBADMSG, "the count of unsafe shutdowns is out of range");
	told->unsafe_shutdowns = regions_answer(keep, error, (int64_t)count, NULL, true);
}

static struct holdfast_number size_of(struct keep *keep, const struct facts *facts)
{
	uint64_t size = facts->size;
	size_t length = 0;
	int error = 0;

	if (facts->is_map || facts->object == HOLDFAST_OBJECT_FILE)
		return regions_answer(keep, 0, (int64_t)size, NULL, false);
	if (facts->object == HOLDFAST_OBJECT_BLOCK_DEVICE) {
		error = disk_size(facts->sysfs, facts->disk, &size);
		return regions_answer(keep, error, (int64_t)size, "the size", false);
	}
	if (facts->object == HOLDFAST_OBJECT_DIRECTORY)
		return (struct holdfast_number){
			.answer = HOLDFAST_UNSUPPORTED, .why = "a directory has no size"};
	error = device_dax_size(&facts->device, facts->sysfs, &length);
	return regions_answer(keep, error, (int64_t)length, NULL, true);
}

static void tell_numbers(
	struct keep *keep, struct holdfast_explanation *told, const struct facts *facts)
{
	struct holdfast_number none = {
		.answer = HOLDFAST_UNSUPPORTED, .why = "it is memory without a file"};
	size_t alignment = 0;
	int node = 0, error;

	told->size = size_of(keep, facts);
	told->alignment = told->numa_node = none;
	if (!facts->has_device) {
		told->unsafe_shutdowns = none;
		return;
	}
	error = device_alignment(&facts->device, facts->sysfs, &alignment);
	told->alignment = regions_answer(keep, error, (int64_t)alignment, NULL, true);
	error = device_numa_node(&facts->device, facts->sysfs, &node);
	told->numa_node = regions_answer(keep, error, node, NULL, true);
}

static void tell_filesystem(
	struct keep *keep, struct holdfast_explanation *told, const struct facts *facts)
{
	const struct filesystem *filesystem = &facts->filesystem;

	if (!facts->has_filesystem)
		return;
	told->file_system = keep_copy(keep, filesystem->type);
	told->mount_point = keep_copy(keep, filesystem->point);
	told->mount_source = keep_copy(keep, filesystem->source);
	told->mount_options = keep_copy(keep, filesystem->options);
	told->read_only = filesystem->read_only;
}

static void tell_instructions(struct holdfast_explanation *told)
{
	switch (told->needed) {
	case PMEM2_GRANULARITY_BYTE:
		told->flush = "nothing";
		told->drain = told->cpu->fence;
		break;
	case PMEM2_GRANULARITY_CACHE_LINE:
		told->flush = told->cpu->flush;
		told->drain = told->cpu->fence;
		break;
	case PMEM2_GRANULARITY_PAGE:
		told->flush = "nothing";
		told->drain = "msync";
		break;
	}
}

/* Device DAX has no layers: its memory says whether it survives. */
static enum holdfast_survival survival_of(
	const struct facts *facts, const struct holdfast_explanation *told, struct layers *layers)
{
	if (!facts->has_device || told->needed_reason == HOLDFAST_REASON_NOT_SHARED) {
		layers->who = "a map that is not shared with a file";
		return HOLDFAST_SURVIVES_NOT;
	}
	switch (told->needed_reason) {
	case HOLDFAST_REASON_DAX_NOT_PERSISTENT:
	case HOLDFAST_REASON_DAX_VOLATILE:
	case HOLDFAST_REASON_DAX_HOST_FLUSH:
	case HOLDFAST_REASON_DAX_READ_ONLY:
	case HOLDFAST_REASON_DAX_NO_CPU_FLUSH:
		layers->who = granularity_objection(told->needed_reason);
		return HOLDFAST_SURVIVES_NOT;
	default:
		return layers->survival;
	}
}

static void fill(struct whole *whole, const struct facts *facts)
{
	struct holdfast_explanation *told = &whole->told;
	struct keep *keep = &whole->keep;
	struct layers layers = {.keep = keep};
	struct region region = {.found = false};

	if (facts->has_device)
		region = device_region(&facts->device, facts->sysfs);
	struct map_sync sync = map_sync_judge(facts, &region);

	told->struct_size = sizeof(*told);
	told->object = facts->object;
	told->name = facts->name ? keep_copy(keep, facts->name) : "";
	told->map_error = facts->map_error;
	told->map_error_text = keep_copy(keep, facts->map_error_text);
	told->map_sync = sync.map_sync;
	told->obstacle = sync.obstacle;
	told->cpu = explain_cpu(keep);
	if (!told->cpu)
		return;
	tell_granularity(told, facts, &region, sync.accepted);
	tell_filesystem(keep, told, facts);
	tell_memory(keep, told, facts, &region);
	tell_numbers(keep, told, facts);
	tell_instructions(told);
	layers_find(&layers, facts);
	told->layer_count = layers.list.count;
	told->layers = (const char *const *)layers.list.items;
	if (region.is_volatile) {
		layers.survival = HOLDFAST_SURVIVES_NOT;
		layers.who = "memory in a region that is volatile";
	}
	told->survival = survival_of(facts, told, &layers);
	words_write(keep, told, layers.who);
}

static int build(struct holdfast_explanation **explanation, const struct facts *facts)
{
	struct keep keep = {.last = NULL};
	struct whole *whole = keep_new(&keep, sizeof(*whole));

	if (whole) {
		whole->keep = keep;
		fill(whole, facts);
		keep = whole->keep;
	}
	if (keep.failed) {
		keep_fini(&keep);
		return err_set(-ENOMEM, "no memory for an explanation");
	}
	*explanation = &whole->told;
	return 0;
}

/*
 * What is tried may fail though the explanation succeeds: *before keeps the sentence of the last
 * call that did fail.
 */
static int keep_sentence(char **before)
{
	*before = strdup(err_get());
	return *before ? 0 : err_set(-ENOMEM, "no memory for an explanation");
}

static int put_sentence_back(char *before, int error)
{
	if (!error)
		err_put_back(before);
	free(before);
	return error;
}

int explain_facts(struct holdfast_explanation **explanation, struct facts *facts)
{
	char *before;
	int error = keep_sentence(&before);

	if (!error)
		error = build(explanation, facts);
	facts_fini(facts);
	return put_sentence_back(before, error);
}

/* Facts are 200 bytes, and below them much is called: not on the stack, of which 4 KiB must do. */
static struct facts *facts_new(char **before, int *error)
{
	struct facts *facts;

	*error = keep_sentence(before);
	if (*error)
		return NULL;
	facts = malloc(sizeof(*facts));
	if (!facts)
		*error = err_set(-ENOMEM, "no memory for an explanation");
	return facts;
}

int explain_fd(struct holdfast_explanation **explanation, int fd, const char *sysfs)
{
	char *before;
	int error;
	struct facts *facts = facts_new(&before, &error);

	if (!error)
		error = facts_of_fd(facts, fd, sysfs);
	if (!error)
		error = explain_facts(explanation, facts);
	free(facts);
	return put_sentence_back(before, error);
}

int explain_map(struct holdfast_explanation **explanation, const struct map *map)
{
	char *before;
	int error;
	struct facts *facts = facts_new(&before, &error);

	if (!error)
		error = facts_of_map(facts, map);
	if (!error)
		error = explain_facts(explanation, facts);
	free(facts);
	return put_sentence_back(before, error);
}
