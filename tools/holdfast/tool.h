/* SPDX-License-Identifier: BSD-3-Clause */
/* tool.h - what the files of the command-line tool share */
#ifndef TOOLS_HOLDFAST_TOOL_H
#define TOOLS_HOLDFAST_TOOL_H

#include <stdbool.h>

#include <libpmem2/holdfast.h>
#include <librpmem/holdfast.h>

/* Exit statuses, for scripts; of several, the highest. */
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
	const char *because; /* why the requirement is not met, or nobody knows; or NULL */
};

/* `holdfast info`; `argv` begins with its name. */
int info_main(int argc, char **argv);

/* `holdfast crash`, where it is built: crash/command.h */
int crash_main(int argc, char **argv);
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

/* Its name, while a pool set is explained. */
const char *remote_method(enum holdfast_method method);

/* A copy of `text`; it ends the program, with a sentence, if there is no memory or text is NULL. */
char *must_copy(const char *text);

/* "byte", "cache-line", "page": for output and --require. */
const char *granularity_word(enum pmem2_granularity granularity);

/* `required` NULL: nothing is. */
void text_answer(const struct answer *answer, const enum pmem2_granularity *required);
void text_machine(const struct holdfast_machine *machine);

/* One JSON object on standard output. Returns false, with a sentence, if it cannot be made. */
bool json_answers(
	const struct answer *answers, unsigned count, const enum pmem2_granularity *required);
bool json_machine(const struct holdfast_machine *machine);

#endif
