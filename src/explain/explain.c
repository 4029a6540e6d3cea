/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cpu/cpu.h"
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

static void tell_granularity(
	struct holdfast_explanation *told, const struct facts *facts, bool sync)
{
	struct granularity judged = {PMEM2_GRANULARITY_BYTE, HOLDFAST_REASON_NOT_SHARED}, forced;
	bool refused = false;

	if (facts->has_device && !(facts->is_map && facts->got.reason == judged.reason))
		refused = !granularity_judge(
			&judged, &facts->device, &facts->regions.all, sync, facts->can_flush);
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

/* A deep flush of a map that needs page write-back writes its pages back. */
static void tell_deep_flush(struct holdfast_explanation *told, const struct facts *facts)
{
	told->deep_flush = HOLDFAST_DEEP_FLUSH_PAGES;
	if (!facts->has_device) {
		told->deep_flush = HOLDFAST_DEEP_FLUSH_ABSENT;
		return;
	}
	if (told->needed == PMEM2_GRANULARITY_PAGE && facts->device.kind == DEVICE_FILE)
		return;
	told->deep_flush = (enum holdfast_deep_flush)facts->regions.deep_flush.state;
	told->deep_flush_error = facts->regions.deep_flush.error;
}

static void tell_memory(struct holdfast_explanation *told, const struct facts *facts)
{
	const struct regions *regions = &facts->regions;

	told->domain = regions_domain(&regions->all);
	tell_deep_flush(told, facts);
	told->memory = regions->memory;
	told->region_count = regions->list.count;
	told->regions = (const struct holdfast_region *const *)regions->list.items;
	told->unsafe_shutdowns = regions->unsafe_shutdowns;
	told->numa_node = regions->numa_node;
	told->size = facts->bytes;
	told->alignment = facts->alignment;
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

/* Device DAX has no layers: its memory says whether it survives. *who is what decides it. */
static enum holdfast_survival survival_of(
	const struct facts *facts, const struct holdfast_explanation *told, const char **who)
{
	if (!facts->has_device || told->needed_reason == HOLDFAST_REASON_NOT_SHARED) {
		*who = "a map that is not shared with a file";
		return HOLDFAST_SURVIVES_NOT;
	}
	if (facts->regions.all.is_volatile) {
		*who = "memory in a region that is volatile";
		return HOLDFAST_SURVIVES_NOT;
	}
	switch (told->needed_reason) {
	case HOLDFAST_REASON_DAX_NOT_PERSISTENT:
	case HOLDFAST_REASON_DAX_VOLATILE:
	case HOLDFAST_REASON_DAX_HOST_FLUSH:
	case HOLDFAST_REASON_DAX_READ_ONLY:
	case HOLDFAST_REASON_DAX_NO_CPU_FLUSH:
		*who = granularity_objection(told->needed_reason);
		return HOLDFAST_SURVIVES_NOT;
	default:
		*who = facts->layers.who;
		return facts->layers.survival;
	}
}

static void fill(struct whole *whole, const struct facts *facts)
{
	struct holdfast_explanation *told = &whole->told;
	struct keep *keep = &whole->keep;
	struct map_sync sync = map_sync_judge(facts);
	const char *who = NULL;

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
	tell_granularity(told, facts, sync.accepted);
	tell_filesystem(keep, told, facts);
	tell_memory(told, facts);
	tell_instructions(told);
	told->layer_count = facts->layers.list.count;
	told->layers = (const char *const *)facts->layers.list.items;
	told->survival = survival_of(facts, told, &who);
	words_write(keep, told, who);
}

static int build(struct holdfast_explanation **explanation, struct facts *facts)
{
	struct keep keep = {.last = NULL};
	struct whole *whole = keep_new(&keep, sizeof(*whole));

	if (whole) {
		whole->keep = keep;
		facts_read_sysfs(facts, &whole->keep);
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
