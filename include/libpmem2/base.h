/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem2/base.h - the calls of libpmem2
 *
 * A program describes what it wants to map (a source) and how (a config), makes a map, and asks
 * the map for the functions that make stores durable on it:
 *
 *	pmem2_source_from_fd(&src, fd);
 *	pmem2_config_new(&cfg);
 *	pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_PAGE);
 *	pmem2_map_new(&map, cfg, src);
 *
 *	char *base = pmem2_map_get_address(map);
 *	strcpy(base, "hello");
 *	pmem2_get_persist_fn(map)(base, 6);		<- durable from here on
 *
 * Units. Every offset, length and size is in bytes.
 *
 * Errors. A function that returns int returns 0 on success and never a positive number. On failure
 * it returns one of PMEM2_E_* below or a negated errno value; outputs are then left as they were,
 * except where a line below says that they become NULL. pmem2_errormsg() has the sentence.
 *
 * Threads. Calls on different objects may run at the same time. Sources and configs are not
 * locked: one thread at a time may change one. Maps may be made, used and deleted by any thread.
 *
 * Link with -lpmem2; the library itself needs libc only.
 */
#ifndef LIBPMEM2_BASE_H
#define LIBPMEM2_BASE_H 1

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PMEM2_E_UNKNOWN                      (-100000)
#define PMEM2_E_NOSUPP                       (-100001) /* what lies under it cannot do this */
#define PMEM2_E_FILE_HANDLE_NOT_SET          (-100003) /* never returned on Linux */
#define PMEM2_E_INVALID_FILE_HANDLE          (-100004) /* fd closed, or not open for reading */
#define PMEM2_E_INVALID_FILE_TYPE            (-100005) /* neither a regular file nor device DAX */
#define PMEM2_E_MAP_RANGE                    (-100006) /* beyond the end of the source */
#define PMEM2_E_MAPPING_EXISTS               (-100007) /* the address range is taken */
#define PMEM2_E_GRANULARITY_NOT_SET          (-100008)
#define PMEM2_E_GRANULARITY_NOT_SUPPORTED    (-100009) /* only a coarser one is to be had */
#define PMEM2_E_OFFSET_OUT_OF_RANGE          (-100010)
#define PMEM2_E_OFFSET_UNALIGNED             (-100011)
#define PMEM2_E_INVALID_ALIGNMENT_FORMAT     (-100012)
#define PMEM2_E_INVALID_ALIGNMENT_VALUE      (-100013)
#define PMEM2_E_INVALID_SIZE_FORMAT          (-100014)
#define PMEM2_E_LENGTH_UNALIGNED             (-100015)
#define PMEM2_E_MAPPING_NOT_FOUND            (-100016)
#define PMEM2_E_BUFFER_TOO_SMALL             (-100017)
#define PMEM2_E_SOURCE_EMPTY                 (-100018)
#define PMEM2_E_INVALID_SHARING_VALUE        (-100019)
#define PMEM2_E_SRC_DEVDAX_PRIVATE           (-100020)
#define PMEM2_E_INVALID_ADDRESS_REQUEST_TYPE (-100021)
#define PMEM2_E_ADDRESS_UNALIGNED            (-100022)
#define PMEM2_E_ADDRESS_NULL                 (-100023)
#define PMEM2_E_DEEP_FLUSH_RANGE             (-100024)
#define PMEM2_E_INVALID_REGION_FORMAT        (-100025)
#define PMEM2_E_DAX_REGION_NOT_FOUND         (-100026)
#define PMEM2_E_INVALID_DEV_FORMAT           (-100027)
#define PMEM2_E_CANNOT_READ_BOUNDS           (-100028)
#define PMEM2_E_NO_BAD_BLOCK_FOUND           (-100029)
#define PMEM2_E_LENGTH_OUT_OF_RANGE          (-100030)
#define PMEM2_E_INVALID_PROT_FLAG            (-100031)
#define PMEM2_E_NO_ACCESS                    (-100032)
#define PMEM2_E_VM_RESERVATION_NOT_EMPTY     (-100033)
#define PMEM2_E_MAP_EXISTS                   (-100034)
#define PMEM2_E_FILE_DESCRIPTOR_NOT_SET      (-100035)
#define PMEM2_E_SOURCE_TYPE_NOT_SUPPORTED    (-100036)
#define PMEM2_E_IO_FAIL                      (-100037)

