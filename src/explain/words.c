/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain/words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/provider.h"
#include "explain/sentences.h"
#include "map/granularity.h"

const char *words_size(struct keep *keep, int64_t bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
	int64_t rest = bytes;
	size_t unit = 0;
	char number[24];

	while (rest >= 1024 && rest % 1024 == 0 && unit + 1 < sizeof(units) / sizeof(*units)) {
		rest /= 1024;
		unit++;
	}
	snprintf(number, sizeof(number), "%" PRId64, rest);
	return keep_text(keep, "%s %s", number, units[unit]);
}

static bool is_refused(const struct holdfast_explanation *told)
{
	switch (told->needed_reason) {
	case HOLDFAST_REASON_DAX_NOT_PERSISTENT:
	case HOLDFAST_REASON_DAX_VOLATILE:
	case HOLDFAST_REASON_DAX_HOST_FLUSH:
	case HOLDFAST_REASON_DAX_READ_ONLY:
	case HOLDFAST_REASON_DAX_NO_CPU_FLUSH:
	case HOLDFAST_REASON_DAX_SYSTEM_RAM:
	case HOLDFAST_REASON_DAX_UNBOUND:
	case HOLDFAST_REASON_DAX_UNSEEN:
		return true;
	default:
		return false;
	}
}

static const char *subject(const struct holdfast_explanation *told)
{
	switch (told->object) {
	case HOLDFAST_OBJECT_DIRECTORY:
		return "stores to a new file here";
	case HOLDFAST_OBJECT_BLOCK_DEVICE:
		return "stores to files on it";
	default:
		return "stores";
	}
}

static const char *promise(const struct holdfast_explanation *told)
{
	switch (told->needed) {
	case PMEM2_GRANULARITY_BYTE:
		return "are durable as soon as they are visible (byte granularity)";
	case PMEM2_GRANULARITY_CACHE_LINE:
		return "are durable after a flush of their cache lines (cache-line granularity)";
	case PMEM2_GRANULARITY_PAGE:
		break;
	}
	return "are durable after the kernel has written back the pages (page granularity)";
}

static const char *condition(
	struct keep *keep, const struct holdfast_explanation *told, const char *who)
{
	if (told->survival == HOLDFAST_SURVIVES_ELSEWHERE ||
		told->survival == HOLDFAST_SURVIVES_UNKNOWN)
		return keep_text(keep, ", if %s keeps them", who);
	if (told->object == HOLDFAST_OBJECT_BLOCK_DEVICE &&
		told->map_sync == HOLDFAST_MAP_SYNC_WOULD_ACCEPT)
		return ", if the file system is mounted with DAX";
	return "";
}

static const char *verdict(
	struct keep *keep, const struct holdfast_explanation *told, const char *who)
{
	if (told->needed_reason == HOLDFAST_REASON_NOT_SHARED)
		return "stores are lost when the map is deleted: it is not shared with a file";
	if (is_refused(told))
		return keep_text(keep, "stores cannot be made durable: the device %s",
			granularity_objection(told->needed_reason));
	if (told->survival == HOLDFAST_SURVIVES_NOT)
		return keep_text(keep, "%s do not survive a power cut or a reboot: it is on %s",
			subject(told), who);
	if (told->not_storable)
		return keep_text(keep, "nothing can be stored: %s", told->not_storable);
	return keep_text(keep, "%s %s%s", subject(told), promise(told), condition(keep, told, who));
}

/* A stream to which a text is written line by line. */
struct text {
	FILE *stream;
	struct keep *keep;
};

#define LINE(text, ...)                                                                            \
	do {                                                                                       \
		fprintf((text)->stream, __VA_ARGS__);                                              \
		putc('\n', (text)->stream);                                                        \
	} while (0)

static void say_what(const struct text *text, const struct holdfast_explanation *told)
{
	const char *size = told->size.answer == HOLDFAST_ANSWERED
				   ? words_size(text->keep, told->size.value)
				   : "unknown size";

	switch (told->object) {
	case HOLDFAST_OBJECT_FILE:
		LINE(text, "It is a regular file of %s.", size);
		break;
	case HOLDFAST_OBJECT_DIRECTORY:
		LINE(text, "It is a directory: all of this applies to new files in it.");
		break;
	case HOLDFAST_OBJECT_BLOCK_DEVICE:
		LINE(text,
			"It is a block device of %s: all of this applies to a file system on it.",
			size);
		break;
	case HOLDFAST_OBJECT_DAX_DEVICE:
		LINE(text, "It is a DAX device of %s: memory without a file system.", size);
		break;
	case HOLDFAST_OBJECT_ANONYMOUS:
		LINE(text, "It is a map of anonymous memory (memory without a file).");
		break;
	}
	if (told->layer_count) {
		fputs("Storage: ", text->stream);
		for (size_t i = 0; i < told->layer_count; i++)
			fprintf(text->stream, "%s%s", i ? "; " : "", told->layers[i]->what);
		fputs(".\n", text->stream);
	}
}

