/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trace.c - traces of stores, flushes and fences, in memory and in files: malformed ones are
 * refused
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "tap.h"
#include "trace/trace.h"

#define SIZE 8192

static char path[64];

static int add(struct trace *trace, struct event event, const void *payload)
{
	struct event slots[64] = {event};

	if (payload)
		memcpy(slots + 1, payload, event.length);
	return trace_add(trace, slots, 64);
}

static int add_file(struct trace *trace)
{
	return add(trace,
		(struct event){
			.kind = EVENT_FILE, .place = place_of(1, 0), .value = SIZE, .length = 4},
		"pool");
}

static void make(struct trace *trace)
{
	struct frame frame = {1, 0, 0x123};
	unsigned char line[64] = {5};

	trace_init(trace, 64);
	add_file(trace);
	add(trace, (struct event){.kind = EVENT_OBJECT, .value = 1, .length = 4}, "prog");
	add(trace, (struct event){.kind = EVENT_STACK, .value = 1, .length = sizeof(frame)},
		&frame);
	add(trace,
		(struct event){
			.kind = EVENT_STORE, .stack = 1, .place = place_of(1, 8), .length = 8},
		NULL);
	add(trace, (struct event){.kind = EVENT_SEEN, .place = place_of(1, 64), .length = 64},
		line);
	add(trace, (struct event){.kind = EVENT_FLUSH, .place = place_of(1, 64), .length = 128},
		NULL);
	add(trace, (struct event){.kind = EVENT_FENCE, .value = 7}, NULL);
}

static void in_memory(void)
{
	struct trace trace;
	unsigned count = 0;

	make(&trace);
	for (const struct event *event = trace_first(&trace); event;
		event = trace_next(&trace, event))
		count++;
	is_int(count, 7, "trace_next: returns all records, one after the other");
	is_int(trace.events, 7, "trace_add: counts the records");
	is_int(trace.file_count, 1, "trace_add: a file record adds an entry to the table of files");
	is_str(trace.files[0].name, "pool", "trace_add: the name in a file record is kept");
	is_int(trace.files[0].size, SIZE, "trace_add: the size in a file record is kept");
	is_str(trace.objects[0], "prog", "trace_add: the path in an object record is kept");
	is_int(trace.stacks[0].frames[0].offset, 0x123,
		"trace_add: the frames in a stack record are kept");
	trace_fini(&trace);
}

static void refuses(const char *what, struct event event)
{
	struct trace trace;

	trace_init(&trace, 64);
	add_file(&trace);
	is_int(add(&trace, event, NULL), -22, "trace_add: refuses %s", what);
	is_int(trace.events, 1, "trace_add: the trace is unchanged after it refused %s", what);
	trace_fini(&trace);
}

static void malformed(void)
{
	struct event slot = {.kind = EVENT_COPY, .place = place_of(1, 0), .length = 64};
	struct trace trace;

	refuses("a record of an unknown kind", (struct event){.kind = EVENT_KINDS});
	refuses("a record without a kind", (struct event){.kind = EVENT_NONE});
	refuses("a store of 9 bytes",
		(struct event){.kind = EVENT_STORE, .place = place_of(1, 0), .length = 9});
	refuses("a store of no bytes",
		(struct event){.kind = EVENT_STORE, .place = place_of(1, 0), .length = 0});
	refuses("a store behind the file",
		(struct event){.kind = EVENT_STORE, .place = place_of(1, SIZE - 4), .length = 8});
	refuses("a store to an unknown file",
		(struct event){.kind = EVENT_STORE, .place = place_of(2, 0), .length = 8});
	refuses("a store to file 0", (struct event){.kind = EVENT_STORE, .place = 0, .length = 8});
	refuses("an atomic store of no bytes at a place",
		(struct event){.kind = EVENT_ATOMIC, .place = UINT64_MAX, .length = 0});
	refuses("a flush of half a line",
		(struct event){.kind = EVENT_FLUSH, .place = place_of(1, 0), .length = 32});
	refuses("a flush longer than the file",
		(struct event){
			.kind = EVENT_FLUSH, .place = place_of(1, 0), .length = UINT64_MAX - 63});
	refuses("a payload beyond the limit", (struct event){.kind = EVENT_COPY,
						      .place = place_of(1, 0),
						      .length = EVENT_MAX_PAYLOAD + 1});
	refuses("a stack with the number 0",
		(struct event){.kind = EVENT_STACK, .value = 0, .length = 16});
	refuses("an object with the number 0",
		(struct event){.kind = EVENT_OBJECT, .value = 0, .length = 0});
	refuses("bytes that are sent to a file which is not a mirror",
		(struct event){.kind = EVENT_SEND, .place = place_of(1, 0), .length = 8});
	refuses("a drain of a file which is not a mirror",
		(struct event){.kind = EVENT_DRAIN, .place = place_of(1, 0)});
	refuses("a file that becomes a mirror",
		(struct event){
			.kind = EVENT_FILE, .size = EVENT_FILE_MIRROR, .place = place_of(1, 0)});
	refuses("a report on probes of another size",
		(struct event){.kind = EVENT_PROBES, .length = 64});
	trace_init(&trace, 64);
	add_file(&trace);
	is_int(trace_add(&trace, &slot, 2), -22, "trace_add: refuses a payload that is truncated");
	trace_fini(&trace);
}

