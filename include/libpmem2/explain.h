/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem2/explain.h - what a file, a device, a map or this machine really promises, and why
 *
 * Included by libpmem2/holdfast.h. An explanation is a struct that the library allocates and that
 * does not change; all that it points to is its own and goes with it. It says the same twice: in
 * words (`text`) and in fields.
 *
 * Nothing that is explained is written to or changed. What a mapping would get is found out by
 * mapping a page of the file for a moment, where the descriptor allows that; this may count as an
 * access (atime), as reading does.
 *
 * Structs begin with their size. Later versions may add members at the end, and values to enums.
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
 * Whether there is an answer: "nobody says", "it cannot be read" and zero are three different
 * ones.
 */
enum holdfast_answer {
	HOLDFAST_UNREADABLE,  /* somebody would tell, but it could not be read: see `why` */
	HOLDFAST_UNSUPPORTED, /* there is no such thing here, or nobody that tells of it */
	HOLDFAST_ANSWERED
};

struct holdfast_number {
	enum holdfast_answer answer;
	int error;       /* UNREADABLE: -errno or PMEM2_E_* */
	int64_t value;   /* ANSWERED */
	const char *why; /* a sentence if there is no answer, else NULL */
};

enum holdfast_object {
	HOLDFAST_OBJECT_FILE,
	HOLDFAST_OBJECT_DIRECTORY,    /* explained: a new file in it */
	HOLDFAST_OBJECT_BLOCK_DEVICE, /* explained: a file system on it */
	HOLDFAST_OBJECT_DAX_DEVICE,   /* memory without a file system */
	HOLDFAST_OBJECT_ANONYMOUS     /* a map without a file */
};

/*
 * The state of stores after a power cut, if the program does all that is needed. Of several
 * answers the first of these is what can be said of all. SURVIVES has to be earned: every layer
 * from the file to its media was found and says so. See `condition`.
 */
enum holdfast_survival {
	HOLDFAST_SURVIVES_NOT,       /* the memory or the storage is volatile */
	HOLDFAST_SURVIVES_UNKNOWN,   /* it could not be found out what the storage is */
	HOLDFAST_SURVIVES_ELSEWHERE, /* a server, a host or a daemon decides: not to be seen here */
	HOLDFAST_SURVIVES
};

/* Why a mapping has the granularity that it has. */
enum holdfast_reason {
	HOLDFAST_REASON_PROGRAM, /* the program said so: pmem2_map_from_existing() */

	/* BYTE */
	HOLDFAST_REASON_NOT_SHARED, /* a private or anonymous map: nothing is to survive */
	HOLDFAST_REASON_CPU_CACHE,  /* the CPU's caches survive (eADR) */

	/* CACHE_LINE */
	HOLDFAST_REASON_MEMORY_CONTROLLER, /* what has left the CPU's caches survives (ADR) */
	HOLDFAST_REASON_DOMAIN_UNKNOWN,    /* the kernel does not say what survives */
	HOLDFAST_REASON_DOMAIN_UNREADABLE, /* it does, but it could not be read */
	HOLDFAST_REASON_NO_REGION,         /* MAP_SYNC is accepted, by memory that is not listed */
	HOLDFAST_REASON_REALTIME, /* on a real-time device of XFS, of which nothing is known */

	/* PAGE */
	HOLDFAST_REASON_NO_MAP_SYNC,  /* the kernel refuses MAP_SYNC: see holdfast_obstacle */
	HOLDFAST_REASON_NO_CPU_FLUSH, /* this CPU has no cache flush for programs */

