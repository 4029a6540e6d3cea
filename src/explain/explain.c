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

/*
 * An explanation and the memory of all its parts. This struct is itself the first piece of memory
 * in `keep`, so that freeing `keep` frees it, too.
 */
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

/*
 * Describe the instructions in use. An engine's name has the form FLUSH-COPY, such as
 * "clwb-avx512f".
 */
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
		.tuning = cpu.tuning.name,
	};
	return told;
}

/*
 * Returns true if the DAX device belongs to a driver other than device_dax: then no program can
 * map it.
 */
static bool has_other_driver(const struct facts *facts, enum holdfast_reason *reason)
{
	if (facts->is_map || facts->device.kind != DEVICE_DAX || facts->regions.is_hidden ||
		facts->driver == FACTS_DRIVER_DEVICE_DAX)
		return false;
	*reason = facts->driver == FACTS_DRIVER_KMEM ? HOLDFAST_REASON_DAX_SYSTEM_RAM
						     : HOLDFAST_REASON_DAX_UNBOUND;
	return true;
}

/* If the storage could not be seen, replace the reason by one that says "assumed". */
static void admit_what_is_not_seen(
	struct granularity *judged, const struct facts *facts, enum holdfast_map_sync map_sync)
{
	if (judged->reason == HOLDFAST_REASON_NO_MAP_SYNC && map_sync == HOLDFAST_MAP_SYNC_UNKNOWN)
		judged->reason = HOLDFAST_REASON_MAP_SYNC_UNKNOWN;
	if (judged->reason == HOLDFAST_REASON_DAX_NOT_PERSISTENT && facts->regions.is_hidden)
		judged->reason = HOLDFAST_REASON_DAX_UNSEEN;
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
	admit_what_is_not_seen(&judged, facts, told->map_sync);
	/*
	 * If the program has made the map itself, the kernel was not asked for MAP_SYNC: keep the
	 * granularity that the map has.
	 */
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

/*
 * Set the effect of a deep flush. On storage that needs write-back of pages, a deep flush writes
 * pages back.
 */
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

/*
 * Returns the kind of memory of the device's regions, or, if there are no regions, that of the
 * disks under it.
 */
static enum holdfast_memory memory_of(const struct facts *facts)
{
	enum holdfast_memory memory = facts->regions.memory;

	if (memory == HOLDFAST_MEMORY_NONE)
		memory = facts->layers.memory;
	return memory == HOLDFAST_MEMORY_NONE && facts->layers.has_gap ? HOLDFAST_MEMORY_UNKNOWN
								       : memory;
}

/*
 * Returns the persistence domain. For storage that sysfs does not show it is UNREADABLE, not NONE.
 */
static enum holdfast_domain domain_of(const struct facts *facts, enum holdfast_memory memory)
{
	if (facts->regions.all.found)
		return regions_domain(&facts->regions.all);
	switch (memory) {
	case HOLDFAST_MEMORY_NONE:
	case HOLDFAST_MEMORY_CXL_VOLATILE:
	case HOLDFAST_MEMORY_SOFT_RESERVED:
	case HOLDFAST_MEMORY_OTHER_DAX:
		return HOLDFAST_DOMAIN_NONE;
	case HOLDFAST_MEMORY_UNKNOWN:
		return HOLDFAST_DOMAIN_UNREADABLE;
	default: /* the device is partly in a region, or in a region below other layers */
		return HOLDFAST_DOMAIN_UNKNOWN;
	}
}

static void tell_memory(struct holdfast_explanation *told, const struct facts *facts)
{
	const struct regions *regions = &facts->regions;

	told->memory = memory_of(facts);
	told->domain = domain_of(facts, told->memory);
	tell_deep_flush(told, facts);
	told->regions_why = regions->why;
	told->region_count = regions->list.count;
	told->regions = (const struct holdfast_region *const *)regions->list.items;
	told->unsafe_shutdowns = regions->unsafe_shutdowns;
	told->numa_node = regions->numa_node;
	told->size = facts->bytes;
	told->alignment = facts->alignment;
}

/* Copy mount options with the escapes of mountinfo replaced. */
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
 * The answer to the question if stores survive a power cut, what decides this, and how it is known.
 */
struct survival {
	enum holdfast_survival value;
	const char *layer; /* text of a layer to add to the list; NULL: the list has it already */
	const char *who;
	const char *evidence;
};

static struct survival of_removed_file(void)
{
	return (struct survival){HOLDFAST_SURVIVES_NOT, "the file, which has no name any more",
		"a file that has been removed",
		"it has no name any more, and is gone when it is closed"};
}

static struct survival of_layers(const struct layers *layers)
{
	return (struct survival){layers->survival, NULL, layers->who, layers->evidence};
}

static struct survival of_dax_device(
	struct keep *keep, enum holdfast_survival value, enum holdfast_reason reason)
{
	const char *objection = granularity_objection(reason);

