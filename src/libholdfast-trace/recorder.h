/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * recorder.h - declarations that the files of the recorder share
 *
 * The recorder is loaded into a program by LD_PRELOAD and defines calls of libpmem, libpmem2 and
 * the C library. Calls for files under test become records in the ring; all other calls are passed
 * to the library that the program meant. The recorder must not call functions of the C library
 * that may call the recorder again. So it makes system calls by syscall(2), and gets memory by
 * mapping pages. An argument that the kernel reads as a long must be passed as a long: the upper
 * half of an int may be anything.
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

/*
 * The place in the program from which it called the recorder's public function: return address and
 * frame.
 */
#define CALLER                                                                                     \
	((struct call){                                                                            \
		(uintptr_t)__builtin_return_address(0), (uintptr_t)__builtin_frame_address(0)})

struct call {
	uintptr_t pc, frame;
};

/*
 * A mapping of a file under test: addresses lo to hi - 1. A mapping that no longer exists has lo 1
 * and hi 0.
 */
struct map {
	uintptr_t lo, hi;
	/*
	 * where the shadow, which has the content as recorded so far, has the byte at lo; processes
	 * share it
	 */
	unsigned char *shadow;
	uint64_t place; /* file and offset (trace/event.h) of the byte at address lo */
};

extern struct ring *ring;            /* NULL: nothing is recorded */
extern uintptr_t maps_lo, maps_span; /* all maps lie in [maps_lo, maps_lo + maps_span) */

/*
 * Are flushes and syncs of files under test not only recorded in this run, but also executed?
 */
static ALWAYS_INLINE bool is_really(void)
{
	return unlikely(ring && ring->really);
}

/* functions of begin.c */
/*
 * Returns a descriptor of the tool's directory, or -1. The descriptor is valid even if the program
 * has closed it.
 */
int trace_directory(void);
unsigned thread_number(void);
/* Returns the function with this name that the program would call without the recorder. */
void *next_function(const char *name);

/*
 * Looks up the function `name` by `find`, which is next_function() or find_in_library(), and
 * returns it as a pointer to the function type `type`. Once a function was found, `find` is not
 * called again.
 */
#define FOUND(find, type, name)                                                                    \
	({                                                                                         \
		static type *found_;                                                               \
		if (unlikely(!found_))                                                             \
			found_ = (type *)find(name);                                               \
		found_;                                                                            \
	})

/* Removes the parentheses around parameters or arguments that a macro has got as one. */
#define STRIP(...) __VA_ARGS__

/*
 * calls_load.c: like next_function(), but also searches liburing, libaio and librpmem if the
 * program has loaded them with dlopen(3)
 */
void *find_in_library(const char *name);

/*
 * output.c: count the bytes that the program has written to its standard output, which is a file
 * of the tool.
 */
void output_begin(void);
uint64_t written_out(void);

/* Call the C library's memmove(3) and memset(3). Until these are found, plain loops do the same. */
void *real_memmove(void *to, const void *from, size_t length);
void *real_memset(void *to, int byte, size_t length);

/*
 * write.c: writes a record to the ring, and fills in the number of the thread. `payload` is NULL,
 * or has event->length bytes.
 */
void write_event(const struct event *event, const void *payload);
/* Writes two records without payload. No record of another thread comes between them. */
void write_pair(const struct event *first, const struct event *second);
/* Writes three records: the first has a line as its payload, the others have no payload. */
void write_three(const struct event *seen, const uint64_t *line, const struct event *first,
	const struct event *second);

/*
 * Records that the program does something whose effects the recorder does not see. `name` is the
 * name of the library or file concerned.
 */
void tell_missed(enum missed way, const char *name);

/* maps.c: finds the map that contains an address, or NULL */
struct map *maps_find_slow(uintptr_t address);
static ALWAYS_INLINE bool maps_may_have(uintptr_t address)
{
	return address - maps_lo < maps_span;
}
static ALWAYS_INLINE struct map *maps_find(uintptr_t address)
{
	return unlikely(maps_may_have(address)) ? maps_find_slow(address) : NULL;
}
/*
 * Adds a map of the file's whole pages. What lies behind the end of the file becomes a map when
 * the file grows.
 */
