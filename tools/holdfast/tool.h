/* SPDX-License-Identifier: BSD-3-Clause */
/* tool.h - declarations that the files of the holdfast command share */
#ifndef TOOLS_HOLDFAST_TOOL_H
#define TOOLS_HOLDFAST_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <libpmem2/holdfast.h>
#include <librpmem/holdfast.h>

/*
 * Exit statuses, for scripts. The status for several paths is UNKNOWN if one path cannot be
 * explained; otherwise NO if one path does not meet the requirement; otherwise UNKNOWN if it could
 * not be found out whether one path meets it; otherwise YES.
 */
enum outcome {
	OUTCOME_YES,     /* the requirement is met, nothing is wrong, or nothing was required */
	OUTCOME_NO,      /* the requirement is not met, or --health found a problem */
	OUTCOME_UNKNOWN, /* the answer could not be found out, or wrong command line */
};

/* A path of the command line, or a HOST:POOLSET, and its explanation. */
struct answer {
	const char *path;
	struct holdfast_explanation *told; /* explanation of a path */
	struct holdfast_remote_set *set;   /* description of a pool set on another machine */
	char *text;                        /* explanation in words: a first line, and reasons */
	char *error;                       /* why the path cannot be explained; NULL: it can */
	enum outcome outcome;
	int met;             /* requirement met: 1 yes, 0 no, -1 not known */
	const char *because; /* why `met` is 0 or -1; NULL: no reason to give */
};

/* All facts that are printed as JSON. */
struct output {
	const char *version;
	const char *required;                   /* the required granularity, or NULL */
	const struct holdfast_machine *machine; /* NULL if the command line has a path */
	const struct program *program;          /* set with --program */
	const struct health *health;            /* set with --health */
};

/* Runs `holdfast info`. argv[0] is the name of the subcommand. */
int info_main(int argc, char **argv);

/* Runs `holdfast mirror`. */
int mirror_main(int argc, char **argv);

/* Run `holdfast crash`, `holdfast stat` and `holdfast cc`, which not all builds have. */
int crash_main(int argc, char **argv);
int stat_main(int argc, char **argv);
int cc_main(int argc, char **argv);

/*
 * Explain what answer->path leads to. If `try` is true and the path is a directory, make an unnamed
 * file there, and explain that file.
 */
void path_explain(struct answer *answer, bool try);
void path_fini(struct answer *answer);

/* Find out whether the storage meets the requirement. Sets answer->met and answer->because. */
void path_require(struct answer *answer, enum pmem2_granularity required);

/*
 * The same functions for a pool set on another machine. remote_is() returns true for the name of
 * such a pool set: it has a colon before any slash, and there is no local file with this name.
 */
bool remote_is(const char *path);
void remote_explain(struct answer *answer);
void remote_fini(struct answer *answer);
void remote_require(struct answer *answer, enum pmem2_granularity required);

/*
 * The facts about a pool set on another machine, prepared for JSON. Facts about the pool itself are
 * NULL if the pool does not exist or is in use.
 */
struct remote_part {
	const char *path;
	size_t size;
	const char *survives;
};

struct remote_attributes {
	char *signature;
	size_t major, compat_features, incompat_features, ro_compat_features;
	char *poolset_uuid, *uuid, *next_uuid, *prev_uuid, *user_flags;
};

struct remote_mark {
	size_t since, missing, extent;
};

struct remote_time {
	size_t drains;
	const int64_t *below_us; /* points to `limit`; NULL: no upper limit */
	int64_t limit;
};

/* Counters of the session that has the pool open. */
struct remote_counters {
	size_t flushes, bytes, drains, reads, read_bytes, retries, failures, reconnects;
	const struct remote_time *const *times;
	size_t time_count;
};

struct room;
struct remote_view {
	struct room *room; /* memory for the values of the other members */
	const char *object, *verdict, *text, *survives, *state, *needed;
	const char *method_verbs, *method_tcp, *method_ssh, *provider;
	const struct remote_part *const *parts;
	size_t part_count, size, max_lanes;
	const int64_t *header_size;
	const struct remote_attributes *attributes;
	const char *protocol;
	const int64_t *generation; /* NULL, like `inconsistent`, if the target does not know */
	const struct remote_mark *inconsistent;
	int unclosed; /* 1 yes, 0 no, -1 not known */
	const struct remote_counters *counters;
};

/* Makes the view from answer->set. Free it with remote_view_fini(). */
void remote_view(struct remote_view *view, const struct answer *answer);
void remote_view_fini(struct remote_view *view);

/*
 * True if the target has reported what it remembers about the pool. librpmem and rpmemd of version
 * 3.0 cannot do that.
 */
bool remote_has_state(const struct holdfast_remote_set *set);

/*
 * Returns the counters of the session that has the pool open, or NULL if they are not known, or if
 * librpmem is that of Holdfast 3.0.
 */
const struct holdfast_remote_counts *remote_stats(const struct holdfast_remote_set *set);

/* Returns the name of a persist method. May only be called after librpmem was loaded. */
const char *remote_method(enum holdfast_method method);
const char *remote_provider(enum holdfast_provider provider);

/* Returns `memory`. Ends the program with an error message if it is NULL. */
void *must_have(void *memory) __attribute__((__returns_nonnull__));

/*
 * A copy of `text`. Ends the program with an error message if there is no memory or text is NULL.
 */
char *must_copy(const char *text) __attribute__((__returns_nonnull__));

/* Zeroed memory for `count` elements, at least for one. Fails as must_copy() does. */
void *must_make(size_t count, size_t size) __attribute__((__returns_nonnull__));

/* Reallocates a list so that element number `count` fits. Fails as must_copy() does. */
void *must_grow(void *list, size_t count, size_t size) __attribute__((__returns_nonnull__));

/*
 * A text that is printed to a stream in memory. collect_begin() returns the stream. collect_end()
 * returns the whole text, which the caller frees. Both fail as must_copy() does.
 */
struct collected {
	FILE *to;
	char *words;
	size_t size;
};
FILE *collect_begin(struct collected *text) __attribute__((__returns_nonnull__));
char *collect_end(struct collected *text) __attribute__((__returns_nonnull__));

/*
 * A function that must_copy() and similar functions call, unless it is NULL, before they end the
 * program for lack of memory. It may clean up, or end the program with another status.
 */
extern void (*without_memory)(void);

/*
 * Returns a copy of a text with U+FFFD in place of bytes that are not UTF-8, because JSON and
 * similar formats must be UTF-8, and file names need not be. The caller frees the copy.
 */
char *utf8_copy(const char *text);

/* A granularity as a word, "byte", "cache-line" or "page", for output and --require. */
const char *granularity_word(enum pmem2_granularity granularity);

/*
 * Print `first`, and then `length` bytes of text, in lines of 80 columns. All lines but the first
 * begin at column `indent`. A word that is too long for a line is divided at a comma, or exceeds
 * the line.
 */
void wrap(const char *first, size_t indent, const char *text, size_t length);

/*
 * Prints each line of `text` in lines of 80 columns: the first one begins at column `indent`, the
 * others at column `hanging`.
 */
void wrap_lines(size_t indent, size_t hanging, const char *text);

/* Print an answer as text. `required` is NULL if nothing is required. */
void text_answer(const struct answer *answer, const enum pmem2_granularity *required);
void text_machine(const struct holdfast_machine *machine);

/*
 * Prints one JSON object to standard output. Returns false, after an error message, if it cannot
 * be made.
 */
bool json_answers(
	const struct answer *answers, unsigned count, const enum pmem2_granularity *required);
bool json_machine(const struct holdfast_machine *machine);

#endif