static void mirrors(void)
{
	struct event slots[2] = {{.kind = EVENT_FILE,
		.size = EVENT_FILE_MIRROR,
		.place = place_of(1, 0),
		.value = 4096}};
	struct event sent = {.kind = EVENT_SEND, .place = place_of(1, 4088), .length = 8};
	uint64_t bytes[4] = {7};
	struct trace trace;

	trace_init(&trace, 64);
	is_int(trace_add(&trace, slots, 1), 1,
		"trace_add: a record of a remote pool (a mirror) is added");
	is_int(add(&trace, sent, bytes), 2,
		"trace_add: a record of bytes that were sent to a remote pool is added");
	sent.value = EVENT_TOGETHER + 1;
	is_int(add(&trace, sent, bytes), -22,
		"trace_add: refuses bytes that were sent on a lane number out of range");
	sent = (struct event){.kind = EVENT_SEND, .place = place_of(1, 4092), .length = 8};
	is_int(add(&trace, sent, bytes), -22,
		"trace_add: refuses bytes that were sent behind the end of a remote pool");
	sent = (struct event){.kind = EVENT_STORE, .place = place_of(1, 0), .length = 8};
	is_int(add(&trace, sent, NULL), -22, "trace_add: refuses a CPU store to a remote pool");
	trace_fini(&trace);
}

static void round_trip(void)
{
	struct trace trace, again;
	unsigned char *first[EVENT_FILES] = {0}, *loaded[EVENT_FILES];

	make(&trace);
	first[0] = calloc(1, SIZE);
	first[0][4097] = 9;
	is_int(trace_save(&trace, first, path), 0, "trace_save: a trace is saved");
	is_int(trace_load(&again, loaded, path), 0, "trace_load: a saved trace is loaded");
	is_int(again.count, trace.count,
		"trace_load: a loaded trace has as many slots for records as the saved one");
	ok(!memcmp(again.slots, trace.slots, trace.count * EVENT_SLOT),
		"trace_load: a loaded trace has the records of the saved one");
	ok(!memcmp(loaded[0], first[0], SIZE),
		"trace_load: a loaded trace has the initial contents of the traced file");
	trace_file_free(loaded[0], SIZE);
	free(first[0]);
	trace_fini(&again);
	trace_fini(&trace);
}

static void write_file(const unsigned char *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		bail("cannot write %s", path);
	close(fd);
}

static int load(const unsigned char *bytes, size_t size)
{
	unsigned char *first[EVENT_FILES];
	struct trace trace;

	write_file(bytes, size);
	int error = trace_load(&trace, first, path);
	if (!error) {
		for (unsigned i = 0; i < trace.file_count; i++)
			trace_file_free(first[i], trace.files[i].size);
		trace_fini(&trace);
	}
	return error;
}

/* Trace files that are truncated, as on a full disk, damaged, or not trace files at all. */
static void bad_files(void)
{
	static unsigned char bytes[1 << 16];
	int fd = open(path, O_RDONLY);
	ssize_t size = read(fd, bytes, sizeof(bytes));
	unsigned refused = 0, random = 1, tries = 500;

	close(fd);
	is_int(load(bytes, (size_t)size), 0,
		"trace_load: an unchanged copy of a trace file is loaded");
	for (ssize_t length = 0; length < size; length += 29)
		refused += load(bytes, (size_t)length) == -22;
	is_int(refused, (size + 28) / 29, "trace_load: a file truncated at any length is refused");
	is_int(load((const unsigned char *)"garbage", 7), -22,
		"trace_load: a file that is not a trace is refused");
	bytes[8] ^= 8;
	is_int(load(bytes, (size_t)size), -22,
		"trace_load: a file of an unknown format version is refused");
	has_str(err_get(), "version 12",
		"trace_load: the message for an unknown format version has this version");
	bytes[8] ^= 8 ^ 4 ^ 3;
	is_int(load(bytes, (size_t)size), 0,
		"trace_load: a file of the older format version 3 is loaded");
	bytes[8] ^= 4 ^ 3;
	for (refused = 0; tries; tries--) {
		random = random * 1103515245 + 12345;
		size_t at = (random >> 8) % (size_t)(size - 32) + 32;
		unsigned char kept = bytes[at];
		bytes[at] = (unsigned char)(random >> 3);
		refused += load(bytes, (size_t)size) != 0;
		bytes[at] = kept;
	}
	ok(refused > 0 && refused < 500,
		"trace_load: of 500 trace files with one changed byte, at least one is refused (%u)",
		refused);
	unlink(path);
	is_int(trace_load(&(struct trace){0}, (unsigned char *[EVENT_FILES]){0}, path), -2,
		"trace_load: a missing file gives ENOENT");
}