/*
 * Sources: what is to be mapped.
 */

struct pmem2_source;

/*
 * Describe the regular file or DAX character device open as `fd`, for reading at least. The
 * descriptor is borrowed: it must stay open until the last call on the source and the last
 * pmem2_map_new() from it, and may be closed after that. *src becomes NULL on failure.
 *
 * PMEM2_E_INVALID_FILE_HANDLE	fd is not open, or open for writing only
 * PMEM2_E_INVALID_FILE_TYPE	a directory, FIFO, socket, block device or other character device
 * -ENOMEM
 */
int pmem2_source_from_fd(struct pmem2_source **src, int fd);

/*
 * Describe `size` bytes of memory with no file under it. Nothing stored there survives the
 * process; it lets one code path serve both. -ENOMEM.
 */
int pmem2_source_from_anon(struct pmem2_source **src, size_t size);

/* Free a source and set *src to NULL; a *src of NULL is fine. Maps made from it live on. */
int pmem2_source_delete(struct pmem2_source **src);

/* The descriptor that the source borrows. Anonymous: PMEM2_E_FILE_DESCRIPTOR_NOT_SET. */
int pmem2_source_get_fd(const struct pmem2_source *src, int *fd);

/*
 * The size of the source in bytes, now: of a file from fstat(2), of device DAX from its sysfs
 * attribute. PMEM2_E_INVALID_FILE_HANDLE if the descriptor was closed; PMEM2_E_INVALID_SIZE_FORMAT
 * or a negated errno if sysfs is unreadable.
 */
int pmem2_source_size(const struct pmem2_source *src, size_t *size);

/*
 * The unit of offsets and lengths, in bytes: the page size, or for device DAX the
 * alignment that its sysfs attribute names. PMEM2_E_INVALID_ALIGNMENT_FORMAT or _VALUE if that
 * is not a number or not a power of two; a negated errno if it is unreadable.
 */
int pmem2_source_alignment(const struct pmem2_source *src, size_t *alignment);

/*
 * The device that the source lies on. Partitions, device-mapper and md are resolved to the regions
 * of persistent memory under them; a source that lies on such a region in part only has none. On
 * failure outputs are left as they were.
 */

/*
 * The ids of the memory modules that the source lies on, as text, one behind the other. With `id`
 * NULL, *len becomes the size in bytes that is needed for them, with the final NUL; else *len is
 * the size of `id`, and whatever is there is overwritten.
 *
 * PMEM2_E_NOSUPP		anonymous, no modules that the kernel knows, or one without an id
 * PMEM2_E_BUFFER_TOO_SMALL	*len is less than what is needed
 * a negated errno if an id is there and cannot be read
 */
int pmem2_source_device_id(const struct pmem2_source *src, char *id, size_t *len);

/*
 * The unsafe shutdown count: how often these modules lost data in a power cut, added up. A pool
 * that was in use remembers it; if it has grown since, what was persistent then may not be now.
 *
 * PMEM2_E_NOSUPP	anonymous, no modules that the kernel knows, or one that does not count;
 *			never the same as a count of 0
 * a negated errno if a count is there and cannot be read: -EACCES, -EPERM where it is root's
 */
int pmem2_source_device_usc(const struct pmem2_source *src, uint64_t *usc);

/*
 * The NUMA node whose CPUs are nearest; -1 if the kernel knows of none.
 *
 * PMEM2_E_NOSUPP		anonymous, a kernel that does not tell, or regions on several nodes
 * PMEM2_E_DAX_REGION_NOT_FOUND	not on persistent memory
 * a negated errno if it cannot be read
 */
int pmem2_source_numa_node(const struct pmem2_source *src, int *numa_node);

