/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trace.c - a fuzzer of traces, which `holdfast crash' and `holdfast stat' read
 *
 * The input is read as a trace file, which is loaded or refused; and as records of a trace, up to
 * the first record that is refused. The accepted records are counted and explored. After that, the
 * explorer's copies of the files' contents ("memories") must have the same bytes as before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crash/explore.h"
#include "crash/mirror.h"
#include "fuzz.h"
#include "trace/count.h"

#define SLOTS       256
#define LARGEST     65536u /* bytes: traces with a larger file are not explored */
#define PAGES(size) (((size) + 4095) & ~UINT64_C(4095))

static void as_file(const uint8_t *data, size_t size)
{
	unsigned char *first[EVENT_FILES];
	struct trace trace;
	char path[64];
	int fd = memfd_create("trace", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!trace_load(&trace, first, path)) {
		for (unsigned i = 0; i < trace.file_count; i++)
			trace_file_free(first[i], trace.files[i].size);
		trace_fini(&trace);
	}
	close(fd);
}

/*
 * Stands for a check. Calls an image good or bad by a checksum of the first page of the first file,
 * so that any image may be bad.
 */
static int judge(void *context, struct verdict *verdict)
{
	const struct memories *memories = context;
	unsigned sum = 0;

	for (unsigned i = 0; i < 4096 && memories->image[0]; i++)
		sum = sum * 31 + memories->image[0][i];
	verdict->status = sum % 4 ? 0 : 256;
	return 0;
}

/*
 * Returns memory for a file: whole pages, at least one since judge() reads it, filled with `byte`.
 */
static unsigned char *new_memory(uint64_t size, unsigned char byte)
{
	size_t room = size ? PAGES(size) : 4096;
	unsigned char *memory = malloc(room);

	must(memory);
	memset(memory, byte, room);
	return memory;
}

static void explore_it(const struct trace *trace, enum model model)
{
	struct explore_options options = {.budget = 8, .images = 64, .seed = 1, .model = model};
	struct memories memories = {0};
	struct explored explored = {0};
	struct judge calls = {.judge = judge, .context = &memories};

	for (unsigned i = 0; i < trace->file_count; i++) {
		memories.first[i] = new_memory(trace->files[i].size, 7);
		memories.base[i] = new_memory(trace->files[i].size, 7);
		memories.image[i] = new_memory(trace->files[i].size, 7);
	}
	explore(trace, &memories, &options, &calls, &explored);
	explored_fini(&explored);
	for (unsigned i = 0; i < trace->file_count; i++) {
		must(!memcmp(memories.base[i], memories.first[i], PAGES(trace->files[i].size)));
		free(memories.first[i]);
		free(memories.base[i]);
		free(memories.image[i]);
	}
}

static void explore_mirrors(const struct trace *whole)
{
	struct trace mirrors;

	if (!mirror_is_there(whole))
		return;
	must(!mirror_only(whole, &mirrors));
	explore_it(&mirrors, MODEL_MIRROR);
	trace_fini(&mirrors);
}

static void as_records(const uint8_t *data, size_t size)
{
	static struct event slots[SLOTS];
	size_t count = size / EVENT_SLOT < SLOTS ? size / EVENT_SLOT : SLOTS;
	bool is_small = true;
	struct counts counts;
	struct trace trace;

	memcpy(slots, data, count * EVENT_SLOT);
	must(!trace_init(&trace, SLOTS));
	for (size_t at = 0; at < count;) {
		int taken = trace_add(&trace, slots + at, count - at);
		if (taken < 0)
			break;
		must(taken > 0 && (size_t)taken <= count - at);
		at += (size_t)taken;
	}
	for (unsigned i = 0; i < trace.file_count; i++)
		is_small &= trace.files[i].size <= LARGEST;
	if (is_small) {
		must(!count_trace(&trace, &counts));
		must(counts.total.clean_lines <= counts.total.lines);
		must(counts.total.redundant_flushes <= counts.total.flushes);
		counts_fini(&counts);
		explore_it(&trace, MODEL_CACHE_LINE);
		explore_mirrors(&trace);
	}
	trace_fini(&trace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_file(data, size);
	as_records(data, size);
	return 0;
}