	/* PMEM2_E_NOSUPP: device DAX that no CPU flush makes durable */
	HOLDFAST_REASON_DAX_NOT_PERSISTENT, /* it is not persistent memory */
	HOLDFAST_REASON_DAX_VOLATILE,       /* it is in a region that says it is volatile */
	HOLDFAST_REASON_DAX_HOST_FLUSH,     /* only the host of this virtual machine can flush it */
	HOLDFAST_REASON_DAX_READ_ONLY,      /* its region is read-only: not armed, mostly */
	HOLDFAST_REASON_DAX_NO_CPU_FLUSH,   /* this CPU has no cache flush for programs */
	HOLDFAST_REASON_DAX_SYSTEM_RAM,     /* the kernel uses it as main memory (driver kmem) */
	HOLDFAST_REASON_DAX_UNBOUND,        /* no driver that lets programs map it has it */

	HOLDFAST_REASON_FORCED, /* PMEM2_FORCE_GRANULARITY in the environment */

	HOLDFAST_REASON_MAP_SYNC_UNKNOWN, /* PAGE: it could not be found out, so it is assumed */
	HOLDFAST_REASON_DAX_UNSEEN        /* device DAX that sysfs does not show: PMEM2_E_NOSUPP */
};

/* Whether the kernel accepts MAP_SYNC: that stores are durable without its help. */
enum holdfast_map_sync {
	HOLDFAST_MAP_SYNC_UNIMPORTANT,  /* device DAX, private or anonymous: it means nothing */
	HOLDFAST_MAP_SYNC_REFUSED,      /* tried */
	HOLDFAST_MAP_SYNC_WOULD_REFUSE, /* not tried; from what is known of the file system */
	HOLDFAST_MAP_SYNC_WOULD_ACCEPT, /* likewise */
	HOLDFAST_MAP_SYNC_ACCEPTED,     /* tried */
	HOLDFAST_MAP_SYNC_UNKNOWN       /* not tried, and too little is known of it */
};

/* Why the kernel refuses MAP_SYNC. */
enum holdfast_obstacle {
	HOLDFAST_OBSTACLE_UNKNOWN,     /* it could not be found out */
	HOLDFAST_OBSTACLE_FILE_SYSTEM, /* this type of file system cannot do without the kernel */
	HOLDFAST_OBSTACLE_STORAGE,     /* it does not lie on persistent memory */
	HOLDFAST_OBSTACLE_BLOCK_DAX,   /* the block device over the memory does not offer DAX */
	HOLDFAST_OBSTACLE_HOST,  /* only the host of this virtual machine can flush the memory */
	HOLDFAST_OBSTACLE_MOUNT, /* it is mounted without DAX */
	HOLDFAST_OBSTACLE_FILE,  /* mounted with DAX for marked files, and it is not marked */
	HOLDFAST_OBSTACLE_NONE   /* it is accepted, or means nothing */
};

enum holdfast_memory {
	HOLDFAST_MEMORY_NONE,          /* not memory that the kernel knows as such: disks */
	HOLDFAST_MEMORY_NFIT,          /* NVDIMMs */
	HOLDFAST_MEMORY_CXL_PMEM,      /* a persistent region of CXL devices */
	HOLDFAST_MEMORY_VIRTIO_PMEM,   /* a file of the host of this virtual machine */
	HOLDFAST_MEMORY_LEGACY,        /* marked as persistent by e820 or memmap= */
	HOLDFAST_MEMORY_PAPR,          /* of an IBM Power hypervisor */
	HOLDFAST_MEMORY_DEVICE_TREE,   /* a pmem node of the device tree */
	HOLDFAST_MEMORY_OTHER_PMEM,    /* of a provider that we do not know */
	HOLDFAST_MEMORY_CXL_VOLATILE,  /* a volatile region of CXL devices */
	HOLDFAST_MEMORY_SOFT_RESERVED, /* memory that the firmware has set apart */
	HOLDFAST_MEMORY_OTHER_DAX,     /* other memory that is not persistent */
	HOLDFAST_MEMORY_MIXED,         /* of more than one kind, or partly of none */
	HOLDFAST_MEMORY_UNKNOWN        /* the device cannot be found in sysfs */
};