/*
 * Bad blocks: pieces of the media that have lost their contents. Loading from one raises SIGBUS.
 *
 *	pmem2_badblock_context_new(&bbctx, src);
 *	while (!pmem2_badblock_next(bbctx, &bb))
 *		pmem2_badblock_clear(bbctx, &bb);	<- the range is zeros from here on
 *	pmem2_badblock_context_delete(&bbctx);
 *
 * The kernel shows at most a page of bad blocks at a time, a few hundred: repeat this until
 * nothing is listed if there may be more.
 */

struct pmem2_badblock_context;

struct pmem2_badblock {
	size_t offset; /* from the start of the file or DAX device */
	size_t length;
};

/*
 * List the bad blocks of the source, as the kernel knows them now. A file's are rounded outward to
 * its block size; one that several extents of the file share is listed in pieces, in the order of
 * the extents. What is not on persistent memory that the kernel knows has none. *bbctx becomes
 * NULL on failure. The source's descriptor must stay open until the context is deleted.
 *
 * PMEM2_E_NOSUPP		anonymous; or there are bad blocks, and it cannot be told which
 *				bytes of the file they are: on device-mapper or md, on an XFS
 *				real-time device, in compressed extents
 * PMEM2_E_DAX_REGION_NOT_FOUND	device DAX that is in no region of persistent memory
 * PMEM2_E_CANNOT_READ_BOUNDS	device DAX: where it begins in its region is not a number
 * -EACCES, -EPERM		the list, or these bounds, are for root only
 * -EBADMSG			the list is malformed
 * -EAGAIN			the file's extents do not stop changing
 * -ENOMEM, or another negated errno of reading sysfs or of the file system's answer to FIEMAP
 */
int pmem2_badblock_context_new(
	struct pmem2_badblock_context **bbctx, const struct pmem2_source *src);

/* Free a context and set *bbctx to NULL; a *bbctx of NULL is fine. */
void pmem2_badblock_context_delete(struct pmem2_badblock_context **bbctx);

/* The next one of the list. PMEM2_E_NO_BAD_BLOCK_FOUND after the last. */
int pmem2_badblock_next(struct pmem2_badblock_context *bbctx, struct pmem2_badblock *bb);

/*
 * Make a bad block good again. Its bytes become zeros: of a file by punching a hole and allocating
 * it anew, of device DAX by a command to the bus, which needs root. Nothing but what this context
 * has listed, or a part of it, is ever cleared.
 *
 * -EINVAL			length 0; device DAX: not the unit that the bus can clear
 * PMEM2_E_OFFSET_OUT_OF_RANGE	above INT64_MAX
 * PMEM2_E_LENGTH_OUT_OF_RANGE	above INT64_MAX
 * PMEM2_E_NO_BAD_BLOCK_FOUND	a byte of it is in no bad block of the list
 * PMEM2_E_DAX_REGION_NOT_FOUND	device DAX that is in no region of persistent memory
 * -ENXIO			device DAX: only a part was cleared
 * -EACCES			device DAX: the bus is root's
 * another negated errno of fallocate(2) or of the bus
 */
int pmem2_badblock_clear(struct pmem2_badblock_context *bbctx, const struct pmem2_badblock *bb);

/*
 * Read or write `size` bytes at `offset` of a source, with a bad block as an error:
 * PMEM2_E_IO_FAIL where a load from a map would raise SIGBUS. What was read, or written, before an
 * error is unspecified; on success it is all of it.
 *
 * Files are read and written with pread(2) and pwrite(2): what is written is in the page cache,
 * and durable after fsync(2). On device DAX, which is mapped for the purpose, what is written is
 * durable on return.
 *
 * Any number of threads may be in these calls, and the program may have a handler of SIGBUS: it
 * gets all but their own faults. One that is installed during a call on device DAX must pass what
 * it does not know to the handler that it replaces. It may not end this call by a jump out of the
 * handler.
 *
 * PMEM2_E_SOURCE_TYPE_NOT_SUPPORTED  an anonymous source
 * PMEM2_E_LENGTH_OUT_OF_RANGE	offset + size lies beyond the end of the source, or it shrank there
 * PMEM2_E_NO_ACCESS		to write: device DAX open for reading only, or a file with O_APPEND
 * PMEM2_E_NOSUPP		to write: device DAX over memory that no CPU flush makes durable
 * PMEM2_E_IO_FAIL		a bad block
 * those of pmem2_source_size() and pmem2_source_alignment(), any errno of the system calls negated
 * (-EBADF to write a file that is open for reading only)
 */
