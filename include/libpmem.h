/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem.h - the calls of libpmem
 *
 * A program maps a file and makes its stores durable: with CPU instructions if the file lies on
 * persistent memory, else with msync(2):
 *
 *	size_t length;
 *	int is_pmem;
 *	char *addr = pmem_map_file("/mnt/pmem/f", 4096, PMEM_FILE_CREATE, 0666, &length, &is_pmem);
 *
 *	strcpy(addr, "hello");
 *	if (is_pmem)
 *		pmem_persist(addr, 6);
 *	else
 *		pmem_msync(addr, 6);		<- durable from here on
 *
 * Units. Every length is in bytes; addresses and lengths need no alignment unless said so.
 *
 * Errors. A call that fails returns NULL or -1 and sets errno; its outputs are unchanged.
 * pmem_errormsg() returns the message. Calls that succeed clear neither errno nor the message.
 *
 * Threads. Every call may be made by any thread at any time. pmem_flush, pmem_drain, pmem_persist,
 * pmem_deep_flush and the copies keep no state, take no lock and do not change errno: signal
 * handlers may call them. A forked child can use all mappings of its parent.
 *
 * Environment. Read when the library is loaded, and ignored in processes that run with more rights
 * than their user has:
 *
 *	PMEM_NO_FLUSH		1: never flush the CPU's caches; 0: always; else: flush as needed
 *	PMEM_MMAP_HINT		a hexadecimal address: mappings are made at the first place that
 *				fits, at or above it
 *	PMEM_NO_CLWB, PMEM_NO_CLFLUSHOPT, PMEM_NO_MOVNT, PMEM_MOVNT_THRESHOLD
 *				instructions not to use, and the length in bytes from which on
 *				copies go around the caches
 *	PMEM_LOG_LEVEL		1 to 4: write messages to a log: 1 errors only, 4 everything
 *	PMEM_LOG_FILE		the file of the log; standard error if unset; a final "-" is replaced
 *				by the process id
 *
 * PMEM_IS_PMEM_FORCE is read by the first call that needs it: 1 makes pmem_is_pmem() return 1 for
 * every range, 0 makes it return 0. It is for tests: a false 1 gives up durability.
 *
 * Link with -lpmem; the library itself needs libc only.
 */
#ifndef LIBPMEM_H
#define LIBPMEM_H 1

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Mapping files: map, unmap, and ask if CPU flushes make stores durable.
 */

#define PMEM_FILE_CREATE  (1 << 0) /* create the file unless it exists; give it `len` bytes */
#define PMEM_FILE_EXCL    (1 << 1) /* with CREATE: fail if the file exists */
#define PMEM_FILE_SPARSE  (1 << 2) /* with CREATE: do not allocate the file's blocks in advance */
#define PMEM_FILE_TMPFILE (1 << 3) /* with CREATE: a file without a name in the directory `path` */

/*
 * The smallest file, in bytes, that pool libraries accept as part of a pool. This library does not
 * use it.
 */
#define PMEM_MIN_PART ((size_t)(1024 * 1024 * 2))

/*
 * Map a regular file or a DAX device for reading and writing, shared, from its first byte to its
 * last. The address is a multiple of 2 MiB (1 GiB for lengths from 2 GiB on), and of the device's
 * alignment. *mapped_lenp becomes the length, *is_pmemp what pmem_is_pmem() returns for the whole
 * mapping; either pointer may be NULL.
 *
 * Without CREATE, the file is mapped as it is, and `len` must be 0.
 *
 * With CREATE, the file is opened or created, with the permissions `mode` less the umask, and given
 * exactly `len` bytes: a longer existing file is truncated. Unless SPARSE is given, all blocks are
 * allocated, with posix_fallocate(3), so that no later store can fail for lack of space. If the
 * call fails, a file that it has created is removed; a file that existed before keeps its new
 * length.
 *
 * With CREATE and TMPFILE, the file has no name, mode 0600, and is gone when it is unmapped. With
 * EXCL too, nobody can give it a name.
 *
 * A DAX device is mapped whole: `len` must be 0 or its size; CREATE and SPARSE do nothing.
 *
 * EINVAL	path is NULL; neither a regular file nor a DAX device; an unknown flag; len != 0
 *		without CREATE, len == 0 or above INT64_MAX with it; TMPFILE without CREATE; an
 *		empty file; EXCL or TMPFILE of a DAX device, or len not its size, or its size
 *		unreadable
 * EEXIST	CREATE and EXCL, and the file exists
 * EISDIR	path is a directory, without TMPFILE
 * ENOTDIR	TMPFILE, and path is not a directory
 * ENOMEM	no address space, or no memory to remember the mapping
 * any errno of stat(2), open(2), ftruncate(2), posix_fallocate(3) and mmap(2)
 */
