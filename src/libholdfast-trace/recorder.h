/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * recorder.h - what the files of the recorder share
 *
 * The recorder is loaded into a program by LD_PRELOAD and defines calls of libpmem, libpmem2 and
 * the C library. Calls for files under test become records in the ring; everything else goes on
 * to the library that was meant. It must not use the C library where that may come back here:
 * system calls are made with syscall(2), memory is mapped. An argument that the kernel takes for a
 * long must be one: of an int, the upper half may be anything.
 *
 * Locks: ring->lock protects the table of files, across processes; maps.c and stack.c have one lock
 * each, within the process. No lock is taken while another is held, but for ring->lock by maps.c.
 */
#ifndef LIBHOLDFAST_TRACE_RECORDER_H
#define LIBHOLDFAST_TRACE_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "trace/ring.h"

#define EXPORT     __attribute__((visibility("default")))
#define TLS_SHARED __thread __attribute__((tls_model("initial-exec")))
#define TLS        static __thread __attribute__((tls_model("initial-exec")))

/* The place that a public call of ours was called from. */
#define CALLER                                                                                     \
	((struct call){                                                                            \
		(uintptr_t)__builtin_return_address(0), (uintptr_t)__builtin_frame_address(0)})

struct call {
	uintptr_t pc, frame;
};

/* A mapping of a file under test; `lo` is 1 and `hi` 0 once it is gone. */
struct map {
	uintptr_t lo, hi;
	unsigned char *shadow; /* of the byte at lo; shared by all processes */
	uint64_t place;        /* of the byte at lo */
};

extern struct ring *ring;            /* NULL: nothing is recorded */
extern uintptr_t maps_lo, maps_span; /* all maps lie in [lo, lo + span) */

/* Are flushes and syncs of files under test executed, besides being recorded? */
static ALWAYS_INLINE bool is_really(void)
{
	return unlikely(ring && ring->really);
}

/* begin.c: what the ring is, and the next function of that name. */
/* A descriptor of the directory for shadows, also after the program has closed it; or -1. */
int trace_directory(void);
unsigned thread_number(void);
void *next_function(const char *name);

/* output.c: how many bytes the program has written to the tool's file for its standard output. */
void output_begin(void);
uint64_t written_out(void);

/* The C library's, or plain loops until they are known. */
void *real_memmove(void *to, const void *from, size_t length);
void *real_memset(void *to, int byte, size_t length);

/* write.c. `payload` is NULL or has event->length bytes. The thread is filled in. */
void write_event(const struct event *event, const void *payload);
/* Two that have none, with nothing between them. */
void write_pair(const struct event *first, const struct event *second);
/* One with a line as its payload, and two that have none. */
void write_three(const struct event *seen, const uint64_t *line, const struct event *first,
	const struct event *second);

/* maps.c */
struct map *maps_find_slow(uintptr_t address);
static ALWAYS_INLINE bool maps_may_have(uintptr_t address)
{
	return address - maps_lo < maps_span;
}
static ALWAYS_INLINE struct map *maps_find(uintptr_t address)
{
	return unlikely(maps_may_have(address)) ? maps_find_slow(address) : NULL;
}
void maps_add(void *address, size_t length, int fd, uint64_t offset);
void maps_remove(void *address, size_t length);
/* The map of this place of a file is here now; what was mapped here before has been removed. */
void maps_add_moved(void *address, size_t length, uint64_t place);
/* The number of the file behind the descriptor, 0 unless it is under test. */
unsigned maps_file(int fd);
/* The number of a file that is known; or 0. */
struct stat;
unsigned maps_known(const struct stat *stat);
/* Makes the file known; 0 if that cannot be done. */
unsigned maps_register(int fd);
/* Content that is empty, of no file yet; 0: there is no room. */
unsigned maps_new_content(const char *name);
/* There is room for bytes up to `end`. */
bool maps_make_room(unsigned number, uint64_t end);
/* Opens what is known of the file. */
int maps_shadow(unsigned number);
/* Call `each` for all live maps of a file; 0: of all files. */
void maps_each(unsigned file, void (*each)(struct map *, void *), void *context);

/* stack.c: the number of this call stack. */
uint32_t stack_number(struct call call);
void stack_after_fork(void);
void maps_after_fork(void);

/* hooks.c: a store that was noted goes into the trace; before all that comes after it. */
extern TLS_SHARED bool has_noted;
void settle_noted(void);
static ALWAYS_INLINE void settle(void)
{
	if (unlikely(has_noted))
		settle_noted();
}

/* look.c: compare lines with their shadow, and record those that differ. */
void look(struct map *map, uintptr_t from, uintptr_t to, uint32_t stack);
void look_at_file(unsigned file, uint32_t stack);
typedef uint64_t line_words[EVENT_LINE / 8];
/* The same for one line, whose record the caller writes: false if there is nothing to record. */
bool look_at_one(
	struct map *map, uintptr_t address, uint32_t stack, struct event *event, line_words line);

/* record.c: the meaning of calls. Ranges are clipped to the map. */
void record_flush(uintptr_t address, size_t length, struct call call);
void record_fence(struct call call);
void record_persist(uintptr_t address, size_t length, struct call call); /* both */
/* An operation begins or ends. */
void record_mark(uint64_t operation, bool is_end, struct call call);
void record_clflush(uintptr_t address, struct call call);
/* Does the stores itself. */
void record_stream(struct map *map, void *to, const void *from, size_t length, struct call call);
void record_sync(uintptr_t address, size_t length, struct call call);
void record_file_sync(unsigned file, struct call call);
void record_copied(struct map *map, uintptr_t to, size_t length, uint32_t stack);

/*
 * names.c: a directory that is watched. Calls that change names or sizes are made between begin and
 * end, so that they are recorded in the order in which they happened.
 */
static ALWAYS_INLINE bool names_are_watched(void)
{
	return unlikely(ring && ring->watch_inode);
}
void names_begin(void);
void names_end(void);
bool names_is_directory(const struct stat *stat);
/* The number of the name, plus 1, if the path lies in the directory; else 0. */
unsigned names_find(int directory, const char *path);
/* The file that the path leads to, 0: none that is known; its size. */
unsigned names_file(int directory, const char *path, uint64_t *size);
/* The name leads to the file, 0: nowhere; and the other one, if there is one, nowhere. */
void names_set(unsigned name, unsigned other, unsigned file, struct call call);
/* `name` is for people. */
void names_truncate(unsigned file, const char *name, uint64_t old, uint64_t size, struct call call);
void names_written(int fd, const void *data, size_t length, uint64_t at, struct call call);
/* Find what was written in other ways, by comparing. */
void names_look(unsigned file, int fd, struct call call);
void names_sync(unsigned file, struct call call); /* 0: the directory */

/* Copies by libpmem and libpmem2: what comes after the bytes are there. */
enum after_copy { THEN_NOTHING, THEN_FLUSH, THEN_DRAIN };
void *record_move(
	void *to, const void *from, size_t length, enum after_copy then, struct call call);
void *record_fill(void *to, int byte, size_t length, enum after_copy then, struct call call);

/* calls_shim.c: a flush by one of the instructions of trace/hooks.h; and a fence. */
void shim_flush(const void *address, int instruction, struct call call);
void shim_fence(struct call call);

/* x86_64/probes.c: raw instructions of programs that were not built for this. */
void probes_begin(void);
void probes_after_fork(void);
/* Code was made at this address. */
void probes_made(uintptr_t address);

#endif