static void say_memory(const struct text *text, const struct holdfast_explanation *told)
{
	if (told->object == HOLDFAST_OBJECT_ANONYMOUS || told->memory == HOLDFAST_MEMORY_UNKNOWN ||
		told->memory == HOLDFAST_MEMORY_NONE)
		return;
	fprintf(text->stream, "The memory under it is %s",
		provider_name((enum memory)told->memory));
	for (size_t i = 0; i < told->region_count; i++)
		fprintf(text->stream, "%s%s", i ? ", " : ": ", told->regions[i]->name);
	fputs(".\n", text->stream);
}

/* Returns true for a drive without a medium: then only the conclusion is written. */
static bool is_empty_device(const struct holdfast_explanation *told)
{
	return told->object == HOLDFAST_OBJECT_BLOCK_DEVICE &&
	       told->size.answer == HOLDFAST_ANSWERED && !told->size.value;
}

static void say_why(const struct text *text, const struct holdfast_explanation *told)
{
	/* If stores do not survive, it does not matter why the granularity is what it is. */
	if (told->survival == HOLDFAST_SURVIVES_NOT && !is_refused(told) &&
		told->needed_reason != HOLDFAST_REASON_NOT_SHARED)
		return;
	LINE(text, "%s", sentence_of_reason(told->needed_reason));
	if (told->map_sync == HOLDFAST_MAP_SYNC_WOULD_ACCEPT ||
		told->map_sync == HOLDFAST_MAP_SYNC_WOULD_REFUSE)
		LINE(text,
			"Whether the kernel accepts MAP_SYNC was inferred from what it reports, and not tried.");
	if (told->obstacle != HOLDFAST_OBSTACLE_NONE && told->map_sync != HOLDFAST_MAP_SYNC_UNKNOWN)
		LINE(text, "%s", sentence_of_obstacle(told->obstacle));
}

static void say_forced(const struct text *text, const struct holdfast_explanation *told)
{
	if (told->reason == HOLDFAST_REASON_FORCED)
		LINE(text,
			"PMEM2_FORCE_GRANULARITY in the environment overrides this: libpmem2 %s %s granularity%s.",
			told->needed == told->granularity ? "is told to use" : "assumes",
			granularity_name(told->granularity),
			told->granularity < told->needed || is_refused(told)
				? ", which gives up durability"
				: "");
}

static bool copies_on_write(const struct holdfast_explanation *told)
{
	static const char *const types[] = {"btrfs", "bcachefs", "zfs", "nilfs2"};

	for (size_t i = 0; told->file_system && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(told->file_system, types[i]))
			return true;
	return false;
}

static void say_how(const struct text *text, const struct holdfast_explanation *told)
{
	if (is_refused(told) || told->survival == HOLDFAST_SURVIVES_NOT)
		return;
	switch (told->needed) {
	case PMEM2_GRANULARITY_BYTE:
		LINE(text, "Programs only have to order their stores, with %s.", told->drain);
		break;
	case PMEM2_GRANULARITY_CACHE_LINE:
		LINE(text, "Programs flush the lines of %zu bytes with %s, then wait with %s.",
			told->cpu->line_size, told->flush, told->drain);
		break;
	case PMEM2_GRANULARITY_PAGE:
		LINE(text, "Programs call msync(2), which writes back pages of %ld bytes.",
			sysconf(_SC_PAGESIZE));
		break;
	}
	if (told->deep_flush != HOLDFAST_DEEP_FLUSH_PAGES)
		LINE(text, "%s", sentence_of_deep_flush(told->deep_flush));
	if (copies_on_write(told))
		LINE(text,
			"This file system writes a changed page to a new place: a store to allocated bytes, too, may fail on a full disk (SIGBUS).");
}

static void say_modules(const struct text *text, const struct holdfast_region *region)
{
	for (size_t i = 0; i < region->dimm_count; i++) {
		const struct holdfast_dimm *dimm = region->dimms[i];
		if (dimm->unsafe_shutdowns.answer == HOLDFAST_ANSWERED &&
			dimm->unsafe_shutdowns.value)
			LINE(text, "Module %s has lost data in %" PRId64 " power cuts so far.",
				dimm->name, dimm->unsafe_shutdowns.value);
	}
}

/* Write lines about the faults of memory regions and modules. */
static void say_warnings(const struct text *text, const struct holdfast_explanation *told)
{
	for (size_t i = 0; i < told->region_count; i++) {
		const struct holdfast_region *region = told->regions[i];
		if (region->read_only.answer == HOLDFAST_ANSWERED && region->read_only.value)
			LINE(text, "%s is read-only.", region->name);
		if (region->bad_sectors.answer == HOLDFAST_ANSWERED && region->bad_sectors.value)
			LINE(text, "%s has %" PRId64 " bad sectors of 512 bytes.", region->name,
				region->bad_sectors.value);
		say_modules(text, region);
	}
}

/*
 * Write why libpmem2 cannot map the file. Left out for O_PATH descriptors, and if the conclusion
 * says it already.
 */
