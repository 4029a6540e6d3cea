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
 * it returns one of PMEM2_E_* below or a negated errno value; outputs are then unchanged, except
 * where a comment below says that they become NULL. pmem2_errormsg() returns the message.
 *
 * Threads. Calls on different objects may run at the same time. Sources and configs are not
 * locked: one thread at a time may change one. Any thread may make, use and delete maps.
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
#define PMEM2_E_NOSUPP                       (-100001) /* not supported by the source or map */
#define PMEM2_E_FILE_HANDLE_NOT_SET          (-100003) /* never returned on Linux */
#define PMEM2_E_INVALID_FILE_HANDLE          (-100004) /* fd closed, or not open for reading */
#define PMEM2_E_INVALID_FILE_TYPE            (-100005) /* neither a regular file nor device DAX */
#define PMEM2_E_MAP_RANGE                    (-100006) /* beyond the end of the source */
#define PMEM2_E_MAPPING_EXISTS               (-100007) /* the address range is taken */
#define PMEM2_E_GRANULARITY_NOT_SET          (-100008)
#define PMEM2_E_GRANULARITY_NOT_SUPPORTED    (-100009) /* the storage's granularity is too coarse */
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
 * Sources: the file, device or memory that a map is made of.
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
 * Describe `size` bytes of anonymous memory, with no file behind it. Nothing stored there survives
 * the process; such a source lets a program use one code path with and without a file. -ENOMEM.
 */
int pmem2_source_from_anon(struct pmem2_source **src, size_t size);

/*
 * Free a source and set *src to NULL; nothing is done if *src is NULL. Maps made from the source
 * stay valid.
 */
int pmem2_source_delete(struct pmem2_source **src);

/* Get the descriptor that the source borrows. PMEM2_E_FILE_DESCRIPTOR_NOT_SET if anonymous. */
int pmem2_source_get_fd(const struct pmem2_source *src, int *fd);

/*
 * Get the present size of the source in bytes: from fstat(2) for a file, from its sysfs attribute
 * for device DAX. PMEM2_E_INVALID_FILE_HANDLE if the descriptor was closed;
 * PMEM2_E_INVALID_SIZE_FORMAT or a negated errno if sysfs is unreadable.
 */
int pmem2_source_size(const struct pmem2_source *src, size_t *size);

/*
 * Get the unit of offsets and lengths, in bytes: the page size, or for device DAX the alignment
 * that its sysfs attribute names. PMEM2_E_INVALID_ALIGNMENT_FORMAT or _VALUE if this attribute is
 * not a number or not a power of two; a negated errno if it is unreadable.
 */
int pmem2_source_alignment(const struct pmem2_source *src, size_t *alignment);

/*
 * Asking about the device that the source lies on. Partitions, device-mapper and md are resolved
 * to the regions of persistent memory under them; a source that lies only partly on such a region
 * is treated as not being on persistent memory. On failure outputs are unchanged.
 */

/*
 * Get the ids of the memory modules that the source lies on, as one string, concatenated. With `id`
 * NULL, *len becomes the size in bytes that the string needs, with the final NUL; else *len is the
 * size of the buffer `id`, which is overwritten.
 *
 * PMEM2_E_NOSUPP		anonymous; the kernel knows no modules; or a module has no id
 * PMEM2_E_BUFFER_TOO_SMALL	*len is less than the string needs
 * a negated errno if there is an id that cannot be read
 */
int pmem2_source_device_id(const struct pmem2_source *src, char *id, size_t *len);

/*
 * Get the unsafe shutdown count: how often the memory modules of the source lost data in a power
 * cut, summed over all of them. A program that uses a file saves the count in it; if the count has
 * grown when the file is opened after a crash, data that was persistent before may be lost.
 *
 * PMEM2_E_NOSUPP	anonymous; the kernel knows no modules; or a module does not count;
 *			a count of 0 is a successful answer
 * a negated errno if there is a count that cannot be read: -EACCES, -EPERM if only root may read it
 */
int pmem2_source_device_usc(const struct pmem2_source *src, uint64_t *usc);

/*
 * Get the NUMA node whose CPUs are nearest to the source; -1 if the kernel does not know one.
 *
 * PMEM2_E_NOSUPP		anonymous; a kernel that does not tell; or regions on several nodes
 * PMEM2_E_DAX_REGION_NOT_FOUND	the source is not on persistent memory
 * a negated errno if the node cannot be read
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
 * The kernel shows at most one page of text of bad blocks at a time, a few hundred. If there may be
 * more, repeat this loop with a new context until nothing is listed.
 */