void maps_add(void *address, size_t length, int fd, uint64_t offset);
/*
 * Is the descriptor's file under test, and assumed to be on persistent memory, as in all models but
 * the model page? Keeps errno.
 */
bool maps_may_sync(int fd);
/* Notes that the file of the descriptor may have grown. */
void maps_grow(int fd);
/* Does this process have maps that contain all bytes of the file? */
bool maps_cover(unsigned file);
void maps_remove(void *address, size_t length);
/*
 * Adds a map that begins at this place in a file. The caller has removed the previous map at the
 * address.
 */
void maps_add_moved(void *address, size_t length, uint64_t place);
/*
 * Calls `each` for all maps of a file that still exist; if `file` is 0, for the maps of all files.
 */
void maps_each(unsigned file, void (*each)(struct map *, void *), void *context);

/* files.c: returns the number of the descriptor's file; 0 if the file is not under test */
unsigned files_number(int fd);
/* Returns the number of a file that was registered before; 0 if it was not. */
struct stat;
unsigned files_known(const struct stat *stat);
/* Registers the file under test and returns its number; 0 on failure. */
unsigned files_register(int fd);
/*
 * Makes a new, empty content, which does not belong to any file yet. Returns its number; 0 if
 * there is no room.
 */
unsigned files_new_content(const char *name);
/*
 * Makes room for the file's bytes up to `end` in its shadow, the content as recorded so far.
 * Returns false on failure.
 */
bool files_make_room(unsigned number, uint64_t end);
/*
 * The number of a pool on another machine, of at least `size` bytes; 0 on failure. Sets *known to
 * the size that the trace knew before, 0 if the pool is new to it. Beyond that, its first content
 * is zeros.
 */
unsigned files_add_mirror(const char *name, uint64_t size, uint64_t *known);
/* Opens the shadow of the file, its content as recorded so far. Returns a descriptor. */
int files_shadow(unsigned number);

/* lock.c: locks in the ring, which all processes share */
void lock_take(uint32_t *lock);
void lock_leave(uint32_t *lock);

/* stack.c: returns the number of this call stack */
uint32_t stack_number(struct call call);
void stack_after_fork(void);
void maps_after_fork(void);

/*
 * hooks.c: puts the store that a hook has noted into the trace. Called before anything that comes
 * after this store is recorded.
 */
extern TLS_SHARED bool has_noted;
void settle_noted(void);
static ALWAYS_INLINE void settle(void)
{
	if (unlikely(has_noted))
		settle_noted();
}

/*
 * look.c: compares lines with their shadow (the content as recorded so far), and records those
 * that differ.
 */
void look(struct map *map, uintptr_t from, uintptr_t to, uint32_t stack);
void look_at_file(unsigned file, uint32_t stack);
typedef uint64_t line_words[EVENT_LINE / 8];
/*
 * Compares one cache line with its shadow, the content as recorded so far. The caller writes the
 * record. Returns false if the line has not changed.
 */
bool look_at_one(
	struct map *map, uintptr_t address, uint32_t stack, struct event *event, line_words line);

/*
 * record.c: records flushes, fences and other calls. A range may go on into the next map; what lies
 * in no map is left out.
 */
void record_flush(uintptr_t address, size_t length, struct call call);
void record_fence(struct call call);
void record_persist(uintptr_t address, size_t length, struct call call); /* a flush and a drain */
/*
 * Records a call of the C library that has changed an object, such as a lock, which lies in one
 * map: stores of those words of the object that differ from the shadow.
 */
void record_words(uintptr_t address, size_t length, struct call call);
/*
 * Functions for a call of the C library or the kernel that stores to memory. record_look() is
 * called before it, and compares the bytes that it may overwrite with their shadow, the content as
 * recorded so far. record_stored() is called after it, and records the bytes that it has stored.
 */
void record_look(uintptr_t to, size_t length, struct call call);
void record_stored(uintptr_t to, size_t length, struct call call);
/* Records the mark of an operation's beginning or end. */
void record_mark(uint64_t operation, bool is_end, struct call call);
void record_clflush(uintptr_t address, struct call call);
/* Records streaming stores, and executes them as well. */
void record_stream(struct map *map, void *to, const void *from, size_t length, struct call call);
void record_sync(uintptr_t address, size_t length, struct call call);
void record_file_sync(unsigned file, struct call call);
void record_copied(struct map *map, uintptr_t to, size_t length, uint32_t stack);

