/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem.h - the calls of libpmem
 *
 * A program maps a file and makes its stores durable, with CPU instructions where persistent
 * memory lies under it and with msync(2) where not:
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
 * Errors. A call that fails returns NULL or -1 and sets errno; what it was to fill in is left as
 * it was. pmem_errormsg() has the sentence. Calls that succeed do not clear either.
 *
 * Threads. Every call may be made by any thread at any time. pmem_flush, pmem_drain, pmem_persist,
 * pmem_deep_flush and the copies keep no state, take no lock and leave errno alone: signal
 * handlers may call them. A forked child can go on with all that its parent had mapped.
 *
 * Environment. Read when the library is loaded, and ignored in processes that run with more rights
 * than their user has:
 *
 *	PMEM_NO_FLUSH		1 never to flush the CPU's caches, 0 always; else as needed
 *	PMEM_MMAP_HINT		a hexadecimal address: mappings are made at the first place that
 *				fits, at or above it
 *	PMEM_NO_CLWB, PMEM_NO_CLFLUSHOPT, PMEM_NO_MOVNT, PMEM_MOVNT_THRESHOLD
 *				which instructions not to use, and from how many bytes on copies go
 *				around the caches
 *	PMEM_LOG_LEVEL		1 to 4: say what happens, errors first
 *	PMEM_LOG_FILE		where; standard error if unset; a final "-" becomes the process id
 *
 * and, read by the first call that wants to know, PMEM_IS_PMEM_FORCE: 1 makes pmem_is_pmem() say
 * yes to everything, 0 no. It is for tests: to say yes gives up durability where it is not true.
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
 * Mapping files.
 */

#define PMEM_FILE_CREATE  (1 << 0) /* make the file if it is not there, and give it `len` bytes */
#define PMEM_FILE_EXCL    (1 << 1) /* with CREATE: fail if it is there */
#define PMEM_FILE_SPARSE  (1 << 2) /* with CREATE: leave its blocks to be allocated when needed */
#define PMEM_FILE_TMPFILE (1 << 3) /* with CREATE: a file without a name in the directory `path` */

/* The smallest part of a pool that pool libraries accept. Nothing here depends on it. */
#define PMEM_MIN_PART ((size_t)(1024 * 1024 * 2))

/*
 * Map a regular file or a DAX device for reading and writing, shared, from its first byte to its
 * last. The address is a multiple of 2 MiB (1 GiB for lengths from 2 GiB on), and of the device's
 * alignment. *mapped_lenp becomes the length, *is_pmemp what pmem_is_pmem() says of all of it;
 * either may be NULL.
 *
 * Without CREATE, the file is mapped as it is, and `len` must be 0.
 *
 * With CREATE, the file is opened or made, with the permissions `mode` less the umask, and given
 * exactly `len` bytes: what an existing file has beyond them is lost. Unless SPARSE, all blocks
 * are allocated, with posix_fallocate(3), so that no later store can fail for lack of space. A
 * file that the failing call itself has made is removed again; one that was there keeps its new
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
 * EEXIST	CREATE and EXCL, and it is there
 * EISDIR	a directory, and not TMPFILE
 * ENOTDIR	TMPFILE, and not a directory
 * ENOMEM	no address space, or no memory to remember the mapping
 * any errno of stat(2), open(2), ftruncate(2), posix_fallocate(3) and mmap(2)
 */
void *pmem_map_file(
	const char *path, size_t len, int flags, mode_t mode, size_t *mapped_lenp, int *is_pmemp);

/*
 * Unmap a mapping, or any pages of one. `addr` is a multiple of the page size, `len` is rounded up
 * to it. Pages that are not mapped are skipped. EINVAL for other addresses and for a length of 0;
 * ENOMEM.
 */
int pmem_unmap(void *addr, size_t len);

/*
 * 1 if all of [addr, addr + len) was mapped by pmem_map_file() and CPU instructions make stores
 * durable there, so that pmem_persist() will do; else 0, also for a length of 0. Asking takes no
 * lock and does not slow other threads.
 *
 * The kernel's word on the mapping itself decides: it accepted MAP_SYNC, or it is a DAX device
 * over a region of persistent memory. A DAX device that no CPU flush can make durable (volatile or
 * soft-reserved memory, virtio-pmem) is mapped with is_pmem 0. An address that the program
 * unmapped with munmap(2) and used otherwise is not noticed: use pmem_unmap().
 */
int pmem_is_pmem(const void *addr, size_t len);

/*
 * Making stores durable. Stores from several threads, or several flushes, have no order until a
 * drain.
 */

/*
 * Flush every cache line that the range touches; nothing for a length of 0. Done when the next
 * drain of this thread returns. Does nothing where the caches are durable on all of this machine
 * (pmem_has_auto_flush()), or PMEM_NO_FLUSH says so.
 */
void pmem_flush(const void *addr, size_t len);

/*
 * Wait until what this thread has flushed, and stored around the caches, is durable. Always a
 * fence.
 */
