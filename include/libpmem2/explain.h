/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem2/explain.h - how durable stores to a file, a device, a map or this machine are, and why
 *
 * Included by libpmem2/holdfast.h. An explanation is a struct that the library allocates and that
 * does not change; everything it points to is freed with it. It gives the same facts twice: in
 * words (`text`) and in fields.
 *
 * Files and devices that are explained are not written to or changed. To find out what a mapping
 * would get, the library maps a page of the file for a moment, if the descriptor allows that; this
 * may update the access time (atime), as reading does.
 *
 * Each struct begins with its size. Later versions may add members at the end, and values to enums.
 */
#ifndef LIBPMEM2_EXPLAIN_H
#define LIBPMEM2_EXPLAIN_H 1

#include <stddef.h>
#include <stdint.h>

#include <libpmem2/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * State of a number: "the kernel does not provide it", "it cannot be read" and the value 0 are
 * three different answers.
 */
enum holdfast_answer {
	HOLDFAST_UNREADABLE,  /* the kernel has the number, but reading it failed: see `why` */
	HOLDFAST_UNSUPPORTED, /* no such number here, or the kernel does not provide it */
	HOLDFAST_ANSWERED
};

struct holdfast_number {
	enum holdfast_answer answer;
	int error;       /* if UNREADABLE: -errno or PMEM2_E_* */
	int64_t value;   /* if ANSWERED */
	const char *why; /* why there is no value; NULL if ANSWERED */
};

enum holdfast_object {
	HOLDFAST_OBJECT_FILE,
	HOLDFAST_OBJECT_DIRECTORY,    /* explains what a new file in the directory gets */
	HOLDFAST_OBJECT_BLOCK_DEVICE, /* explains what a file system on the device gives */
	HOLDFAST_OBJECT_DAX_DEVICE,   /* a device of memory, without a file system */
	HOLDFAST_OBJECT_ANONYMOUS     /* a map without a file */
};

/*
 * The state of stores after a power cut, if the program does all that is needed to make them
 * durable. The values are in order, the worst one first: storage of several parts gets the worst
 * value of any part. SURVIVES is only given if every layer from the file to its media was found
 * and says that stores survive; holdfast_explanation.condition names what this relies on.
 */
enum holdfast_survival {
	HOLDFAST_SURVIVES_NOT,       /* the memory or the storage is volatile */
	HOLDFAST_SURVIVES_UNKNOWN,   /* the kind of storage could not be found out */
	HOLDFAST_SURVIVES_ELSEWHERE, /* whether stores survive is up to a server, host or daemon */
	HOLDFAST_SURVIVES
};

/* Why a mapping has the granularity that it has. */
enum holdfast_reason {
	HOLDFAST_REASON_PROGRAM, /* the program chose it: pmem2_map_from_existing() */

	/* reasons for PMEM2_GRANULARITY_BYTE */
	HOLDFAST_REASON_NOT_SHARED, /* a private or anonymous map: it is not meant to survive */
	HOLDFAST_REASON_CPU_CACHE,  /* the CPU's caches survive (eADR) */

	/* reasons for PMEM2_GRANULARITY_CACHE_LINE */
	HOLDFAST_REASON_MEMORY_CONTROLLER, /* stores out of the CPU's caches survive (ADR) */
	HOLDFAST_REASON_DOMAIN_UNKNOWN,    /* the kernel does not say what survives a power cut */
	HOLDFAST_REASON_DOMAIN_UNREADABLE, /* the kernel's answer could not be read */
	HOLDFAST_REASON_NO_REGION, /* MAP_SYNC is accepted, but the memory is in no known region */
	HOLDFAST_REASON_REALTIME,  /* on an XFS real-time device, about which nothing is known */

	/* reasons for PMEM2_GRANULARITY_PAGE */
	HOLDFAST_REASON_NO_MAP_SYNC,  /* the kernel refuses MAP_SYNC: see holdfast_obstacle */
	HOLDFAST_REASON_NO_CPU_FLUSH, /* this CPU has no cache flush for programs */