/*
 * names.c: records names, sizes and data of files in the watched directory. A call that changes
 * names or sizes is executed between names_begin() and names_end(), so that such calls are
 * recorded in the order in which they happened.
 */
static ALWAYS_INLINE bool names_are_watched(void)
{
	return unlikely(ring && ring->directory_count);
}
void names_begin(void);
void names_end(void);
/*
 * Returns the number of a watched directory, plus NAMES_DIRECTORY; 0 if the directory is not
 * watched.
 */
unsigned names_directory(const struct stat *stat);
/* Returns the number of the name, plus 1, if the path lies in a watched directory; otherwise 0. */
unsigned names_find(int directory, const char *path);
/* The file that a name leads to before a call. */
struct named {
	unsigned file; /* number of the file or directory; 0: not registered */
	bool is_there; /* a file of any kind */
	bool is_file;  /* a regular file */
	uint64_t size; /* in bytes */
};
/*
 * Finds out which file a name leads to. `flags`: AT_SYMLINK_NOFOLLOW or AT_EMPTY_PATH, as for
 * fstatat(2).
 */
struct named names_what(int directory, const char *path, int flags);
/*
 * Records that the name `name` now leads to `file`, or to no file if `file` is 0. If `other` is
 * not 0, also records that the name `other` now leads to the file `others`. `about`: the file or
 * directory that has, or had, the name.
 */
void names_set(unsigned name, unsigned file, unsigned other, unsigned others, unsigned about,
	struct call call);
/* Registers a new directory and records that the name leads to it. */
void names_add_directory(unsigned name, int directory, const char *path, struct call call);
/* Notes that the file or directory was removed: its inode may be used for another file. */
void names_forget(unsigned file);
/* Records that the file was truncated from size `old` to `size`. `name` is only for messages. */
void names_truncate(unsigned file, const char *name, uint64_t old, uint64_t size, struct call call);
/*
 * Records that a call has written to the file. If `data` is NULL, the bytes are read from the
 * file. `is_durable`: the bytes are durable when the call returns.
 */
void names_written(
	int fd, const void *data, size_t length, uint64_t at, bool is_durable, struct call call);
/*
 * Compares a range of the file's maps with their shadow (the content as recorded so far), before a
 * call writes to this range.
 */
void names_look_before(unsigned file, uint64_t at, size_t length, struct call call);
/*
 * Finds data that no recorded call has written, by comparing the file with its shadow, the content
 * as recorded so far.
 */
void names_look(unsigned file, int fd, struct call call);
/*
 * Records a sync of a file or of a watched directory (the directory's number plus
 * NAMES_DIRECTORY).
 */
void names_sync(unsigned file, struct call call);
/*
 * Records a sync of a range of a mapped file: of the data there, and of the file's size and name.
 */
void names_sync_map(unsigned content, struct call call);
/* Record a sync of all files, or of all files on the descriptor's file system. */
void names_sync_all(struct call call);
void names_sync_file_system(int fd, struct call call);

/* The step of libpmem and libpmem2 after a copy: nothing, a flush, or a flush and a drain. */
enum after_copy { THEN_NOTHING, THEN_FLUSH, THEN_DRAIN };
void *record_move(
	void *to, const void *from, size_t length, enum after_copy then, struct call call);
void *record_fill(void *to, int byte, size_t length, enum after_copy then, struct call call);

/* pools.c: forgets the pools of the parent process */
void mirrors_after_fork(void);
extern bool has_mirrors; /* true if the process has opened a pool on another machine */

/* calls_shim.c: record a fence, or a flush by one of the instructions of trace/hooks.h. */
void shim_flush(const void *address, int instruction, struct call call);
void shim_fence(struct call call);

/*
 * x86_64/probes.c: find raw instructions (flushes, fences and streaming stores) in programs that
 * `holdfast cc` has not built.
 */
void probes_begin(void);
void probes_after_fork(void);
/* Called when the program has made code at run time and mapped it at this address. */
void probes_made(uintptr_t address);

#endif
