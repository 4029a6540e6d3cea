/* SPDX-License-Identifier: BSD-3-Clause */
/* tool.h - what the files of the command-line tool share */
#ifndef TOOLS_HOLDFAST_TOOL_H
#define TOOLS_HOLDFAST_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libpmem2/holdfast.h>
#include <librpmem/holdfast.h>

/*
 * Exit statuses, for scripts. Of several paths: UNKNOWN if one cannot be explained; else NO if one
 * does not meet what is required, whatever is known of the others; else UNKNOWN if that could not
 * be found out of one.
 */
enum outcome {
	OUTCOME_YES,     /* it is so, or nothing was required */
	OUTCOME_NO,      /* it is not so */
	OUTCOME_UNKNOWN, /* it could not be found out, or the command line is wrong */
};

/* A path of the command line, or a HOST:POOLSET, and what became of it. */
struct answer {
	const char *path;
	struct holdfast_explanation *told; /* of a path */
	struct holdfast_remote_set *set;   /* of a pool set on another machine */
	char *text;                        /* the same in words, a first line and reasons */
	char *error;                       /* why it cannot be explained: all of these are NULL */
	enum outcome outcome;
	int met;             /* the requirement: 0 or 1, -1 if that is not known */
	const char *because; /* why the requirement is not met, or nobody knows; or NULL */
};

/* All that is printed in JSON. */
struct output {
	const char *version;
	const char *required;                   /* NULL: nothing is */
	const struct holdfast_machine *machine; /* without paths */
	const struct program *program;          /* with --program */
	const struct health *health;            /* with --health */
};

/* `holdfast info`; `argv` begins with its name. */
int info_main(int argc, char **argv);

/* `holdfast crash` and `holdfast stat`, where they are built: crash/command.h */
int crash_main(int argc, char **argv);
int stat_main(int argc, char **argv);
int cc_main(int argc, char **argv);

/*
 * Explain what is at answer->path; with `try`, in a directory, an unnamed file that is made there.
 */
void path_explain(struct answer *answer, bool try);
void path_fini(struct answer *answer);

/* Whether the storage meets it; sets outcome and because. */
void path_require(struct answer *answer, enum pmem2_granularity required);

/*
 * The same for a pool set on another machine. Such a name has a colon before any slash, and is not
 * that of a file here.
 */
bool remote_is(const char *path);
void remote_explain(struct answer *answer);
void remote_fini(struct answer *answer);
void remote_require(struct answer *answer, enum pmem2_granularity required);

/*
 * A pool set on another machine as JSON has it. Fields of a pool are NULL where it is not known.
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

struct room;
struct remote_view {
	struct room *room; /* its memory */
	const char *object, *verdict, *text, *survives, *state, *needed;
	const char *method_verbs, *method_tcp;
	const struct remote_part *const *parts;
	size_t part_count, size, max_lanes;
	const int64_t *header_size;
	const struct remote_attributes *attributes;
	const char *protocol;
};

/* Make it of answer->set. Free it with remote_view_fini(). */
void remote_view(struct remote_view *view, const struct answer *answer);
void remote_view_fini(struct remote_view *view);

/* Its name, while a pool set is explained. */
const char *remote_method(enum holdfast_method method);

/* A copy of `text`; it ends the program, with a sentence, if there is no memory or text is NULL. */
char *must_copy(const char *text);

/*
 * A copy in which bytes that are not UTF-8 are U+FFFD: names of files may be any bytes, formats for
 * programs may not. Free it.
 */
char *utf8_copy(const char *text);

/* "byte", "cache-line", "page": for output and --require. */
const char *granularity_word(enum pmem2_granularity granularity);

/*
 * Print `first` and then `length` bytes of text in lines of 80 columns, of which all but the first
 * begin at column `indent`. Only words that no line could hold, and that have no comma, stick out.
 */
void wrap(const char *first, size_t indent, const char *text, size_t length);

/* Each line of `text` so: it begins at column `indent`, and goes on at column `hanging`. */
void wrap_lines(size_t indent, size_t hanging, const char *text);

/* `required` NULL: nothing is. */
void text_answer(const struct answer *answer, const enum pmem2_granularity *required);
void text_machine(const struct holdfast_machine *machine);

/* One JSON object on standard output. Returns false, with a sentence, if it cannot be made. */
bool json_answers(
	const struct answer *answers, unsigned count, const enum pmem2_granularity *required);
bool json_machine(const struct holdfast_machine *machine);

#endif