void pmem_drain(void);

/* Both. Bytes that are not in persistent memory may still be in the page cache after it. */
void pmem_persist(const void *addr, size_t len);

/*
 * Write the pages that the range touches back, for any mapped file but a DAX device. 0; ENOMEM
 * where something of the range is not mapped, EIO and others of msync(2).
 */
int pmem_msync(const void *addr, size_t len);

/*
 * The same for what even a failure of the machine's own power reserves must not lose.
 * pmem_deep_flush() is pmem_flush() that nothing suppresses. pmem_deep_drain() then has the region
 * under a DAX device empty its buffers, and calls msync(2) for everything else; where a region has
 * no buffers to empty there is nothing to do. pmem_deep_persist() is both.
 *
 * 0, also for a length of 0, or -1 and
 *
 * ENOMEM	something of the range is not mapped
 * ENOTSUP	a DAX device that is not pmem: nothing makes stores durable there
 * EACCES, EPERM, EROFS	this process may not ask the region
 * EIO and others of msync(2) and of the region's attribute; nothing is passed over in silence
 */
void pmem_deep_flush(const void *addr, size_t len);
int pmem_deep_drain(const void *addr, size_t len);
int pmem_deep_persist(const void *addr, size_t len);

/*
 * 1 if the CPU's caches survive a power cut on every region of persistent memory of this machine,
 * 0
 * if not or if there is no such region, -1 and errno if the kernel's answer cannot be read.
 */
int pmem_has_auto_flush(void);

/* Whether the machine can drain without the program: on none that is known. Always 0. */
int pmem_has_hw_drain(void);

/*
 * Copy or fill, then flush and drain. They return `pmemdest`; source and destination may overlap,
 * for memcpy too. Where destination and length are multiples of 8, every aligned 8-byte word is
 * stored whole: nobody, not even after a power cut, finds half of one. Unknown flags are
 * ignored.
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

/* With flags 0. */
void *pmem_memmove_persist(void *pmemdest, const void *src, size_t len);
void *pmem_memcpy_persist(void *pmemdest, const void *src, size_t len);
void *pmem_memset_persist(void *pmemdest, int c, size_t len);

/* With PMEM_F_MEM_NODRAIN. */
void *pmem_memmove_nodrain(void *pmemdest, const void *src, size_t len);
void *pmem_memcpy_nodrain(void *pmemdest, const void *src, size_t len);
void *pmem_memset_nodrain(void *pmemdest, int c, size_t len);

/*
 * Versions of this interface.
 */

#define PMEM_MAJOR_VERSION 1
#define PMEM_MINOR_VERSION 1

/*
 * NULL if the library is good for a program that was compiled with these versions, else a sentence
 * which says why not, valid until the next failure on this thread.
 */
const char *pmem_check_version(unsigned major_required, unsigned minor_required);

/*
 * Messages.
 */

/*
 * The sentence about the last failed call of this thread, "" before any. It stays valid until the
 * next failure on this thread, and is not cleared by success.
 */
const char *pmem_errormsg(void);

enum pmem_log_level {
	PMEM_LOG_LEVEL_HARK,  /* what the library is; passes every threshold */
	PMEM_LOG_LEVEL_FATAL, /* the process is about to be ended */
	PMEM_LOG_LEVEL_ERROR,
	PMEM_LOG_LEVEL_WARNING,
	PMEM_LOG_LEVEL_NOTICE,
	PMEM_LOG_LEVEL_INFO,
	PMEM_LOG_LEVEL_DEBUG
};

enum pmem_log_threshold {
	PMEM_LOG_THRESHOLD,    /* messages above it go nowhere; first WARNING */
	PMEM_LOG_THRESHOLD_AUX /* what the default function prints; first HARK, nothing */
};

/*
 * Gets the message, without a newline; `file_name` may be NULL, and then line and function mean
 * nothing. Called on the thread that makes the message, by several at once. It must not call the
 * library.
 */
typedef void pmem_log_function(enum pmem_log_level level, const char *file_name, unsigned line_no,
	const char *function_name, const char *message);

#define PMEM_LOG_USE_DEFAULT_FUNCTION ((pmem_log_function *)NULL)

/*
 * Have messages that pass PMEM_LOG_THRESHOLD delivered to the function; its first one, HARK, names
 * the library. The default function prints those that pass both thresholds, HARK excepted, on
 * standard error: with the default thresholds that is nothing, and there is never anything sent to
 * syslog(3). What the user asked for with PMEM_LOG_LEVEL is written in any case. Always 0.
 */
int pmem_log_set_function(pmem_log_function *log_function);

/* 0, or 1 and errno EINVAL for an unknown threshold or level, or a `value` of NULL. */
int pmem_log_set_threshold(enum pmem_log_threshold threshold, enum pmem_log_level value);
int pmem_log_get_threshold(enum pmem_log_threshold threshold, enum pmem_log_level *value);

#ifdef __cplusplus
}
#endif

#endif
