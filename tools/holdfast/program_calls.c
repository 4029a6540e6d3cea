/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * program_calls.c - a table of the calls of libpmem, libpmem2 and librpmem, with differences from
 * PMDK 1.12
 */
#include <string.h>

#include "program.h"

#define PMEM         "libpmem.so.1"
#define PMEM2        "libpmem2.so.1"
#define RPMEM        "librpmem.so.1"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define WRITE_BACK                                                                                 \
	"At page granularity a flush only records a range, and a drain of the same thread writes it back; a failed write-back is remembered until the program accepts it."
#define ASYNC "Holdfast has no asynchronous copies: use the call without _async."
#define DEEP                                                                                       \
	"This call fails if a region's deep flush cannot be done, and after a failed write-back of the file."
#define WHOLE_WORDS "Aligned 8-byte words are always stored whole."
#define REMOTE                                                                                     \
	"Both machines must use Holdfast; waits have a deadline, and errors of the target reach the caller."

#define OFFERED(library, name, difference)                                                         \
	{                                                                                          \
		name, library, 1, difference                                                       \
	}
#define MISSING(library, name, difference)                                                         \
	{                                                                                          \
		name, library, 0, difference                                                       \
	}

static const struct known_call calls[] = {
	OFFERED(PMEM, "pmem_check_version", NULL),
	OFFERED(PMEM, "pmem_deep_drain", DEEP),
	OFFERED(PMEM, "pmem_deep_flush", NULL),
	OFFERED(PMEM, "pmem_deep_persist", DEEP),
	OFFERED(PMEM, "pmem_drain", "This call executes a fence even if no flush needs it."),
	OFFERED(PMEM, "pmem_errormsg", NULL),
	OFFERED(PMEM, "pmem_flush", NULL),
	OFFERED(PMEM, "pmem_has_auto_flush", NULL),
	OFFERED(PMEM, "pmem_has_hw_drain", NULL),
	OFFERED(PMEM, "pmem_is_pmem", NULL),
	OFFERED(PMEM, "pmem_log_get_threshold", NULL),
	OFFERED(PMEM, "pmem_log_set_function", NULL),
	OFFERED(PMEM, "pmem_log_set_threshold", NULL),
	OFFERED(PMEM, "pmem_map_file",
		"If this call fails, it removes a file that it created; DAX devices that no CPU flush makes durable get is_pmem 0."),
	OFFERED(PMEM, "pmem_memcpy", WHOLE_WORDS),
	OFFERED(PMEM, "pmem_memcpy_nodrain", WHOLE_WORDS),
	OFFERED(PMEM, "pmem_memcpy_persist", WHOLE_WORDS),
	OFFERED(PMEM, "pmem_memmove", WHOLE_WORDS),
	OFFERED(PMEM, "pmem_memmove_nodrain", WHOLE_WORDS),
	OFFERED(PMEM, "pmem_memmove_persist", WHOLE_WORDS),
	OFFERED(PMEM, "pmem_memset", WHOLE_WORDS),
	OFFERED(PMEM, "pmem_memset_nodrain", WHOLE_WORDS),
	OFFERED(PMEM, "pmem_memset_persist", WHOLE_WORDS),
	OFFERED(PMEM, "pmem_msync",
		"After a failed write-back of the file this call keeps failing until the program accepts the failure or maps the file again."),
	OFFERED(PMEM, "pmem_persist", NULL),
	OFFERED(PMEM, "pmem_unmap", NULL),
	OFFERED(PMEM2, "pmem2_badblock_clear",
		"This call clears only those bad blocks that were listed before with the same context."),
	OFFERED(PMEM2, "pmem2_badblock_context_delete", NULL),
	OFFERED(PMEM2, "pmem2_badblock_context_new",
		"If the disk of the file cannot be found this call fails, instead of listing nothing."),
	OFFERED(PMEM2, "pmem2_badblock_next", NULL),
	OFFERED(PMEM2, "pmem2_config_delete", NULL),
	OFFERED(PMEM2, "pmem2_config_new", NULL),
	OFFERED(PMEM2, "pmem2_config_set_length", NULL),
	OFFERED(PMEM2, "pmem2_config_set_offset", NULL),
	OFFERED(PMEM2, "pmem2_config_set_protection", NULL),
	OFFERED(PMEM2, "pmem2_config_set_required_store_granularity", NULL),
	OFFERED(PMEM2, "pmem2_config_set_sharing", NULL),
	OFFERED(PMEM2, "pmem2_config_set_vm_reservation", NULL),
	MISSING(PMEM2, "pmem2_config_set_vdm",
		"Holdfast has no virtual data movers: only asynchronous copies use them."),
	OFFERED(PMEM2, "pmem2_deep_flush", DEEP),
	OFFERED(PMEM2, "pmem2_errormsg", NULL),
	OFFERED(PMEM2, "pmem2_get_drain_fn", WRITE_BACK),
	OFFERED(PMEM2, "pmem2_get_flush_fn", WRITE_BACK),
	OFFERED(PMEM2, "pmem2_get_memcpy_fn", WHOLE_WORDS),
	OFFERED(PMEM2, "pmem2_get_memmove_fn", WHOLE_WORDS),
	OFFERED(PMEM2, "pmem2_get_memset_fn", WHOLE_WORDS),
	OFFERED(PMEM2, "pmem2_get_persist_fn", WRITE_BACK),
	OFFERED(PMEM2, "pmem2_map_delete",
		"Ranges that were flushed and not drained are written back first."),
	OFFERED(PMEM2, "pmem2_map_from_existing", "A length of 0 is refused."),
	OFFERED(PMEM2, "pmem2_map_get_address", NULL),
	OFFERED(PMEM2, "pmem2_map_get_size", NULL),
	OFFERED(PMEM2, "pmem2_map_get_store_granularity", NULL),
	OFFERED(PMEM2, "pmem2_map_new",
		"The granularity depends on the region of the mapped device alone. Device DAX is refused if flushing the CPU's caches does not make it durable."),
	MISSING(PMEM2, "pmem2_memcpy_async", ASYNC),
	MISSING(PMEM2, "pmem2_memmove_async", ASYNC),
	MISSING(PMEM2, "pmem2_memset_async", ASYNC),
	OFFERED(PMEM2, "pmem2_perror", NULL),
	OFFERED(PMEM2, "pmem2_source_alignment", NULL),
	OFFERED(PMEM2, "pmem2_source_delete", NULL),
	OFFERED(PMEM2, "pmem2_source_device_id",
		"This call overwrites the buffer instead of appending to it."),
	OFFERED(PMEM2, "pmem2_source_device_usc", NULL),
	OFFERED(PMEM2, "pmem2_source_from_anon", NULL),
	OFFERED(PMEM2, "pmem2_source_from_fd", NULL),
	OFFERED(PMEM2, "pmem2_source_get_fd", NULL),
	OFFERED(PMEM2, "pmem2_source_numa_node", NULL),
	OFFERED(PMEM2, "pmem2_source_pread_mcsafe", "A short transfer is an error."),
	OFFERED(PMEM2, "pmem2_source_pwrite_mcsafe", "A short transfer is an error."),
	OFFERED(PMEM2, "pmem2_source_size", NULL),
	OFFERED(PMEM2, "pmem2_vm_reservation_delete", NULL),
	OFFERED(PMEM2, "pmem2_vm_reservation_extend", NULL),
	OFFERED(PMEM2, "pmem2_vm_reservation_get_address", NULL),
	OFFERED(PMEM2, "pmem2_vm_reservation_get_size", NULL),
	OFFERED(PMEM2, "pmem2_vm_reservation_map_find", NULL),
	OFFERED(PMEM2, "pmem2_vm_reservation_map_find_first", NULL),
	OFFERED(PMEM2, "pmem2_vm_reservation_map_find_last", NULL),
	OFFERED(PMEM2, "pmem2_vm_reservation_map_find_next", NULL),
	OFFERED(PMEM2, "pmem2_vm_reservation_map_find_prev", NULL),
	OFFERED(PMEM2, "pmem2_vm_reservation_new", "A size of 0 is refused."),
	OFFERED(PMEM2, "pmem2_vm_reservation_shrink", NULL),
	OFFERED(RPMEM, "rpmem_check_version", NULL),
	OFFERED(RPMEM, "rpmem_close", NULL),
	OFFERED(RPMEM, "rpmem_create", REMOTE),
	OFFERED(RPMEM, "rpmem_deep_persist", REMOTE),
	OFFERED(RPMEM, "rpmem_drain", REMOTE),
	OFFERED(RPMEM, "rpmem_errormsg", NULL),
	OFFERED(RPMEM, "rpmem_flush", "This call does not wait for the target; a drain does."),
	OFFERED(RPMEM, "rpmem_open", REMOTE),
	OFFERED(RPMEM, "rpmem_persist", REMOTE),
	OFFERED(RPMEM, "rpmem_read", "The range is checked against the size of the pool."),
	OFFERED(RPMEM, "rpmem_remove", REMOTE),
	OFFERED(RPMEM, "rpmem_set_attr", NULL),
};

const struct known_call *program_known_call(const char *name)
{
	for (size_t i = 0; i < COUNT(calls); i++)
		if (!strcmp(name, calls[i].name))
			return &calls[i];
	return NULL;
}

bool program_has_node(const char *library, const char *node)
{
	static const struct {
		const char *library, *node;
	} nodes[] = {
		{PMEM, "LIBPMEM_1.0"},
		{PMEM2, "LIBPMEM2_1.0"},
		{PMEM2, "LIBPMEM2_2.0"},
		{PMEM2, "LIBPMEM2_HOLDFAST_3.0"},
		{RPMEM, "LIBRPMEM_1.0"},
		{RPMEM, "LIBRPMEM_HOLDFAST_3.0"},
	};

	for (size_t i = 0; i < COUNT(nodes); i++)
		if (!strcmp(library, nodes[i].library) && !strcmp(node, nodes[i].node))
			return true;
	return false;
}
