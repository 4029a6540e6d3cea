/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * health.h - find out if this machine's storage has a problem, or has become worse
 *
 * A look reads the kernel's values (libpmem2/health.h), compares them with those that the previous
 * look left in a state file, and stores its own there. Findings are in the order modules, regions,
 * counters.
 */
#ifndef TOOLS_HOLDFAST_HEALTH_H
#define TOOLS_HOLDFAST_HEALTH_H

#include "tool.h"

#define HEALTH_STATE "/var/lib/holdfast/health.json"

enum health_format {
	HEALTH_TEXT,
	HEALTH_JSON,
	HEALTH_PROMETHEUS,
};

/*
 * The state of an NVDIMM or CXL module at the previous look. Name and id are those of
 * libpmem2/health.h.
 */
struct seen_module {
	char *name, *id;          /* id may be NULL: the module has none */
	int64_t unsafe_shutdowns; /* -1: never read */
};

struct seen_region {
	char *name;
	char *domain; /* a name from holdfast_domain_name(); NULL: never read */
};

struct seen_counter {
	char *kind, *name, *counter;
	int64_t value;
};

struct seen {
	char *time; /* when the values were read, such as "2026-11-30T04:00:00Z"; NULL: never */
	struct seen_module *modules;
	struct seen_region *regions;
	struct seen_counter *counters;
	size_t module_count, region_count, counter_count;
};

struct health_finding {
	char *what;       /* the object with the problem, for example "module nmem0" */
	const char *kind; /* kind of finding, for programs, for example "unsafe-shutdowns" */
	int is_wrong;     /* 1: a problem; 0: not known if there is a problem */
	char *text;       /* a message without a full stop */
};

struct health {
	struct holdfast_health *now; /* values that this run has read; NULL: reading failed */
	struct seen before;
	const char *path; /* path of the state file */
	enum outcome outcome;
	const char *verdict;
	struct health_finding **findings;
	size_t finding_count;
};

/*
 * Runs `holdfast info --health`: prints the findings, and updates the state file `path`, or the
 * default state file if `path` is NULL.
 */
enum outcome health_look(enum health_format format, const char *path);

/* Add all problems, and all values that could not be read, to the findings. */
void health_judge(struct health *health);
void __attribute__((__format__(__printf__, 5, 6))) health_find(struct health *health,
	const char *what, const char *kind, int is_wrong, const char *format, ...);

/*
 * seen_read() reads the state file into `seen`, which is empty if there is no file. Returns NULL,
 * or the reason why the file cannot be used, which the caller frees.
 *
 * seen_update() makes the new state `seen` from the values `now`. For a value that this look could
 * not read, it takes the value of the state `before`.
 */
char *seen_read(struct seen *seen, const char *path);
void seen_update(struct seen *seen, const struct seen *before, const struct holdfast_health *now);
void seen_fini(struct seen *seen);
const struct seen_module *seen_find_module(
	const struct seen *seen, const struct holdfast_dimm *module);
const struct seen_region *seen_find_region(const struct seen *seen, const char *name);
const struct seen_counter *seen_find_counter(
	const struct seen *seen, const struct holdfast_counter *counter);

/*
 * seen_prepare() writes the new state to a new file beside `path`.
 * seen_commit() durably replaces the old file by the new one.
 * seen_abandon() removes the new file instead.
 *
 * The first two return NULL, or the reason of a failure, which the caller frees.
 */
struct seen_file;
char *seen_prepare(struct seen_file **file, const struct seen *seen, const char *path);
char *seen_commit(struct seen_file *file);
void seen_abandon(struct seen_file *file);

/* Each function prints the findings in one format: text for people, JSON, Prometheus. */
void text_health(const struct health *health);
bool json_health(const struct health *health);
void prometheus_health(const struct health *health);

#endif