	/* reasons for PMEM2_E_NOSUPP: device DAX that no CPU flush makes durable */
	HOLDFAST_REASON_DAX_NOT_PERSISTENT, /* the device is not persistent memory */
	HOLDFAST_REASON_DAX_VOLATILE,       /* the device is in a region that says it is volatile */
	HOLDFAST_REASON_DAX_HOST_FLUSH,     /* only the host of this virtual machine can flush it */
	HOLDFAST_REASON_DAX_READ_ONLY, /* its region is read-only, mostly because it is not armed */
	HOLDFAST_REASON_DAX_NO_CPU_FLUSH, /* this CPU has no cache flush for programs */
	HOLDFAST_REASON_DAX_SYSTEM_RAM,   /* the kernel uses it as main memory (driver kmem) */
	HOLDFAST_REASON_DAX_UNBOUND,      /* the device has no driver that lets programs map it */

	HOLDFAST_REASON_FORCED, /* PMEM2_FORCE_GRANULARITY in the environment */

	HOLDFAST_REASON_MAP_SYNC_UNKNOWN, /* PAGE is assumed, because MAP_SYNC could not be tried */
	HOLDFAST_REASON_DAX_UNSEEN        /* device DAX that sysfs does not show: PMEM2_E_NOSUPP */
};

/* Does the kernel accept MAP_SYNC, so that CPU flushes alone make stores durable? */
enum holdfast_map_sync {
	HOLDFAST_MAP_SYNC_UNIMPORTANT,  /* no effect on device DAX, private or anonymous maps */
	HOLDFAST_MAP_SYNC_REFUSED,      /* tried, and refused */
	HOLDFAST_MAP_SYNC_WOULD_REFUSE, /* not tried; from facts about the file system: refused */
	HOLDFAST_MAP_SYNC_WOULD_ACCEPT, /* not tried; from facts about the file system: accepted */
	HOLDFAST_MAP_SYNC_ACCEPTED,     /* tried, and accepted */
	HOLDFAST_MAP_SYNC_UNKNOWN /* not tried, and too little is known about the file system */
};

/* Why the kernel refuses MAP_SYNC. */
enum holdfast_obstacle {
	HOLDFAST_OBSTACLE_UNKNOWN,     /* the reason could not be found out */
	HOLDFAST_OBSTACLE_FILE_SYSTEM, /* this type of file system does not support MAP_SYNC */
	HOLDFAST_OBSTACLE_STORAGE,     /* the file system does not lie on persistent memory */
	HOLDFAST_OBSTACLE_BLOCK_DAX,   /* the block device over the memory does not offer DAX */
	HOLDFAST_OBSTACLE_HOST,  /* only the host of this virtual machine can flush the memory */
	HOLDFAST_OBSTACLE_MOUNT, /* the file system is mounted without DAX */
	HOLDFAST_OBSTACLE_FILE,  /* DAX is for marked files only, and this file is not */
	HOLDFAST_OBSTACLE_NONE   /* MAP_SYNC is accepted, or has no effect */
};

/* The kind of memory under a file or device. */
enum holdfast_memory {
	HOLDFAST_MEMORY_NONE,          /* disks and other storage that is not memory */
	HOLDFAST_MEMORY_NFIT,          /* NVDIMMs */
	HOLDFAST_MEMORY_CXL_PMEM,      /* a persistent region of CXL devices */
	HOLDFAST_MEMORY_VIRTIO_PMEM,   /* a file of the host of this virtual machine */
	HOLDFAST_MEMORY_LEGACY,        /* marked as persistent by e820 or memmap= */
	HOLDFAST_MEMORY_PAPR,          /* provided by an IBM Power hypervisor */
	HOLDFAST_MEMORY_DEVICE_TREE,   /* a pmem node of the device tree */
	HOLDFAST_MEMORY_OTHER_PMEM,    /* persistent memory of a provider unknown to the library */
	HOLDFAST_MEMORY_CXL_VOLATILE,  /* a volatile region of CXL devices */
	HOLDFAST_MEMORY_SOFT_RESERVED, /* memory that the firmware has set apart */
	HOLDFAST_MEMORY_OTHER_DAX,     /* other memory that is not persistent */
	HOLDFAST_MEMORY_MIXED,         /* several kinds of memory, or only partly memory */
	HOLDFAST_MEMORY_UNKNOWN        /* the device cannot be found in sysfs */
};

