/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * api.h - the calls of libpmem.so.1 and libpmem2.so.1, found by name in a library given by path
 *
 * The signatures are written here, not taken from include/: tests also load Debian's builds of the
 * two libraries, and compare the binary interface.
 */
#ifndef TEST_COMPAT_API_H
#define TEST_COMPAT_API_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bad_block {
	size_t offset;
	size_t length;
};

typedef void *copy_fn(void *dest, const void *src, size_t len, unsigned flags);
typedef void *fill_fn(void *dest, int c, size_t len, unsigned flags);
typedef void range_fn(const void *addr, size_t len);
typedef void drain_fn(void);

#define PMEM_API(X)                                                                                \
	X(pmem, void *, map_file, (const char *, size_t, int, mode_t, size_t *, int *))            \
	X(pmem, int, unmap, (void *, size_t))                                                      \
	X(pmem, int, is_pmem, (const void *, size_t))                                              \
	X(pmem, int, has_auto_flush, (void))                                                       \
	X(pmem, int, has_hw_drain, (void))                                                         \
	X(pmem, const char *, check_version, (unsigned, unsigned))                                 \
	X(pmem, const char *, errormsg, (void))                                                    \
	X(pmem, void, flush, (const void *, size_t))                                               \
	X(pmem, void, drain, (void))                                                               \
	X(pmem, void, persist, (const void *, size_t))                                             \
	X(pmem, int, msync, (const void *, size_t))                                                \
	X(pmem, void, deep_flush, (const void *, size_t))                                          \
	X(pmem, int, deep_drain, (const void *, size_t))                                           \
	X(pmem, int, deep_persist, (const void *, size_t))                                         \
	X(pmem, void *, memmove, (void *, const void *, size_t, unsigned))                         \
	X(pmem, void *, memcpy, (void *, const void *, size_t, unsigned))                          \
	X(pmem, void *, memset, (void *, int, size_t, unsigned))                                   \
	X(pmem, void *, memmove_persist, (void *, const void *, size_t))                           \
	X(pmem, void *, memcpy_persist, (void *, const void *, size_t))                            \
	X(pmem, void *, memset_persist, (void *, int, size_t))                                     \
	X(pmem, void *, memmove_nodrain, (void *, const void *, size_t))                           \
	X(pmem, void *, memcpy_nodrain, (void *, const void *, size_t))                            \
	X(pmem, void *, memset_nodrain, (void *, int, size_t))