/* How far a store must get to survive a power cut. */
enum holdfast_domain {
	HOLDFAST_DOMAIN_NONE, /* no persistent memory */
	HOLDFAST_DOMAIN_CPU_CACHE,
	HOLDFAST_DOMAIN_MEMORY_CONTROLLER,
	HOLDFAST_DOMAIN_UNKNOWN,   /* the kernel does not say */
	HOLDFAST_DOMAIN_UNREADABLE /* it cannot be read, or the storage cannot be seen */
};

/* The effect of a deep flush: push stores out of the memory controller's buffers, too. */
enum holdfast_deep_flush {
	HOLDFAST_DEEP_FLUSH_ABSENT,     /* nothing deeper is offered */
	HOLDFAST_DEEP_FLUSH_NOT_NEEDED, /* the region says that there is nothing to flush */
	HOLDFAST_DEEP_FLUSH_AVAILABLE,
	HOLDFAST_DEEP_FLUSH_UNREADABLE, /* it cannot be told; a deep flush will fail */
	HOLDFAST_DEEP_FLUSH_PAGES       /* no persistent memory: it writes the pages back */
};

/* Something that a file lies on: a file system, a device, a disk. */
struct holdfast_layer {
	size_t struct_size;
	const char *what;                /* "ext4 mounted at /", "disk vda, a virtio disk" */
	enum holdfast_survival survival; /* what this layer alone answers */
	const char *evidence;            /* how that is known; a sentence without a full stop */
};

/* A module of memory. */
struct holdfast_dimm {
	size_t struct_size;
	const char *name;                        /* "nmem0" */
	const char *id;                          /* NULL if it has none or it cannot be read */
	struct holdfast_number unsafe_shutdowns; /* power cuts in which it lost data */
	const char *flags;             /* words of its firmware, apart by spaces; NULL: not known */
	const char *fault_flags;       /* those of them that mean trouble: "not_armed" */
	struct holdfast_number faults; /* how many these are */
};

/* A range of persistent memory that the kernel knows. */
struct holdfast_region {
	size_t struct_size;
	const char *name; /* "region0" */
	enum holdfast_memory memory;
	enum holdfast_domain domain;
	enum holdfast_deep_flush deep_flush;
	int is_volatile;                    /* -1: it cannot be read */
	struct holdfast_number size;        /* in bytes */
	struct holdfast_number numa_node;   /* -1: no node is nearest */
	struct holdfast_number read_only;   /* 0 or 1 */
	struct holdfast_number bad_sectors; /* of 512 bytes, that cannot be read */
	size_t dimm_count;
	const struct holdfast_dimm *const *dimms;
	const char *dimms_why; /* why the modules are not known, or NULL */
};

/* Which instructions of this CPU make stores durable. */
struct holdfast_cpu {
	size_t struct_size;
	const char *engine;    /* the name of all of it: "clwb-avx512f" */
	const char *flush;     /* "clwb"; "none" if programs cannot flush */
	const char *fence;     /* "sfence" */
	const char *copy;      /* which registers or instructions copies use: "avx512f" */
	size_t line_size;      /* bytes that one flush covers */
	size_t copy_threshold; /* copies of this length and longer go around the caches */
	const char *tuning;    /* the row of tuning that this processor gets: "intel", "plain" */
};

struct holdfast_explanation {
	size_t struct_size;
	const char *verdict; /* what it comes to, in one line, without a full stop */
	const char *text;    /* all of it: the verdict, then a sentence per line */
	const char *name;    /* what is explained, as the kernel names it; "" if it does not */
	enum holdfast_object object;

	enum pmem2_granularity granularity; /* what pmem2_map_new() gives for a shared map */
	enum holdfast_reason reason;
	enum pmem2_granularity needed; /* what the storage needs: the same unless it was forced */
	enum holdfast_reason needed_reason;
	int map_error;              /* 0, or the code with which pmem2_map_new() refuses */
	const char *map_error_text; /* NULL, or why */
	enum holdfast_survival survival;
	enum holdfast_map_sync map_sync;
	enum holdfast_obstacle obstacle;