int pmem2_source_pread_mcsafe(struct pmem2_source *src, void *buf, size_t size, size_t offset);
int pmem2_source_pwrite_mcsafe(struct pmem2_source *src, void *buf, size_t size, size_t offset);

/*
 * Configs: how it is to be mapped. A failed setter leaves the earlier value, and one config serves
 * for any number of maps.
 */

struct pmem2_config;

/* A config with every default. *cfg becomes NULL on failure. -ENOMEM. */
int pmem2_config_new(struct pmem2_config **cfg);

/* Free a config and set *cfg to NULL; a *cfg of NULL is fine. Maps made with it live on. */
int pmem2_config_delete(struct pmem2_config **cfg);

/*
 * Store granularity: the smallest unit that must be written back for a store to be durable, the
 * finest first. SNIA's NVM programming model is the background.
 */
enum pmem2_granularity {
	PMEM2_GRANULARITY_BYTE, /* a visible store is durable: CPU caches survive a power cut */
	PMEM2_GRANULARITY_CACHE_LINE, /* cache lines must be flushed */
	PMEM2_GRANULARITY_PAGE        /* pages must be written back by the kernel */
};

/*
 * The coarsest granularity that the program can live with; pmem2_map_new() refuses a map that
 * would have a coarser one. Must be set. PMEM2_E_GRANULARITY_NOT_SUPPORTED for other values.
 */
int pmem2_config_set_required_store_granularity(
	struct pmem2_config *cfg, enum pmem2_granularity granularity);

/*
 * The offset in the source where the map begins (0). PMEM2_E_OFFSET_OUT_OF_RANGE above INT64_MAX.
 */
int pmem2_config_set_offset(struct pmem2_config *cfg, size_t offset);

/* How much to map; 0, the default, is to the end of the source. */
int pmem2_config_set_length(struct pmem2_config *cfg, size_t length);

enum pmem2_sharing_type {
	PMEM2_SHARED, /* stores reach the source (default) */
	PMEM2_PRIVATE /* stores stay in this process */
};

/* PMEM2_E_INVALID_SHARING_VALUE for other values. */
int pmem2_config_set_sharing(struct pmem2_config *cfg, enum pmem2_sharing_type type);

#define PMEM2_PROT_NONE  0u
#define PMEM2_PROT_EXEC  (1u << 29)
#define PMEM2_PROT_READ  (1u << 30)
#define PMEM2_PROT_WRITE (1u << 31)

/* Any of the above or'ed (READ | WRITE). PMEM2_E_INVALID_PROT_FLAG for other bits. */
int pmem2_config_set_protection(struct pmem2_config *cfg, unsigned prot);

/*
 * The place of maps: at `rsv_offset` in a reservation (see below) from now on. The offset, and the
 * length of what is mapped, are checked when they are used. NULL, the default, is anywhere. The
 * reservation must outlive the config's use and all maps in it.
 */
struct pmem2_vm_reservation;
int pmem2_config_set_vm_reservation(
	struct pmem2_config *cfg, struct pmem2_vm_reservation *rsv, size_t rsv_offset);

/*
 * Maps.
 */

struct pmem2_map;

