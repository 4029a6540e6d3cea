/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * recorder.h - declarations that the files of the recorder share
 *
 * The recorder is loaded into a program by LD_PRELOAD and defines calls of libpmem, libpmem2 and
 * the C library. Calls for files under test become records in the ring; all other calls are passed
 * to the library that the program meant. The recorder must not call functions of the C library
 * that may call the recorder again: it uses syscall(2) for system calls and maps its memory. An
 * argument that the kernel reads as a long must be passed as a long: the upper half of an int may
 * be anything.
 *
 * Locks: ring->lock protects the table of files, across processes; maps.c and stack.c have one
 * lock each, within the process. No lock is taken while another is held; the exception is
 * ring->lock, which maps.c takes.
 */
#ifndef LIBHOLDFAST_TRACE_RECORDER_H
#define LIBHOLDFAST_TRACE_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "trace/missed.h"
#include "trace/ring.h"

#define USED       __attribute__((used))
#define EXPORT     __attribute__((visibility("default")))
#define TLS_SHARED __thread __attribute__((tls_model("initial-exec")))
#define TLS        static __thread __attribute__((tls_model("initial-exec")))

/* The address from which the program called the recorder's public function. */
#define CALLER                                                                                     \
	((struct call){                                                                            \
		(uintptr_t)__builtin_return_address(0), (uintptr_t)__builtin_frame_address(0)})

struct call {
	uintptr_t pc, frame;
};

/* A mapping of a file under test. A map that is gone has lo 1 and hi 0. */
struct map {
	uintptr_t lo, hi;
	unsigned char *shadow; /* shadow of the byte at lo; shared by all processes */
	uint64_t place;        /* place (trace/event.h) of the byte at lo */
};

extern struct ring *ring;            /* NULL: nothing is recorded */
extern uintptr_t maps_lo, maps_span; /* all maps lie in [lo, lo + span) */

/* Are flushes and syncs of files under test also executed, in addition to being recorded? */
static ALWAYS_INLINE bool is_really(void)
{
	return unlikely(ring && ring->really);
}

/* functions of begin.c */
/* A descriptor of the tool's directory, valid even if the program has closed it; or -1. */
int trace_directory(void);
unsigned thread_number(void);
/* The function with this name in the libraries that the recorder was loaded in front of. */
void *next_function(const char *name);

/*
 * output.c: the number of bytes that the program has written to the tool's file for its standard
 * output.
 */
void output_begin(void);
uint64_t written_out(void);

/* The C library's functions, or plain loops until these are found. */
void *real_memmove(void *to, const void *from, size_t length);
void *real_memset(void *to, int byte, size_t length);

/* write.c: writes a record. `payload` is NULL or has event->length bytes. Fills in the thread. */
void write_event(const struct event *event, const void *payload);
/* Writes two records without payload, with no other record between them. */
void write_pair(const struct event *first, const struct event *second);
/* Writes a record with a line as its payload, and two records without payload. */
void write_three(const struct event *seen, const uint64_t *line, const struct event *first,
	const struct event *second);

/* Records that the program acts in a way that is not followed. `name`: the library or file. */
void tell_missed(enum missed way, const char *name);

/* maps.c: finds the map that contains an address */
struct map *maps_find_slow(uintptr_t address);
static ALWAYS_INLINE bool maps_may_have(uintptr_t address)
{
	return address - maps_lo < maps_span;
}
static ALWAYS_INLINE struct map *maps_find(uintptr_t address)
{
	return unlikely(maps_may_have(address)) ? maps_find_slow(address) : NULL;
}
/* Adds a map of the whole pages of a file. The part behind its end becomes a map when it grows. */
void maps_add(void *address, size_t length, int fd, uint64_t offset);
/* Notes that the file may have grown. */
void maps_grow(int fd);
/* Are all bytes of the file in maps of this process? */
bool maps_cover(unsigned file);
void maps_remove(void *address, size_t length);
/* Adds a map of this place of a file. The caller has removed the previous map at the address. */
void maps_add_moved(void *address, size_t length, uint64_t place);
/* Calls `each` for all live maps of a file; file 0: of all files. */
void maps_each(unsigned file, void (*each)(struct map *, void *), void *context);

/* files.c: the number of the file behind the descriptor; 0: it is not under test */
unsigned files_number(int fd);
/* The number of a registered file; 0: it is not registered. */
struct stat;
unsigned files_known(const struct stat *stat);
/* Registers the file and returns its number; 0 on failure. */
unsigned files_register(int fd);
/*
 * Makes an empty content that belongs to no file yet and returns its number; 0: there is no room.
 */
unsigned files_new_content(const char *name);
/* Makes room for the file's bytes up to `end`. False: failure. */
bool files_make_room(unsigned number, uint64_t end);
/* Opens the file's shadow. Returns the descriptor. */
int files_shadow(unsigned number);

/* lock.c: locks in the ring */
void lock_take(uint32_t *lock);
void lock_leave(uint32_t *lock);