void *pmem_map_file(
	const char *path, size_t len, int flags, mode_t mode, size_t *mapped_lenp, int *is_pmemp);

/*
 * Unmap a mapping, or any of its pages. `addr` must be a multiple of the page size, `len` is
 * rounded up to one. Pages that are not mapped are skipped. EINVAL for an unaligned address or a
 * length of 0; ENOMEM.
 */
int pmem_unmap(void *addr, size_t len);

/*
 * Returns 1 if pmem_map_file() mapped all of [addr, addr + len) and CPU instructions make stores
 * durable there, so that pmem_persist() suffices; else 0, also for a length of 0. The call takes no
 * lock and does not slow other threads.
 *
 * The answer comes from the kernel, for this mapping: the kernel accepted MAP_SYNC for the file, or
 * the mapping is of a DAX device over a region of persistent memory. A DAX device that no CPU flush
 * can make durable (volatile or soft-reserved memory, virtio-pmem) is mapped with is_pmem 0. The
 * library does not notice that a program unmaps an address with munmap(2) and maps something else
 * there: use pmem_unmap().
 */
int pmem_is_pmem(const void *addr, size_t len);

/*
 * Making stores durable. Several flushes, and stores of several threads, may become durable in any
 * order until a drain returns.
 */

/*
 * Flush every cache line that the range touches; none for a length of 0. The flush is complete when
 * the next drain of this thread returns. Does nothing if a power cut does not lose the caches
 * anywhere on this machine (pmem_has_auto_flush()), or if PMEM_NO_FLUSH is 1.
 */
void pmem_flush(const void *addr, size_t len);

/*
 * Wait until everything that this thread has flushed, or stored around the caches, is durable.
 * Executes a fence in any case.
 */
void pmem_drain(void);

/*
 * Flush and drain. If the range is not in persistent memory, its bytes may still be in the page
 * cache only.
 */
void pmem_persist(const void *addr, size_t len);

/*
 * Write back the pages that the range touches, for any mapped file except a DAX device. Returns 0,
 * or -1 and errno: ENOMEM if a part of the range is not mapped, EIO and other errors of msync(2).
 */
int pmem_msync(const void *addr, size_t len);

/*
 * Flush, drain and persist for data that must survive even if the machine's own power reserves
 * fail. pmem_deep_flush() does what pmem_flush() does, and nothing suppresses it. pmem_deep_drain()
 * then makes the region under a DAX device empty its buffers, if it has any, and calls msync(2) for
 * everything else. pmem_deep_persist() does both.
 *
 * Deep drain and persist return 0, also for a length of 0, or -1 and errno:
 *
 * ENOMEM	a part of the range is not mapped
 * ENOTSUP	a DAX device for which pmem_is_pmem() is 0: nothing makes stores durable there
 * EACCES, EPERM, EROFS	this process may not write to the region's deep_flush attribute
 * EIO and other errors of msync(2) and of that attribute: every failure is reported
 */
void pmem_deep_flush(const void *addr, size_t len);
int pmem_deep_drain(const void *addr, size_t len);
int pmem_deep_persist(const void *addr, size_t len);

/*
 * Returns 1 if the CPU's caches survive a power cut on every region of persistent memory of this
 * machine, 0 if not or if there is no such region, -1 and errno if the kernel's answer cannot be
 * read.
 */
int pmem_has_auto_flush(void);

/* Tell if the hardware drains by itself. No known machine does, so this always returns 0. */
int pmem_has_hw_drain(void);

/*
 * Copy or fill, then flush and drain. These functions return `pmemdest`; source and destination may
 * overlap, for memcpy too. Where destination and length are multiples of 8, every aligned 8-byte
 * word is stored whole: no reader, not even after a power cut, finds a word that is half old and
 * half new. Unknown flags are ignored.
 */