static void say_refusal(const struct text *text, const struct holdfast_explanation *told)
{
	if (told->map_error && told->map_error != -EBADF && !is_refused(told))
		LINE(text, "At present libpmem2 does not map it: %s.", told->map_error_text);
}

/* Write how it is known whether stores survive, and what their survival relies on. */
static void say_survival(
	const struct text *text, const struct holdfast_explanation *told, const char *evidence)
{
	if (told->survival == HOLDFAST_SURVIVES_UNKNOWN && evidence)
		LINE(text, "Whether stores survive a power cut is not known here: %s.", evidence);
	else if (told->survival != HOLDFAST_SURVIVES && evidence)
		LINE(text, "Evidence: %s.", evidence);
	if (told->condition)
		LINE(text, "%s", told->condition);
}

/*
 * Write all parts of an explanation, in this order: conclusion, reasons, remedies, instructions,
 * storage.
 */
static void write_all(
	const struct text *text, const struct holdfast_explanation *told, const char *evidence)
{
	LINE(text, "%s.", told->verdict);
	if (!is_empty_device(told)) {
		say_survival(text, told, evidence);
		say_refusal(text, told);
		say_why(text, told);
		say_forced(text, told);
		say_how(text, told);
	}
	say_what(text, told);
	say_memory(text, told);
	say_warnings(text, told);
}

/* Call `write` with a stream in memory. Returns the text that was written to the stream. */
static const char *collect(
	struct keep *keep, void (*write)(const struct text *, const void *), const void *told)
{
	char *written = NULL;
	size_t length;
	struct text text = {open_memstream(&written, &length), keep};
	const char *kept = "";

	if (!text.stream) {
		keep->failed = true;
		return kept;
	}
	write(&text, told);
	if (ferror(text.stream))
		keep->failed = true;
	if (fclose(text.stream))
		keep->failed = true;
	else
		kept = keep_copy(keep, written);
	free(written);
	return kept;
}

struct judged {
	const struct holdfast_explanation *told;
	const char *evidence;
};

static void write_explanation(const struct text *text, const void *context)
{
	const struct judged *judged = context;

	write_all(text, judged->told, judged->evidence);
}

void words_write(
	struct keep *keep, struct holdfast_explanation *told, const char *who, const char *evidence)
{
	struct judged judged = {told, evidence};

	told->verdict = verdict(keep, told, who);
	told->text = collect(keep, write_explanation, &judged);
}

static void say_cpu(const struct text *text, const struct holdfast_machine *machine)
{
	const struct holdfast_cpu *cpu = machine->cpu;

	if (!strcmp(cpu->flush, "none"))
		LINE(text, "This CPU has no cache flush for programs; its fence is %s.",
			cpu->fence);
	else
		LINE(text, "This CPU flushes cache lines of %zu bytes with %s, and waits with %s.",
			cpu->line_size, cpu->flush, cpu->fence);
	LINE(text, "Copies use %s; those of %zu bytes and more go around the caches.", cpu->copy,
		cpu->copy_threshold);
	LINE(text, "The performance settings for this processor have the name %s.", cpu->tuning);
}

static void say_auto_flush(const struct text *text, const struct holdfast_machine *machine)
{
	if (machine->auto_flush.answer == HOLDFAST_UNREADABLE)
		LINE(text, "It is not known whether the caches survive a power cut: %s.",
			machine->auto_flush.why);
	else if (machine->auto_flush.answer == HOLDFAST_UNSUPPORTED)
		LINE(text,
			"The kernel knows of no persistent memory here: stores to mapped files on disks are durable after the kernel has written back the pages (page granularity).");
	else if (machine->auto_flush.value)
		LINE(text,
			"On all regions the CPU's caches survive a power cut (eADR): no flush is needed.");
	else
		LINE(text, "On some regions the CPU's caches do not survive a power cut.");
}

static void say_region(const struct text *text, const struct holdfast_region *region)
{
	LINE(text, "%s: %s, on %s; %s.", region->name,
		region->size.answer == HOLDFAST_ANSWERED
			? words_size(text->keep, region->size.value)
			: "of unknown size",
		provider_name((enum memory)region->memory), phrase_of_domain(region->domain));
	if (region->bad_sectors.answer == HOLDFAST_ANSWERED && region->bad_sectors.value)
		LINE(text, "%s has %" PRId64 " bad sectors of 512 bytes.", region->name,
			region->bad_sectors.value);
	say_modules(text, region);
}

static void write_machine(const struct text *text, const void *context)
{
	const struct holdfast_machine *machine = context;

	say_auto_flush(text, machine);
	say_cpu(text, machine);
	for (size_t i = 0; i < machine->region_count; i++)
		say_region(text, machine->regions[i]);
	for (size_t i = 0; i < machine->explanation_count; i++)
		LINE(text, "%s: %s.", keep_text(text->keep, "%s", machine->explanations[i]->name),
			machine->explanations[i]->verdict);
}

void words_write_machine(struct keep *keep, struct holdfast_machine *machine)
{
	machine->text = collect(keep, write_machine, machine);
}