/*
 * Map a source. Without a reservation the address is a multiple of 2 MiB (1 GiB for lengths from
 * 2 GiB on), and of the source's alignment. *map_ptr becomes NULL on failure. Where several of the
 * following apply, the first is reported.
 *
 * PMEM2_E_GRANULARITY_NOT_SET	nothing was required of the config
 * those of pmem2_source_alignment() and pmem2_source_size()
 * PMEM2_E_OFFSET_UNALIGNED	the offset is not a multiple of the source's alignment
 * PMEM2_E_SRC_DEVDAX_PRIVATE	device DAX cannot be mapped PRIVATE
 * PMEM2_E_SOURCE_EMPTY		the source has no bytes
 * PMEM2_E_LENGTH_UNALIGNED	the length is not a multiple of the source's alignment
 * PMEM2_E_MAP_RANGE		offset + length lies beyond the end of the source
 * -EINVAL			the offset is the end of the source
 * PMEM2_E_OFFSET_UNALIGNED	the offset in the reservation is not a multiple of the page size
 * PMEM2_E_LENGTH_OUT_OF_RANGE	offset + length lies beyond the end of the reservation
 * PMEM2_E_ADDRESS_UNALIGNED	the address there is not a multiple of the source's alignment
 * PMEM2_E_MAPPING_EXISTS	another map is there
 * PMEM2_E_NO_ACCESS		the descriptor's mode does not allow this protection and sharing
 * PMEM2_E_NOSUPP		device DAX over memory that no CPU flush makes durable
 * PMEM2_E_GRANULARITY_NOT_SUPPORTED  only a coarser granularity than required is to be had here
 * any errno of mmap(2) negated
 *
 * A slot of a reservation is as it was after a failure.
 *
 * The environment variable PMEM2_FORCE_GRANULARITY (BYTE, CACHE_LINE or PAGE; read at each call)
 * overrules what was found for a SHARED map of a file or device. It is for tests: forcing a finer
 * granularity than the storage has gives up durability.
 */
struct pmem2_source;
int pmem2_map_new(
	struct pmem2_map **map_ptr, const struct pmem2_config *cfg, const struct pmem2_source *src);

/*
 * Take `len` bytes at `addr`, of any alignment, that the program has mapped from `src` itself, as
 * a map of the granularity that it knows them to have: neither is checked. The memory must stay
 * mapped until the map is deleted, which leaves it mapped. Of the source, which may be deleted,
 * the map remembers what lies under it.
 *
 * -EINVAL			len is 0, or addr + len lies beyond the end of address space
 * PMEM2_E_GRANULARITY_NOT_SUPPORTED  gran is not a granularity
 * PMEM2_E_MAP_EXISTS		another map has some of these bytes (adjacent ones are fine)
 * -ENOMEM
 */
int pmem2_map_from_existing(struct pmem2_map **map, const struct pmem2_source *src, void *addr,
	size_t len, enum pmem2_granularity gran);

/*
 * Write back what was flushed on this map and not yet drained, by any thread; then unmap, unless
 * it was made from existing memory. In a reservation its slot is free again. *map_ptr becomes
 * NULL. No other thread may touch the memory during or after the call. PMEM2_E_MAPPING_NOT_FOUND
 * if this is
 * not a live map; a negated errno of munmap(2), and then the map is as before.
 */
int pmem2_map_delete(struct pmem2_map **map_ptr);

void *pmem2_map_get_address(struct pmem2_map *map);

/* The length that was mapped, in bytes, not rounded up to pages. */
size_t pmem2_map_get_size(struct pmem2_map *map);

/* The granularity that the map has, which may be finer than the config required. */
enum pmem2_granularity pmem2_map_get_store_granularity(struct pmem2_map *map);

/*
 * Reservations: address space set aside, so that maps can be put at chosen distances.
 *
 * What is reserved is inaccessible until something is mapped there (see
 * pmem2_config_set_vm_reservation()). All calls may be made on one reservation by several threads
 * at once, except that none may follow or overlap its deletion. A map is found from the return of
 * pmem2_map_new() until pmem2_map_delete() is called.
 */

/*
 * Reserve `size` bytes at `addr`, or if that is NULL at an address of the kernel's choice that is
 * a multiple of 2 MiB (1 GiB from 2 GiB on). *rsv_ptr becomes NULL on failure.
 *
 * PMEM2_E_ADDRESS_UNALIGNED	addr is not a multiple of the page size
 * PMEM2_E_LENGTH_UNALIGNED	nor is size
 * -EINVAL			size is 0
 * PMEM2_E_MAPPING_EXISTS	something is mapped in that range
 * any errno of mmap(2) negated
 */