/* How far a store must get to survive a power cut. */
enum holdfast_domain {
	HOLDFAST_DOMAIN_NONE, /* no persistent memory */
	HOLDFAST_DOMAIN_CPU_CACHE,
	HOLDFAST_DOMAIN_MEMORY_CONTROLLER,
	HOLDFAST_DOMAIN_UNKNOWN,   /* the kernel does not say what survives a power cut */
	HOLDFAST_DOMAIN_UNREADABLE /* the answer cannot be read, or the storage is not visible */
};

/* The effect of a deep flush: push stores out of the memory controller's buffers, too. */
enum holdfast_deep_flush {
	HOLDFAST_DEEP_FLUSH_ABSENT,     /* the platform offers no deep flush */
	HOLDFAST_DEEP_FLUSH_NOT_NEEDED, /* the region says that there is nothing to flush */
	HOLDFAST_DEEP_FLUSH_AVAILABLE,
	HOLDFAST_DEEP_FLUSH_UNREADABLE, /* the region cannot be read: deep flushes fail */
	HOLDFAST_DEEP_FLUSH_PAGES       /* other storage: a deep flush writes pages back */
};

/* Something that a file lies on: a file system, a device, a disk. */
struct holdfast_layer {
	size_t struct_size;
	const char *what;                /* "ext4 mounted at /", "disk vda, a virtio disk" */
	enum holdfast_survival survival; /* if stores survive, as far as this layer decides */
	const char *evidence;            /* a phrase: how it is known if stores survive */
};

/* A module of memory. */
struct holdfast_dimm {
	size_t struct_size;
	const char *name;                        /* "nmem0" */
	const char *id;                          /* NULL if it has no id or the id cannot be read */
	struct holdfast_number unsafe_shutdowns; /* power cuts in which the module lost data */
	const char *flags;       /* words from its firmware, separated by spaces; NULL: unknown */
	const char *fault_flags; /* the words of `flags` that report faults: "not_armed" */
	struct holdfast_number faults; /* the number of words in fault_flags */
};

/* A range of persistent memory that the kernel knows. */
struct holdfast_region {
	size_t struct_size;
	const char *name; /* "region0" */
	enum holdfast_memory memory;
	enum holdfast_domain domain;
	enum holdfast_deep_flush deep_flush;
	int is_volatile;                    /* 1: volatile; 0: not; -1: it cannot be read */
	struct holdfast_number size;        /* in bytes */
	struct holdfast_number numa_node;   /* -1: the kernel does not know a nearest node */
	struct holdfast_number read_only;   /* 0 or 1 */
	struct holdfast_number bad_sectors; /* unreadable sectors of 512 bytes */
	size_t dimm_count;
	const struct holdfast_dimm *const *dimms;
	const char *dimms_why; /* why the modules are not known, or NULL */
};

/* The instructions of this CPU that make stores durable. */
struct holdfast_cpu {
	size_t struct_size;
	const char *engine;    /* the name of flush and copy together: "clwb-avx512f" */
	const char *flush;     /* "clwb"; "none" if programs cannot flush */
	const char *fence;     /* "sfence" */
	const char *copy;      /* the registers or instructions that copies use: "avx512f" */
	size_t line_size;      /* bytes that one flush covers */
	size_t copy_threshold; /* copies that drain go around the caches from this length on */
	const char *tuning;    /* the name of the performance settings in use: "intel", "plain" */
};

struct holdfast_explanation {
	size_t struct_size;
	const char *verdict; /* the conclusion in one line, without a full stop */
	const char *text;    /* the whole explanation: the verdict, then a sentence per line */
	const char *name;    /* the kernel's name of the explained object; "" if unknown */
	enum holdfast_object object;

	enum pmem2_granularity granularity; /* the granularity that a shared map gets */
	enum holdfast_reason reason;
	enum pmem2_granularity needed; /* granularity without PMEM2_FORCE_GRANULARITY */
	enum holdfast_reason needed_reason;
	int map_error;              /* 0, or the error code that pmem2_map_new() returns */
	const char *map_error_text; /* the message for map_error; NULL if 0 */
	enum holdfast_survival survival;
	enum holdfast_map_sync map_sync;
	enum holdfast_obstacle obstacle;