#define PMEM_F_MEM_NODRAIN     (1U << 0) /* leave the drain to the caller */
#define PMEM_F_MEM_NONTEMPORAL (1U << 1) /* store around the caches */
#define PMEM_F_MEM_TEMPORAL    (1U << 2) /* store through the caches */
#define PMEM_F_MEM_WC          (1U << 3) /* prefer write combining */
#define PMEM_F_MEM_WB          (1U << 4) /* prefer write back */
#define PMEM_F_MEM_NOFLUSH     (1U << 5) /* do not flush, and do not drain */
#define PMEM_F_MEM_VALID_FLAGS                                                                     \
	(PMEM_F_MEM_NODRAIN | PMEM_F_MEM_NONTEMPORAL | PMEM_F_MEM_TEMPORAL | PMEM_F_MEM_WC |       \
		PMEM_F_MEM_WB | PMEM_F_MEM_NOFLUSH)

void *pmem_memmove(void *pmemdest, const void *src, size_t len, unsigned flags);
void *pmem_memcpy(void *pmemdest, const void *src, size_t len, unsigned flags);
void *pmem_memset(void *pmemdest, int c, size_t len, unsigned flags);

/* Copy or fill with flags 0: flush and drain. */
void *pmem_memmove_persist(void *pmemdest, const void *src, size_t len);
void *pmem_memcpy_persist(void *pmemdest, const void *src, size_t len);
void *pmem_memset_persist(void *pmemdest, int c, size_t len);

/* Copy or fill with PMEM_F_MEM_NODRAIN: flush, and leave the drain to the caller. */
void *pmem_memmove_nodrain(void *pmemdest, const void *src, size_t len);
void *pmem_memcpy_nodrain(void *pmemdest, const void *src, size_t len);
void *pmem_memset_nodrain(void *pmemdest, int c, size_t len);

/*
 * The version of this interface, and the check for it.
 */

#define PMEM_MAJOR_VERSION 1
#define PMEM_MINOR_VERSION 1

/*
 * Returns NULL if the library supports a program that was compiled with these versions, else a
 * message that says why not, valid until the next failure on this thread.
 */
const char *pmem_check_version(unsigned major_required, unsigned minor_required);

/*
 * Messages: the text of the last error, and the log.
 */

/*
 * Returns the message about the last failed call of this thread; "" if no call has failed. It stays
 * valid until the next failure on this thread; a call that succeeds does not clear it.
 */
const char *pmem_errormsg(void);

enum pmem_log_level {
	PMEM_LOG_LEVEL_HARK,  /* the library's name and version; passes every threshold */
	PMEM_LOG_LEVEL_FATAL, /* the process is about to be ended */
	PMEM_LOG_LEVEL_ERROR,
	PMEM_LOG_LEVEL_WARNING,
	PMEM_LOG_LEVEL_NOTICE,
	PMEM_LOG_LEVEL_INFO,
	PMEM_LOG_LEVEL_DEBUG
};

enum pmem_log_threshold {
	PMEM_LOG_THRESHOLD,    /* messages of a higher level are dropped; initially WARNING */
	PMEM_LOG_THRESHOLD_AUX /* the default function's threshold; initially HARK: silent */
};

/*
 * A function that receives a message, without a newline. If `file_name` is NULL, line and function
 * mean nothing. Called on the thread that makes the message, possibly on several threads at once.
 * It must not call the library.
 */
typedef void pmem_log_function(enum pmem_log_level level, const char *file_name, unsigned line_no,
	const char *function_name, const char *message);

#define PMEM_LOG_USE_DEFAULT_FUNCTION ((pmem_log_function *)NULL)

/*
 * Deliver messages that pass PMEM_LOG_THRESHOLD to this function; its first message, of level HARK,
 * names the library. The default function prints messages that pass both thresholds, except HARK,
 * on standard error: with the initial thresholds it prints nothing. Nothing is sent to syslog(3).
 * The log that the user asked for with PMEM_LOG_LEVEL is written in any case. Always returns 0.
 */
int pmem_log_set_function(pmem_log_function *log_function);

/* Return 0, or 1 and errno EINVAL for an unknown threshold or level or a `value` of NULL. */
int pmem_log_set_threshold(enum pmem_log_threshold threshold, enum pmem_log_level value);
int pmem_log_get_threshold(enum pmem_log_threshold threshold, enum pmem_log_level *value);

#ifdef __cplusplus
}
#endif

#endif