/* Makes a long trace, and counts the events that are read back in order. */
static uint64_t read_long(struct trace *trace)
{
	uint64_t wanted = 5 * SPILL_SLOTS + 10, good = 0;

	trace_init(trace, wanted + 64);
	add_file(trace);
	for (uint64_t i = 0; i < wanted; i++)
		add(trace, (struct event){.kind = EVENT_FENCE, .value = i}, NULL);
	if (trace->spill.state == SPILL_OPEN)
		fdatasync(trace->spill.fd); /* the kernel can only drop clean pages from memory */
	for (unsigned pass = 0; pass < 2; pass++)
		for (const struct event *event = trace_first(trace); event;
			event = trace_next(trace, event))
			good += event->kind == EVENT_FENCE && event->value == good % wanted;
	return good - wanted;
}

/* Returns how many pages of the first SPILL_SLOTS slots of the trace are in memory. */
static unsigned resident(const struct trace *trace)
{
	unsigned char pages[SPILL_PIECE / 4096];
	unsigned count = 0;

	if (mincore(trace->slots, sizeof(pages) * 4096, pages))
		return 0;
	for (unsigned i = 0; i < sizeof(pages); i++)
		count += pages[i] & 1;
	return count;
}

static void in_a_file(void)
{
	struct trace trace;

	is_int((long long)read_long(&trace), 5 * SPILL_SLOTS + 10,
		"trace_next: returns all events of a long trace, in order");
	if (trace.spill.state == SPILL_OPEN) {
		ok(trace.spill.size >= 3 * SPILL_PIECE,
			"trace_add: the older events of a long trace are moved to a temporary file");
		ok(resident(&trace) < SPILL_PIECE / 4096 / 2,
			"trace_next: events read back from the temporary file do not stay in memory");
	} else {
		skip("trace_add: the older events of a long trace are moved to a temporary file",
			"the directory for temporary files is in memory");
	}
	trace_fini(&trace);
	setenv("TMPDIR", "/missing", 1);
	is_int((long long)read_long(&trace), 5 * SPILL_SLOTS + 10,
		"trace_next: returns all events of a long trace if the directory for temporary files is missing");
	ok(trace.spill.state == SPILL_REFUSED,
		"trace_add: all events of a long trace stay in memory if the directory for temporary files is missing");
	trace_fini(&trace);
}

static int add_named(
	struct trace *trace, unsigned kind, uint64_t value, uint64_t place, const char *name)
{
	return add(trace,
		(struct event){.kind = (uint8_t)kind,
			.value = value,
			.place = place,
			.length = strlen(name)},
		name);
}

static void directories(void)
{
	struct trace trace;

	trace_init(&trace, 64);
	add_named(&trace, EVENT_DIRECTORY, 1, 0, "outer");
	add_named(&trace, EVENT_DIRECTORY, 2, 1, "inner");
	add_named(&trace, EVENT_NAME, 7, 2, "file");
	char *name = trace_name(&trace, 7);
	is_str(name, "outer/inner/file",
		"trace_name: returns the path of a name, from the watched directory on");
	free(name);
	ok(!trace_name(&trace, 8), "trace_name: returns no path if no name has the given number");
	is_int(add_named(&trace, EVENT_DIRECTORY, 0, 0, "x"), -22,
		"trace_add: a record that gives the watched directory itself a name is refused");
	is_int(add_named(&trace, EVENT_DIRECTORY, NAMES_DIRECTORIES, 0, "x"), -22,
		"trace_add: a record with a directory number out of range is refused");
	is_int(add_named(&trace, EVENT_DIRECTORY, 3, 0, "a/b"), -22,
		"trace_add: a directory name with a slash is refused");
	is_int(add_named(&trace, EVENT_NAME, 9, NAMES_DIRECTORIES, "x"), -22,
		"trace_add: a name in a directory whose number is out of range is refused");
	is_int(add_named(&trace, EVENT_MISSED, MISSED_WAYS, 0, "x"), -22,
		"trace_add: a record of a file access that was missed is refused if its kind of access is unknown");
	add_named(&trace, EVENT_DIRECTORY, 1, 2, "outer");
	name = trace_name(&trace, 7);
	ok(name,
		"trace_name: returns a path even if damaged records say that two directories contain each other");
	free(name);
	trace_fini(&trace);
}

int main(void)
{
	snprintf(path, sizeof(path), "/tmp/holdfast-trace-%d", getpid());
	in_memory();
	malformed();
	mirrors();
	round_trip();
	bad_files();
	in_a_file();
	directories();
	return tap_done();
}