int pmem2_vm_reservation_new(struct pmem2_vm_reservation **rsv_ptr, void *addr, size_t size);

/*
 * Give the address space back; *rsv_ptr becomes NULL. PMEM2_E_VM_RESERVATION_NOT_EMPTY if there
 * are maps in it, and any errno of munmap(2) negated; it is then as before.
 */
int pmem2_vm_reservation_delete(struct pmem2_vm_reservation **rsv_ptr);

/* Both may change when the reservation is extended or shrunk. */
void *pmem2_vm_reservation_get_address(struct pmem2_vm_reservation *rsv);
size_t pmem2_vm_reservation_get_size(struct pmem2_vm_reservation *rsv);

/*
 * Reserve `size` bytes more at its end; its address and its maps stay where they are.
 * PMEM2_E_LENGTH_UNALIGNED if that is not whole pages, PMEM2_E_MAPPING_EXISTS if something is
 * mapped there, any errno of mmap(2) negated.
 */
int pmem2_vm_reservation_extend(struct pmem2_vm_reservation *rsv, size_t size);

/*
 * Give back `size` bytes at its beginning (offset 0) or at its end. Maps stay at their addresses;
 * if the beginning is given back, the reservation's address moves up and their offsets in it
 * change. Where several of the following apply, the first is reported.
 *
 * PMEM2_E_OFFSET_UNALIGNED	offset is not a multiple of the page size
 * PMEM2_E_LENGTH_UNALIGNED	nor is size
 * PMEM2_E_OFFSET_OUT_OF_RANGE	offset is not inside the reservation
 * PMEM2_E_LENGTH_OUT_OF_RANGE	size is 0, or offset + size lies beyond the reservation's end
 * PMEM2_E_NOSUPP		the range is in the middle, or all of it
 * PMEM2_E_VM_RESERVATION_NOT_EMPTY  there are maps in the range
 * any errno of munmap(2) negated
 */
int pmem2_vm_reservation_shrink(struct pmem2_vm_reservation *rsv, size_t offset, size_t size);

/*
 * The lowest map that has a byte among `len` bytes from `reserv_offset`; with len 0, that has the
 * byte at `reserv_offset`. Like the next four it is PMEM2_E_MAPPING_NOT_FOUND without such a map,
 * and the output becomes NULL.
 */
int pmem2_vm_reservation_map_find(
	struct pmem2_vm_reservation *rsv, size_t reserv_offset, size_t len, struct pmem2_map **map);

/* The map before, or after, `map` in its reservation. */
int pmem2_vm_reservation_map_find_prev(
	struct pmem2_vm_reservation *rsv, struct pmem2_map *map, struct pmem2_map **prev_map);
int pmem2_vm_reservation_map_find_next(
	struct pmem2_vm_reservation *rsv, struct pmem2_map *map, struct pmem2_map **next_map);

/* The lowest, or the highest, map in the reservation. */
int pmem2_vm_reservation_map_find_first(struct pmem2_vm_reservation *rsv, struct pmem2_map **map);
int pmem2_vm_reservation_map_find_last(struct pmem2_vm_reservation *rsv, struct pmem2_map **map);

/*
 * Making stores durable.
 *
 * The functions that a map hands out are never NULL and stay valid for the life of the process;
 * maps of one granularity hand out the same ones, and a range may span two adjacent such maps.
 *
 *		BYTE		CACHE_LINE		PAGE
 * flush	nothing		flush each line		note the range for the next drain
 * drain	store fence	store fence		write back what this thread noted
 * persist	both		both			both
 *
 * A drain covers what the calling thread flushed and nothing else, as on the hardware: draining on
 * another thread does not count. Ranges noted on a PAGE map and never drained are written back
 * when their thread exits, before their map is deleted, and at exit(3); a forked child starts with
 * none.
 *
 * A write-back that fails (a full or failing disk) cannot be reported by functions that return
 * nothing, and must not look like success: the process says what failed on standard error and
 * aborts, unless it has set a handler (libpmem2/holdfast.h).
 *
 * Any alignment and length will do. At BYTE and CACHE_LINE granularity all of them are
 * async-signal-safe. They leave errno as it was.
 */