	/* The file system. NULL: there is no file system, or it is not known. */
	const char *file_system; /* its type: "ext4" */
	const char *mount_point;
	const char *mount_source; /* "/dev/pmem0" */
	const char *mount_options;
	int read_only; /* the file system is mounted read-only */

	/* The layers under the file, from the top down. `survival` is the worst of all layers. */
	size_t layer_count;
	const struct holdfast_layer *const *layers;
	const char *condition;    /* a sentence: what SURVIVES relies on; or NULL */
	const char *not_storable; /* a sentence: why nothing can be stored now; or NULL */

	/*
	 * The memory under the file. If it has several regions, these values hold for all of them.
	 */
	enum holdfast_memory memory;
	enum holdfast_domain domain;
	enum holdfast_deep_flush deep_flush;
	int deep_flush_error; /* -errno if deep_flush is UNREADABLE */
	size_t region_count;
	const struct holdfast_region *const *regions;
	struct holdfast_number unsafe_shutdowns; /* the sum over all modules */

	struct holdfast_number size;      /* in bytes */
	struct holdfast_number alignment; /* unit of offsets and lengths of maps, in bytes */
	struct holdfast_number numa_node;

	/*
	 * The instruction or call that makes stores durable here: "clwb", "msync", "nothing"; and
	 * the instruction or call that a drain uses.
	 */
	const char *flush;
	const char *drain;
	const struct holdfast_cpu *cpu;
	const char *regions_why; /* a sentence: why the regions are unknown; or NULL */
};

/*
 * Explain the object that the descriptor refers to: a regular file, a directory (what a new file in
 * it would get), a block device (what a file system on it would give) or a DAX device. O_PATH
 * descriptors and write-only ones are accepted: no mapping is tried then, and the answer is
 * inferred from facts about the file system. The same holds for directories and block devices.
 *
 * PMEM2_E_INVALID_FILE_HANDLE	the descriptor is not open
 * PMEM2_E_INVALID_FILE_TYPE	the descriptor refers to something else
 * -ENOMEM, or another -errno of fstat(2)
 */
int holdfast_explain_fd(struct holdfast_explanation **explanation, int fd);

/*
 * Explain a live map: the granularity that it got when it was made, and the storage under it. The
 * library finds the file by its name; if the file has been renamed or removed, the explanation says
 * less. PMEM2_E_MAPPING_NOT_FOUND, -ENOMEM.
 */
struct pmem2_map;
int holdfast_explain_map(struct holdfast_explanation **explanation, struct pmem2_map *map);

/* Free *explanation and all it points to; it becomes NULL. Does nothing if it is NULL. */
void holdfast_explanation_free(struct holdfast_explanation **explanation);

/*
 * Return the name of an enum value, as `holdfast info --json` prints it; "?" for an unknown value.
 */
const char *holdfast_object_name(enum holdfast_object object);
const char *holdfast_survival_name(enum holdfast_survival survival);
const char *holdfast_reason_name(enum holdfast_reason reason);
const char *holdfast_map_sync_name(enum holdfast_map_sync map_sync);
const char *holdfast_obstacle_name(enum holdfast_obstacle obstacle);
const char *holdfast_memory_name(enum holdfast_memory memory);
const char *holdfast_domain_name(enum holdfast_domain domain);
const char *holdfast_deep_flush_name(enum holdfast_deep_flush deep_flush);

/* An explanation of the whole machine. */
struct holdfast_machine {
	size_t struct_size;
	const char *text;
	const struct holdfast_cpu *cpu;
	struct holdfast_number auto_flush; /* 1: caches survive on all regions; 0: not on all */
	size_t region_count;
	const struct holdfast_region *const *regions;
	/*
	 * Block and DAX devices on the regions, sorted by `name`, then file systems mounted from
	 * these devices.
	 */
	size_t explanation_count;
	const struct holdfast_explanation *const *explanations;
	const char *regions_why; /* a sentence: why regions and devices are unknown; or NULL */
};

/*
 * Explain this machine. Returns 0, or -ENOMEM. Facts that cannot be read are marked as unreadable
 * in the explanation.
 */
int holdfast_explain_machine(struct holdfast_machine **machine);

void holdfast_machine_free(struct holdfast_machine **machine);

#ifdef __cplusplus
}
#endif

#endif