	return (struct survival){value, keep_text(keep, "the device, which %s", objection),
		objection, keep_text(keep, "the device %s", objection)};
}

static struct survival survival_of(
	struct keep *keep, const struct facts *facts, const struct holdfast_explanation *told)
{
	if (!facts->has_device || told->needed_reason == HOLDFAST_REASON_NOT_SHARED)
		return (struct survival){HOLDFAST_SURVIVES_NOT, "the map, which is private",
			"a map that is not shared with a file",
			"stores to this map do not reach a file"};
	if (facts->regions.all.is_volatile)
		return (struct survival){HOLDFAST_SURVIVES_NOT, "volatile memory",
			"memory in a region that is volatile",
			"its region is of the volatile type"};
	switch (told->needed_reason) {
	case HOLDFAST_REASON_DAX_NOT_PERSISTENT:
	case HOLDFAST_REASON_DAX_VOLATILE:
	case HOLDFAST_REASON_DAX_HOST_FLUSH:
	case HOLDFAST_REASON_DAX_READ_ONLY:
	case HOLDFAST_REASON_DAX_NO_CPU_FLUSH:
	case HOLDFAST_REASON_DAX_SYSTEM_RAM:
		return of_dax_device(keep, HOLDFAST_SURVIVES_NOT, told->needed_reason);
	case HOLDFAST_REASON_DAX_UNBOUND:
	case HOLDFAST_REASON_DAX_UNSEEN:
		return of_dax_device(keep, HOLDFAST_SURVIVES_UNKNOWN, told->needed_reason);
	default:
		return facts->kept_name == FACTS_REMOVED ? of_removed_file()
							 : of_layers(&facts->layers);
	}
}

/*
 * List the layers. If the answer whether stores survive is decided by something else, such as a
 * file that was removed, the list begins with an entry for that.
 */
static void tell_layers(struct keep *keep, struct holdfast_explanation *told,
	const struct facts *facts, const struct survival *survival)
{
	const struct keep_list *found = &facts->layers.list;
	struct keep_list list = {.count = 0};

	/* A removed file is lost in any case, whatever the storage below it. */
	if (survival->layer &&
		(survival->value < facts->layers.survival || facts->kept_name == FACTS_REMOVED)) {
		struct holdfast_layer *first = keep_new(keep, sizeof(*first));
		if (first)
			*first = (struct holdfast_layer){sizeof(*first), survival->layer,
				survival->value, survival->evidence};
		keep_append(keep, &list, first);
	}
	for (size_t i = 0; i < found->count; i++)
		keep_append(keep, &list, found->items[i]);
	told->layer_count = list.count;
	told->layers = (const struct holdfast_layer *const *)list.items;
}

static void tell_survival(
	struct keep *keep, struct holdfast_explanation *told, const struct facts *facts)
{
	struct survival survival = survival_of(keep, facts, told);
	const char *name = facts->kept_name == FACTS_UNNAMED
				   ? "The file has no name: it is kept only if it is given one."
				   : "";

	told->survival = survival.value;
	tell_layers(keep, told, facts, &survival);
	told->not_storable = stores_obstacle(facts);
	if (survival.value == HOLDFAST_SURVIVES && facts->layers.condition)
		told->condition =
			keep_text(keep, "This relies on %s to keep what was acknowledged.%s%s",
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
		return err_set(-ENOMEM, "out of memory for an explanation");
	}
	*explanation = &whole->told;
	return 0;
}

/*
 * Save the last error message in *before, to be put back later: even if the explanation as a whole
 * succeeds, some of its steps may fail and set a message.
 */
static int keep_sentence(char **before)
{
	*before = strdup(err_get());
	return *before ? 0 : err_set(-ENOMEM, "out of memory for an explanation");
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

/*
 * Allocate facts on the heap: they have 200 bytes, too many for a call that may use 4 KiB of
 * stack.
 */
static struct facts *facts_new(char **before, int *error)
{
	struct facts *facts;

	*error = keep_sentence(before);
	if (*error)
		return NULL;
	facts = malloc(sizeof(*facts));
	if (!facts)
		*error = err_set(-ENOMEM, "out of memory for an explanation");
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