struct pmem2_badblock_context;

struct pmem2_badblock {
	size_t offset; /* from the start of the file or DAX device */
	size_t length;
};

/*
 * List the bad blocks of the source, as the kernel knows them now. Those of a file are rounded
 * outward to its block size; a bad block that several extents of the file share is listed in
 * pieces, in the order of the extents. The list of a source that is not on persistent memory known
 * to the kernel is empty. *bbctx becomes NULL on failure. The source's descriptor must stay open
 * until the context is deleted.
 *
 * PMEM2_E_NOSUPP		anonymous; or there are bad blocks, and it is unknown which
 *				bytes of the file they are: on device-mapper or md, on an XFS
 *				real-time device, in compressed extents
 * PMEM2_E_DAX_REGION_NOT_FOUND	device DAX that is in no region of persistent memory
 * PMEM2_E_CANNOT_READ_BOUNDS	device DAX: its start in its region is not a number
 * -EACCES, -EPERM		only root may read the list, or the device's start in its region
 * -EBADMSG			the list is malformed
 * -EAGAIN			the file's extents keep changing
 * -ENOMEM, or another negated errno of reading sysfs or of the file system's answer to FIEMAP
 */
int pmem2_badblock_context_new(
	struct pmem2_badblock_context **bbctx, const struct pmem2_source *src);

/* Free a context and set *bbctx to NULL; nothing is done if *bbctx is NULL. */
void pmem2_badblock_context_delete(struct pmem2_badblock_context **bbctx);

/* Get the next bad block of the list. PMEM2_E_NO_BAD_BLOCK_FOUND after the last. */
int pmem2_badblock_next(struct pmem2_badblock_context *bbctx, struct pmem2_badblock *bb);

/*
 * Make a bad block readable again. Its bytes become zeros: in a file, a hole is punched and the
 * blocks are allocated again; for device DAX, a command is sent to the bus, which needs root. Only
 * bad blocks that this context has listed, or parts of them, can be cleared.
 *
 * -EINVAL			length 0; device DAX: not in units that the bus can clear
 * PMEM2_E_OFFSET_OUT_OF_RANGE	above INT64_MAX
 * PMEM2_E_LENGTH_OUT_OF_RANGE	above INT64_MAX
 * PMEM2_E_NO_BAD_BLOCK_FOUND	a byte of the range is in no bad block of the list
 * PMEM2_E_DAX_REGION_NOT_FOUND	device DAX that is in no region of persistent memory
 * -ENXIO			device DAX: only a part was cleared
 * -EACCES			device DAX: only root may command the bus
 * another negated errno of fallocate(2) or of the bus
 */
int pmem2_badblock_clear(struct pmem2_badblock_context *bbctx, const struct pmem2_badblock *bb);

/*
 * Read or write `size` bytes at `offset` of a source, and report a bad block as an error:
 * PMEM2_E_IO_FAIL where a load from a map would raise SIGBUS. After an error it is unspecified how
 * much was read or written; on success all `size` bytes were.
 *
 * Files are read and written with pread(2) and pwrite(2): written bytes are in the page cache, and
 * durable after fsync(2). Device DAX is mapped during the call; bytes written there are durable on
 * return.
 *
 * Any number of threads may be in these calls, and the program may have a handler of SIGBUS: it
 * gets all SIGBUS except those that these calls cause. A handler that is installed during a call on
 * device DAX must pass signals that it does not know to the handler that it replaces, and may not
 * end the call by a jump out of the handler.
 *
 * PMEM2_E_SOURCE_TYPE_NOT_SUPPORTED  an anonymous source
 * PMEM2_E_LENGTH_OUT_OF_RANGE	offset + size lies beyond the end of the source, or the file shrank
 * PMEM2_E_NO_ACCESS		writing: device DAX open for reading only, or a file with O_APPEND
 * PMEM2_E_NOSUPP		writing: device DAX over memory that no CPU flush makes durable
 * PMEM2_E_IO_FAIL		a bad block
 * errors of pmem2_source_size() and pmem2_source_alignment(); any negated errno of the system calls
 * (-EBADF when writing a file that is open for reading only)
 */
int pmem2_source_pread_mcsafe(struct pmem2_source *src, void *buf, size_t size, size_t offset);
int pmem2_source_pwrite_mcsafe(struct pmem2_source *src, void *buf, size_t size, size_t offset);