#define PMEM2_API(X)                                                                               \
	X(pmem2, int, source_from_fd, (void **, int))                                              \
	X(pmem2, int, source_from_anon, (void **, size_t))                                         \
	X(pmem2, int, source_delete, (void **))                                                    \
	X(pmem2, int, source_get_fd, (const void *, int *))                                        \
	X(pmem2, int, source_size, (const void *, size_t *))                                       \
	X(pmem2, int, source_alignment, (const void *, size_t *))                                  \
	X(pmem2, int, source_device_id, (const void *, char *, size_t *))                          \
	X(pmem2, int, source_device_usc, (const void *, uint64_t *))                               \
	X(pmem2, int, source_numa_node, (const void *, int *))                                     \
	X(pmem2, int, source_pread_mcsafe, (void *, void *, size_t, size_t))                       \
	X(pmem2, int, source_pwrite_mcsafe, (void *, void *, size_t, size_t))                      \
	X(pmem2, int, config_new, (void **))                                                       \
	X(pmem2, int, config_delete, (void **))                                                    \
	X(pmem2, int, config_set_required_store_granularity, (void *, int))                        \
	X(pmem2, int, config_set_offset, (void *, size_t))                                         \
	X(pmem2, int, config_set_length, (void *, size_t))                                         \
	X(pmem2, int, config_set_sharing, (void *, int))                                           \
	X(pmem2, int, config_set_protection, (void *, unsigned))                                   \
	X(pmem2, int, config_set_vm_reservation, (void *, void *, size_t))                         \
	X(pmem2, int, map_new, (void **, const void *, const void *))                              \
	X(pmem2, int, map_from_existing, (void **, const void *, void *, size_t, int))             \
	X(pmem2, int, map_delete, (void **))                                                       \
	X(pmem2, void *, map_get_address, (void *))                                                \
	X(pmem2, size_t, map_get_size, (void *))                                                   \
	X(pmem2, int, map_get_store_granularity, (void *))                                         \
	X(pmem2, range_fn *, get_persist_fn, (void *))                                             \
	X(pmem2, range_fn *, get_flush_fn, (void *))                                               \
	X(pmem2, drain_fn *, get_drain_fn, (void *))                                               \
	X(pmem2, copy_fn *, get_memmove_fn, (void *))                                              \
	X(pmem2, copy_fn *, get_memcpy_fn, (void *))                                               \
	X(pmem2, fill_fn *, get_memset_fn, (void *))                                               \
	X(pmem2, int, deep_flush, (void *, void *, size_t))                                        \
	X(pmem2, int, vm_reservation_new, (void **, void *, size_t))                               \
	X(pmem2, int, vm_reservation_delete, (void **))                                            \
	X(pmem2, void *, vm_reservation_get_address, (void *))                                     \
	X(pmem2, size_t, vm_reservation_get_size, (void *))                                        \
	X(pmem2, int, vm_reservation_extend, (void *, size_t))                                     \
	X(pmem2, int, vm_reservation_shrink, (void *, size_t, size_t))                             \
	X(pmem2, int, vm_reservation_map_find, (void *, size_t, size_t, void **))                  \
	X(pmem2, int, vm_reservation_map_find_prev, (void *, void *, void **))                     \
	X(pmem2, int, vm_reservation_map_find_next, (void *, void *, void **))                     \
	X(pmem2, int, vm_reservation_map_find_first, (void *, void **))                            \
	X(pmem2, int, vm_reservation_map_find_last, (void *, void **))                             \
	X(pmem2, int, badblock_context_new, (void **, const void *))                               \
	X(pmem2, void, badblock_context_delete, (void **))                                         \
	X(pmem2, int, badblock_next, (void *, struct bad_block *))                                 \
	X(pmem2, int, badblock_clear, (void *, const struct bad_block *))                          \
	X(pmem2, const char *, errormsg, (void))                                                   \
	X(pmem2, void, perror, (const char *, ...))

#define API_MEMBER(library, type, name, args) type(*name) args;

/*
 * Pointers to the functions of a loaded library. A pointer is NULL if the library has no such
 * symbol.
 */
struct pmem_api {
	PMEM_API(API_MEMBER)
};

struct pmem2_api {
	PMEM2_API(API_MEMBER)
};

extern struct pmem_api pmem;
extern struct pmem2_api pmem2;

/*
 * Loads the libraries at these paths; if a path is NULL, does not load that library. Prints the
 * names of missing symbols on stderr.
 */
void api_load(const char *pmem_path, const char *pmem2_path);

/*
 * Returns the name of an error code: "MAP_RANGE" for PMEM2_E_MAP_RANGE, "-EINVAL" for the negated
 * errno -EINVAL, "0" for 0.
 */
const char *api_error_name(int code);

enum {
	E_NOSUPP = -100001,
	E_MAP_RANGE = -100006,
	E_MAPPING_EXISTS = -100007,
	E_OFFSET_OUT_OF_RANGE = -100010,
	E_LENGTH_UNALIGNED = -100015,
	E_MAPPING_NOT_FOUND = -100016,
	E_LENGTH_OUT_OF_RANGE = -100030,
	E_NO_ACCESS = -100032,
	E_MAP_EXISTS = -100034,
	E_SOURCE_TYPE_NOT_SUPPORTED = -100036,
};

enum { BYTE, CACHE_LINE, PAGE };

enum { FILE_CREATE = 1, FILE_EXCL = 2, FILE_SPARSE = 4, FILE_TMPFILE = 8 };

#endif