	/* The file system. NULL: none, or it is not known. */
	const char *file_system; /* its type: "ext4" */
	const char *mount_point;
	const char *mount_source; /* "/dev/pmem0" */
	const char *mount_options;
	int read_only; /* mounted so */

	/* The layers under it, from the top down. The survival is that of the weakest. */
	size_t layer_count;
	const struct holdfast_layer *const *layers;
	const char *condition;    /* what a survival of SURVIVES relies on, a sentence; or NULL */
	const char *not_storable; /* why nothing can be stored as it is, a sentence; or NULL */

	/* The memory. Over more than one region: what can be said of all of them. */
	enum holdfast_memory memory;
	enum holdfast_domain domain;
	enum holdfast_deep_flush deep_flush;
	int deep_flush_error; /* UNREADABLE: -errno */
	size_t region_count;
	const struct holdfast_region *const *regions;
	struct holdfast_number unsafe_shutdowns; /* the sum over all modules */

	struct holdfast_number size;      /* in bytes */
	struct holdfast_number alignment; /* what offsets and lengths of maps are multiples of */
	struct holdfast_number numa_node;

	/*
	 * The way that makes stores durable here: "clwb", "msync", "nothing"; then what a drain
	 * does.
	 */
	const char *flush;
	const char *drain;
	const struct holdfast_cpu *cpu;
	const char *regions_why; /* why the regions are not known, a sentence; or NULL */
};

/*
 * Explain what the descriptor stands for: a regular file, a directory (what a new file in it would
 * get), a block device (what a file system on it would give) or a DAX device. O_PATH descriptors
 * will do, and those that are open for writing only: then nothing is tried, and the answer is
 * inferred from what is known of the file system. So it is for directories and block devices.
 *
 * PMEM2_E_INVALID_FILE_HANDLE	the descriptor is not open
 * PMEM2_E_INVALID_FILE_TYPE	it is something else
 * -ENOMEM, or another -errno of fstat(2)
 */
int holdfast_explain_fd(struct holdfast_explanation **explanation, int fd);

/*
 * Explain a live map: what it got when it was made, and what lies under it. Its file is found by
 * its name; where that has changed since, less is told. PMEM2_E_MAPPING_NOT_FOUND, -ENOMEM.
 */
struct pmem2_map;
int holdfast_explain_map(struct holdfast_explanation **explanation, struct pmem2_map *map);

/* Free it and all it points to; *explanation becomes NULL. Does nothing if it is NULL. */
void holdfast_explanation_free(struct holdfast_explanation **explanation);

/*
 * What a value of any of the enums above is called in output for programs; "?" for an unknown
 * value.
 */
const char *holdfast_object_name(enum holdfast_object object);
const char *holdfast_survival_name(enum holdfast_survival survival);
const char *holdfast_reason_name(enum holdfast_reason reason);
const char *holdfast_map_sync_name(enum holdfast_map_sync map_sync);
const char *holdfast_obstacle_name(enum holdfast_obstacle obstacle);
const char *holdfast_memory_name(enum holdfast_memory memory);
const char *holdfast_domain_name(enum holdfast_domain domain);
const char *holdfast_deep_flush_name(enum holdfast_deep_flush deep_flush);

/* The whole machine. */
struct holdfast_machine {
	size_t struct_size;
	const char *text;
	const struct holdfast_cpu *cpu;
	struct holdfast_number auto_flush; /* 1: the caches survive on all regions; 0: not on all */
	size_t region_count;
	const struct holdfast_region *const *regions;
	/* Block and DAX devices on them, then mounted file systems on those, by `name`. */
	size_t explanation_count;
	const struct holdfast_explanation *const *explanations;
	const char *regions_why; /* why regions and devices are not known, a sentence; or NULL */
};

/* -ENOMEM. What cannot be read is told in the answer. */
int holdfast_explain_machine(struct holdfast_machine **machine);

void holdfast_machine_free(struct holdfast_machine **machine);

#ifdef __cplusplus
}
#endif

#endif