/*
 * Configs: how a source is mapped. A setter that fails leaves the earlier value. One config can be
 * used for any number of maps.
 */

struct pmem2_config;

/* Make a config with the default of every setting. *cfg becomes NULL on failure. -ENOMEM. */
int pmem2_config_new(struct pmem2_config **cfg);

/*
 * Free a config and set *cfg to NULL; nothing is done if *cfg is NULL. Maps made with it stay
 * valid.
 */
int pmem2_config_delete(struct pmem2_config **cfg);

/*
 * Store granularity: the smallest unit that must be written back for a store to be durable. The
 * finest granularity is first. The term comes from SNIA's NVM Programming Model.
 */
enum pmem2_granularity {
	PMEM2_GRANULARITY_BYTE, /* a visible store is durable: CPU caches survive a power cut */
	PMEM2_GRANULARITY_CACHE_LINE, /* cache lines must be flushed */
	PMEM2_GRANULARITY_PAGE        /* pages must be written back by the kernel */
};

/*
 * Set the coarsest granularity that the program accepts; pmem2_map_new() refuses a map that would
 * have a coarser one. There is no default: every config needs this call.
 * PMEM2_E_GRANULARITY_NOT_SUPPORTED for values that are not in the enum.
 */
int pmem2_config_set_required_store_granularity(
	struct pmem2_config *cfg, enum pmem2_granularity granularity);

/*
 * Set the offset in the source where maps begin; default 0. PMEM2_E_OFFSET_OUT_OF_RANGE above
 * INT64_MAX.
 */
int pmem2_config_set_offset(struct pmem2_config *cfg, size_t offset);

/* Set how many bytes to map; 0, the default, maps up to the end of the source. */
int pmem2_config_set_length(struct pmem2_config *cfg, size_t length);

enum pmem2_sharing_type {
	PMEM2_SHARED, /* stores reach the source (default) */
	PMEM2_PRIVATE /* stores stay in this process */
};

/* Set the sharing. PMEM2_E_INVALID_SHARING_VALUE for values that are not in the enum. */
int pmem2_config_set_sharing(struct pmem2_config *cfg, enum pmem2_sharing_type type);

#define PMEM2_PROT_NONE  0u
#define PMEM2_PROT_EXEC  (1u << 29)
#define PMEM2_PROT_READ  (1u << 30)
#define PMEM2_PROT_WRITE (1u << 31)

/* Set PMEM2_PROT_* or'ed; default READ | WRITE. PMEM2_E_INVALID_PROT_FLAG for other bits. */
int pmem2_config_set_protection(struct pmem2_config *cfg, unsigned prot);

/*
 * Put later maps at `rsv_offset` in a reservation of address space (pmem2_vm_reservation_new()).
 * The offset, and the length of a map, are checked by pmem2_map_new(). With `rsv` NULL, the
 * default, maps are put anywhere. The reservation must exist as long as the config is used, and as
 * long as there are maps in it.
 */
struct pmem2_vm_reservation;
int pmem2_config_set_vm_reservation(
	struct pmem2_config *cfg, struct pmem2_vm_reservation *rsv, size_t rsv_offset);

/*
 * Maps: make them from a source and a config, ask about them, delete them.
 */

struct pmem2_map;

/*
 * Map a source. Without a reservation the address is a multiple of 2 MiB (1 GiB for lengths from
 * 2 GiB on), and of the source's alignment. *map_ptr becomes NULL on failure. Where several of the
 * following apply, the first is reported.
 *
 * PMEM2_E_GRANULARITY_NOT_SET	the config has no required store granularity
 * errors of pmem2_source_alignment() and pmem2_source_size()
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
 * PMEM2_E_GRANULARITY_NOT_SUPPORTED  the source offers only a coarser granularity than required
 * any errno of mmap(2) negated
 *
 * After a failure, the range in the reservation is as it was before the call.
 *
 * The environment variable PMEM2_FORCE_GRANULARITY (BYTE, CACHE_LINE or PAGE; read at each call)
 * overrides the granularity that was detected for a SHARED map of a file or device. It is for
 * tests: forcing a finer granularity than the storage has gives up durability.
 */
struct pmem2_source;
int pmem2_map_new(
	struct pmem2_map **map_ptr, const struct pmem2_config *cfg, const struct pmem2_source *src);