/* stack.c: the number of this call stack */
uint32_t stack_number(struct call call);
void stack_after_fork(void);
void maps_after_fork(void);

/* hooks.c: puts a noted store into the trace, before everything that comes after it. */
extern TLS_SHARED bool has_noted;
void settle_noted(void);
static ALWAYS_INLINE void settle(void)
{
	if (unlikely(has_noted))
		settle_noted();
}

/* look.c: compares lines with their shadow, and records those that differ. */
void look(struct map *map, uintptr_t from, uintptr_t to, uint32_t stack);
void look_at_file(unsigned file, uint32_t stack);
typedef uint64_t line_words[EVENT_LINE / 8];
/* Compares one line, whose record the caller writes. False: there is nothing to record. */
bool look_at_one(
	struct map *map, uintptr_t address, uint32_t stack, struct event *event, line_words line);

/* record.c: records what calls do. Ranges are clipped to the map. */
void record_flush(uintptr_t address, size_t length, struct call call);
void record_fence(struct call call);
void record_persist(uintptr_t address, size_t length, struct call call); /* a flush and a drain */
/* Records that an operation begins or ends. */
void record_mark(uint64_t operation, bool is_end, struct call call);
void record_clflush(uintptr_t address, struct call call);
/* Records streaming stores, and executes them. */
void record_stream(struct map *map, void *to, const void *from, size_t length, struct call call);
void record_sync(uintptr_t address, size_t length, struct call call);
void record_file_sync(unsigned file, struct call call);
void record_copied(struct map *map, uintptr_t to, size_t length, uint32_t stack);

/*
 * names.c: records the files of the watched directory. Calls that change names or sizes are made
 * between names_begin() and names_end(), so that they are recorded in the order in which they
 * happened.
 */
static ALWAYS_INLINE bool names_are_watched(void)
{
	return unlikely(ring && ring->directory_count);
}
void names_begin(void);
void names_end(void);
/* The number of a watched directory, plus NAMES_DIRECTORY; 0: it is not watched. */
unsigned names_directory(const struct stat *stat);
/* The number of the name, plus 1, if the path lies in a watched directory; otherwise 0. */
unsigned names_find(int directory, const char *path);
/* A name's file before a call. */
struct named {
	unsigned file; /* number of the file or directory; 0: not registered */
	bool is_there; /* a file of any kind */
	bool is_file;  /* a regular file */
	uint64_t size; /* in bytes */
};
/* `flags`: AT_SYMLINK_NOFOLLOW or AT_EMPTY_PATH, as for fstatat(2) */
struct named names_what(int directory, const char *path, int flags);
/*
 * Records that the name now leads to `file` (0: to no file), and the name `other`, unless 0, to
 * `others`. `about`: the file or directory that is named, or was.
 */
void names_set(unsigned name, unsigned file, unsigned other, unsigned others, unsigned about,
	struct call call);
/* Registers a new directory, to which the name leads. */
void names_add_directory(unsigned name, int directory, const char *path, struct call call);
/* Notes that the file or directory is gone: its inode may be used for another one. */
void names_forget(unsigned file);
/* Records that the file was truncated from size `old` to `size`. `name` is only shown to people. */
void names_truncate(unsigned file, const char *name, uint64_t old, uint64_t size, struct call call);
/*
 * Records that a call has written to the file. `data` NULL: the bytes are read from the file.
 * `is_durable`: they are durable when the call returns.
 */
void names_written(
	int fd, const void *data, size_t length, uint64_t at, bool is_durable, struct call call);
/* Compares a range of the file's maps with their shadow, before a call stores to it. */
void names_look_before(unsigned file, uint64_t at, size_t length, struct call call);
/* Finds data that was written in other ways, by comparing the file with its shadow. */
void names_look(unsigned file, int fd, struct call call);
/* Syncs a file, or a watched directory (its number plus NAMES_DIRECTORY). */
void names_sync(unsigned file, struct call call);
/* Syncs a range of a mapped file: the data there, and its size and name. */
void names_sync_map(unsigned content, struct call call);
/* Syncs all files, or those of the descriptor's file system. */
void names_sync_all(struct call call);
void names_sync_file_system(int fd, struct call call);

/* Copies by libpmem and libpmem2: the step after the bytes are stored. */
enum after_copy { THEN_NOTHING, THEN_FLUSH, THEN_DRAIN };
void *record_move(
	void *to, const void *from, size_t length, enum after_copy then, struct call call);
void *record_fill(void *to, int byte, size_t length, enum after_copy then, struct call call);

/* calls_shim.c: a flush by one of the instructions of trace/hooks.h; and a fence. */
void shim_flush(const void *address, int instruction, struct call call);
void shim_fence(struct call call);

/* x86_64/probes.c: raw instructions of programs that `holdfast cc` has not built. */
void probes_begin(void);
void probes_after_fork(void);
/* Called when the program has mapped code that it generated at this address. */
void probes_made(uintptr_t address);

#endif
