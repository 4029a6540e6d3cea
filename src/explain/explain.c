/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "device/mounts.h"
#include "explain/map_sync.h"
#include "explain/stores.h"
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

/* A DAX device that another driver has cannot be mapped, whatever it lies on. */
static bool has_other_driver(const struct facts *facts, enum holdfast_reason *reason)
{
	if (facts->is_map || facts->device.kind != DEVICE_DAX || facts->regions.is_hidden ||
		facts->driver == FACTS_DRIVER_DEVICE_DAX)
		return false;
	*reason = facts->driver == FACTS_DRIVER_KMEM ? HOLDFAST_REASON_DAX_SYSTEM_RAM
						     : HOLDFAST_REASON_DAX_UNBOUND;
	return true;
}

static void tell_granularity(
	struct holdfast_explanation *told, const struct facts *facts, bool sync)
{
	struct granularity judged = {PMEM2_GRANULARITY_BYTE, HOLDFAST_REASON_NOT_SHARED}, forced;
	bool refused = false;

	if (facts->has_device && !(facts->is_map && facts->got.reason == judged.reason))
		refused = !granularity_judge(
			&judged, &facts->device, &facts->regions.all, sync, facts->can_flush);
	if (facts->has_device && has_other_driver(facts, &judged.reason)) {
		judged.value = PMEM2_GRANULARITY_PAGE;
		refused = true;
	}
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
	told->memory =
		regions->memory == HOLDFAST_MEMORY_NONE ? facts->layers.memory : regions->memory;
	told->region_count = regions->list.count;
	told->regions = (const struct holdfast_region *const *)regions->list.items;
	told->unsafe_shutdowns = regions->unsafe_shutdowns;
	told->numa_node = regions->numa_node;
	told->size = facts->bytes;
	told->alignment = facts->alignment;
}

/* Without the escapes of mountinfo, for people. */
static const char *resolved(struct keep *keep, const char *options)
{
	char *copy = options ? strdup(options) : NULL;
	const char *kept;

	if (!copy)
		return keep_copy(keep, options);
	mounts_resolve(copy);
	kept = keep_copy(keep, copy);
	free(copy);
	return kept;
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
	told->mount_options = resolved(keep, filesystem->options);
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

/*
 * ext4 without a journal, before this version: blocks that fallocate(2) has allocated are zeros
 * after a power cut, though MAP_SYNC was accepted or msync(2) has succeeded. Seen with 6.1 (87 of
 * 100 stores), not with 6.18; in between it was not tried.
 */
#define JOURNAL_NOT_NEEDED FACTS_KERNEL(6, 18)

/* An answer, with what decides it and how that is known. */
struct survival {
	enum holdfast_survival value;
	const char *who;
	const char *evidence;
};

static struct survival of_removed_file(void)
{
	return (struct survival){HOLDFAST_SURVIVES_NOT, "a file that has been removed",
		"it has no name any more, and is gone when it is closed"};
}

static struct survival of_layers(const struct facts *facts)
{
	const struct layers *layers = &facts->layers;

	if (layers->has_no_journal && facts->kernel < JOURNAL_NOT_NEEDED &&
		layers->survival > HOLDFAST_SURVIVES_UNKNOWN)
		return (struct survival){HOLDFAST_SURVIVES_UNKNOWN,
			"an ext4 without a journal, on this kernel,",
			"Linux 6.1 has been seen to lose stores to allocated blocks there in a power "
			"cut, and 6.18 has not"};
	return (struct survival){layers->survival, layers->who, layers->evidence};
}

static struct survival survival_of(
	const struct facts *facts, const struct holdfast_explanation *told)
{
	if (!facts->has_device || told->needed_reason == HOLDFAST_REASON_NOT_SHARED)
		return (struct survival){
			HOLDFAST_SURVIVES_NOT, "a map that is not shared with a file", NULL};
	if (facts->regions.all.is_volatile)
		return (struct survival){HOLDFAST_SURVIVES_NOT,
			"memory in a region that is volatile", "its region says so"};
	switch (told->needed_reason) {
	case HOLDFAST_REASON_DAX_NOT_PERSISTENT:
	case HOLDFAST_REASON_DAX_VOLATILE:
	case HOLDFAST_REASON_DAX_HOST_FLUSH:
	case HOLDFAST_REASON_DAX_READ_ONLY:
	case HOLDFAST_REASON_DAX_NO_CPU_FLUSH:
	case HOLDFAST_REASON_DAX_SYSTEM_RAM:
		return (struct survival){
			HOLDFAST_SURVIVES_NOT, granularity_objection(told->needed_reason), NULL};
	case HOLDFAST_REASON_DAX_UNBOUND:
		return (struct survival){HOLDFAST_SURVIVES_UNKNOWN,
			granularity_objection(told->needed_reason), NULL};
	default:
		return facts->kept_name == FACTS_REMOVED ? of_removed_file() : of_layers(facts);
	}
}

static void tell_survival(
	struct keep *keep, struct holdfast_explanation *told, const struct facts *facts)
{
	struct survival survival = survival_of(facts, told);
	const char *name = facts->kept_name == FACTS_UNNAMED
				   ? "The file has no name: it remains only if it is given one."
				   : "";

	told->survival = survival.value;
	told->layer_count = facts->layers.list.count;
	told->layers = (const struct holdfast_layer *const *)facts->layers.list.items;
	told->not_storable = stores_obstacle(facts);
	if (survival.value == HOLDFAST_SURVIVES && facts->layers.condition)
		told->condition =
			keep_text(keep, "This relies on %s to keep what it has acknowledged.%s%s",
				facts->layers.condition, *name ? " " : "", name);
	else if (*name)
		told->condition = name;
	words_write(keep, told, survival.who, survival.evidence);
}

static void fill(struct whole *whole, const struct facts *facts)
{
	struct holdfast_explanation *told = &whole->told;
	struct keep *keep = &whole->keep;
	struct map_sync sync = map_sync_judge(facts);

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
	tell_survival(keep, told, facts);
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