/*
 * Make a map of `len` bytes at `addr`, of any alignment, which the program itself has mapped from
 * `src`. Granularity and source are the program's promise: they are not checked. The memory must
 * stay mapped until the map is deleted; deleting the map leaves it mapped. The source may be
 * deleted: the map remembers which storage lies under it.
 *
 * -EINVAL			len is 0, or addr + len lies beyond the end of address space
 * PMEM2_E_GRANULARITY_NOT_SUPPORTED  gran is not a granularity
 * PMEM2_E_MAP_EXISTS		another map has some of these bytes (adjacent ones are fine)
 * -ENOMEM
 */
int pmem2_map_from_existing(struct pmem2_map **map, const struct pmem2_source *src, void *addr,
	size_t len, enum pmem2_granularity gran);

/*
 * Delete a map: write back what any thread flushed on it and did not drain; then unmap it, unless
 * it was made from existing memory. Its range in a reservation is free again. *map_ptr becomes
 * NULL. No other thread may touch the memory during or after the call. PMEM2_E_MAPPING_NOT_FOUND if
 * this is not a live map; a negated errno if munmap(2) fails, and then the map is as before.
 */
int pmem2_map_delete(struct pmem2_map **map_ptr);

void *pmem2_map_get_address(struct pmem2_map *map);

/* Get the length that was mapped, in bytes, not rounded up to pages. */
size_t pmem2_map_get_size(struct pmem2_map *map);

/* Get the granularity of the map, which may be finer than the config required. */
enum pmem2_granularity pmem2_map_get_store_granularity(struct pmem2_map *map);

/*
 * Reservations: address space set aside, so that maps can be put at chosen distances.
 *
 * Reserved addresses are inaccessible until a map is put there (see
 * pmem2_config_set_vm_reservation()). Several threads may make all calls on one reservation at
 * once, except that no call may follow or overlap its deletion. The calls that search find a map
 * from the return of pmem2_map_new() until pmem2_map_delete() is called.
 */

/*
 * Reserve `size` bytes at `addr`. If `addr` is NULL, the kernel chooses an address that is a
 * multiple of 2 MiB (of 1 GiB for sizes from 2 GiB on). *rsv_ptr becomes NULL on failure.
 *
 * PMEM2_E_ADDRESS_UNALIGNED	addr is not a multiple of the page size
 * PMEM2_E_LENGTH_UNALIGNED	size is not a multiple of the page size
 * -EINVAL			size is 0
 * PMEM2_E_MAPPING_EXISTS	something is mapped in that range
 * any errno of mmap(2) negated
 */
int pmem2_vm_reservation_new(struct pmem2_vm_reservation **rsv_ptr, void *addr, size_t size);

/*
 * Delete a reservation and give its address space back; *rsv_ptr becomes NULL. On failure the
 * reservation is as before: PMEM2_E_VM_RESERVATION_NOT_EMPTY if there are maps in it, or any
 * negated errno of munmap(2).
 */
int pmem2_vm_reservation_delete(struct pmem2_vm_reservation **rsv_ptr);

/* Get address and size in bytes; both may change when the reservation is extended or shrunk. */
void *pmem2_vm_reservation_get_address(struct pmem2_vm_reservation *rsv);
size_t pmem2_vm_reservation_get_size(struct pmem2_vm_reservation *rsv);

/*
 * Reserve `size` more bytes at the end of the reservation; its address and its maps stay where they
 * are. PMEM2_E_LENGTH_UNALIGNED if `size` is not a multiple of the page size,
 * PMEM2_E_MAPPING_EXISTS if something is mapped there, any negated errno of mmap(2).
 */
int pmem2_vm_reservation_extend(struct pmem2_vm_reservation *rsv, size_t size);

/*
 * Give back `size` bytes at the beginning of a reservation (offset 0) or at its end. Maps stay at
 * their addresses; if the beginning is given back, the reservation's address moves up and the
 * offsets of maps in it change. Where several of the following apply, the first is reported.
 *
 * PMEM2_E_OFFSET_UNALIGNED	offset is not a multiple of the page size
 * PMEM2_E_LENGTH_UNALIGNED	size is not a multiple of the page size
 * PMEM2_E_OFFSET_OUT_OF_RANGE	offset is not inside the reservation
 * PMEM2_E_LENGTH_OUT_OF_RANGE	size is 0, or offset + size lies beyond the reservation's end
 * PMEM2_E_NOSUPP		the range is in the middle, or is the whole reservation
 * PMEM2_E_VM_RESERVATION_NOT_EMPTY  there are maps in the range
 * any errno of munmap(2) negated
 */