typedef void (*pmem2_persist_fn)(const void *ptr, size_t size);
typedef void (*pmem2_flush_fn)(const void *ptr, size_t size);
typedef void (*pmem2_drain_fn)(void);

pmem2_persist_fn pmem2_get_persist_fn(struct pmem2_map *map);
pmem2_flush_fn pmem2_get_flush_fn(struct pmem2_map *map);
pmem2_drain_fn pmem2_get_drain_fn(struct pmem2_map *map);

/*
 * Copy or fill, then persist. They return `pmemdest`; source and destination may overlap, for
 * memcpy too. Where destination and length are multiples of 8, every aligned 8-byte word is stored
 * whole: nobody, not even after a power cut, finds half of one.
 */

#define PMEM2_F_MEM_NODRAIN     0x01u /* leave the drain to the caller */
#define PMEM2_F_MEM_NONTEMPORAL 0x02u /* store around the caches */
#define PMEM2_F_MEM_TEMPORAL    0x04u /* store through the caches */
#define PMEM2_F_MEM_WC          0x08u /* prefer write combining; at BYTE granularity ignored */
#define PMEM2_F_MEM_WB          0x10u /* prefer write back */
#define PMEM2_F_MEM_NOFLUSH     0x20u /* do not flush, and do not drain */
#define PMEM2_F_MEM_VALID_FLAGS                                                                    \
	(PMEM2_F_MEM_NODRAIN | PMEM2_F_MEM_NONTEMPORAL | PMEM2_F_MEM_TEMPORAL | PMEM2_F_MEM_WC |   \
		PMEM2_F_MEM_WB | PMEM2_F_MEM_NOFLUSH)

typedef void *(*pmem2_memmove_fn)(void *pmemdest, const void *src, size_t len, unsigned flags);
typedef void *(*pmem2_memcpy_fn)(void *pmemdest, const void *src, size_t len, unsigned flags);
typedef void *(*pmem2_memset_fn)(void *pmemdest, int c, size_t len, unsigned flags);

pmem2_memmove_fn pmem2_get_memmove_fn(struct pmem2_map *map);
pmem2_memcpy_fn pmem2_get_memcpy_fn(struct pmem2_map *map);
pmem2_memset_fn pmem2_get_memset_fn(struct pmem2_map *map);

/*
 * Make [ptr, ptr + size) durable as far as the platform can go: out of the buffers, too, that a
 * power cut empties with the energy of capacitors only. It is slow, and for what must not depend
 * on them. Files, and PAGE maps, are written back; device DAX is flushed and its regions' buffers
 * emptied. 0 also where nothing deeper exists than what persist does. Unlike persist, it tells of
 * failures.
 *
 * PMEM2_E_DEEP_FLUSH_RANGE	a part of the range is outside of the map
 * PMEM2_E_NOSUPP		anonymous memory
 * PMEM2_E_DAX_REGION_NOT_FOUND	device DAX that is in no region of persistent memory
 * -EACCES, -EPERM, -EROFS	device DAX: the region's deep_flush attribute is root's (as it is
 *				unless the administrator lets others write to it)
 * -EIO, -ENOSPC		the file could not be written back, or the region not be flushed
 */
int pmem2_deep_flush(struct pmem2_map *map, void *ptr, size_t size);

/*
 * Messages.
 */

/*
 * The sentence about the last failed call of this thread, "" before any. It stays valid until the
 * next failure on this thread, and is not cleared by success.
 */
const char *pmem2_errormsg(void);

/* Print the formatted text, ": ", that sentence and a newline on standard error. */
void pmem2_perror(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

#ifdef __cplusplus
}
#endif

#endif