int pmem2_vm_reservation_shrink(struct pmem2_vm_reservation *rsv, size_t offset, size_t size);

/*
 * Find the lowest map with a byte among the `len` bytes from `reserv_offset`; with len 0, the map
 * with the byte at `reserv_offset`. If there is no such map, this call and the four
 * pmem2_vm_reservation_map_find_*() below return PMEM2_E_MAPPING_NOT_FOUND, and the output becomes
 * NULL.
 */
int pmem2_vm_reservation_map_find(
	struct pmem2_vm_reservation *rsv, size_t reserv_offset, size_t len, struct pmem2_map **map);

/* Find the map before, or after, `map` in its reservation. */
int pmem2_vm_reservation_map_find_prev(
	struct pmem2_vm_reservation *rsv, struct pmem2_map *map, struct pmem2_map **prev_map);
int pmem2_vm_reservation_map_find_next(
	struct pmem2_vm_reservation *rsv, struct pmem2_map *map, struct pmem2_map **next_map);

/* Find the lowest, or the highest, map in the reservation. */
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
 * A drain covers only what the calling thread itself flushed, as on the hardware: a drain on
 * another thread does not help. Ranges that a flush noted on a PAGE map and that were never drained
 * are written back when their thread exits, before their map is deleted, and at exit(3); a forked
 * child starts without noted ranges.
 *
 * A write-back that fails (a full or failing disk) cannot be reported by functions that return
 * nothing, and must not look like success: the process says what failed on standard error and
 * aborts, unless it has set a handler (libpmem2/holdfast.h).
 *
 * Ranges may have any alignment and length. At BYTE and CACHE_LINE granularity all of these
 * functions are async-signal-safe. They do not change errno.
 */

typedef void (*pmem2_persist_fn)(const void *ptr, size_t size);
typedef void (*pmem2_flush_fn)(const void *ptr, size_t size);
typedef void (*pmem2_drain_fn)(void);

pmem2_persist_fn pmem2_get_persist_fn(struct pmem2_map *map);
pmem2_flush_fn pmem2_get_flush_fn(struct pmem2_map *map);
pmem2_drain_fn pmem2_get_drain_fn(struct pmem2_map *map);

/*
 * Copy or fill, then persist. These functions return `pmemdest`; source and destination may
 * overlap, for memcpy too. Where destination and length are multiples of 8, every aligned 8-byte
 * word is stored whole: no reader, not even after a power cut, finds a word that is half old and
 * half new.
 */

#define PMEM2_F_MEM_NODRAIN     0x01u /* leave the drain to the caller */
#define PMEM2_F_MEM_NONTEMPORAL 0x02u /* store around the caches */
#define PMEM2_F_MEM_TEMPORAL    0x04u /* store through the caches */
#define PMEM2_F_MEM_WC          0x08u /* prefer write combining; ignored at BYTE granularity */
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
 * Make [ptr, ptr + size) durable as deeply as the platform can: stores also leave the memory
 * controller's buffers, which a power cut empties only with the energy of capacitors. Slow; for
 * data that must not depend on these capacitors. Files, and PAGE maps, are written back; device DAX
 * is flushed and the buffers of its regions are emptied. Returns 0 also where the platform offers
 * nothing deeper than persist. Unlike persist, it reports failures.
 *
 * PMEM2_E_DEEP_FLUSH_RANGE	a part of the range is outside of the map
 * PMEM2_E_NOSUPP		anonymous memory
 * PMEM2_E_DAX_REGION_NOT_FOUND	device DAX that is in no region of persistent memory
 * -EACCES, -EPERM, -EROFS	device DAX: the region's deep_flush attribute is not writable
 *				for this process; by default only root may write to it
 * -EIO, -ENOSPC		the file was not written back, or the region was not flushed
 */
int pmem2_deep_flush(struct pmem2_map *map, void *ptr, size_t size);

/*
 * Messages: the text of the last error.
 */

/*
 * The message about the last failed call of this thread; "" if no call has failed. It stays valid
 * until the next failure on this thread; a call that succeeds does not clear it.
 */
const char *pmem2_errormsg(void);

/*
 * Print the formatted text, ": ", the message of pmem2_errormsg() and a newline on standard error.
 */
void pmem2_perror(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

#ifdef __cplusplus
}
#endif

#endif
