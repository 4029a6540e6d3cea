/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * facts.h - all facts that a report of `holdfast crash` contains, in every format
 *
 * facts.c makes the facts. Each format has a writer, which adds no facts: report.c for text, and
 * json.c, sarif.c and junit.c. A new fact for programs is a row of the tables in facts.c, and a
 * row in holdfast-crash(1).
 *
 * All strings are UTF-8 without control characters, also those with output of a program or a
 * check.
 */
#ifndef TOOLS_HOLDFAST_CRASH_FACTS_H
#define TOOLS_HOLDFAST_CRASH_FACTS_H

#include "command.h"

/* A store of a bug: the lost one or the early one. */
struct fact_store {
	bool is_there, is_found, is_flushed; /* `is_found`: found only by comparing */
	const char *what;                    /* "data", or with --watch a name or a size */
	char *file;
	uint64_t offset, length;
	struct calls calls;
	char *words;       /* the call stack as text */
	const char *state; /* state of the store at the crash */
};

struct fact_bug {
	uint64_t number; /* from 1 on */
	enum cause cause;
	const char *name, *repair; /* name and repair of the cause */
	char *status;              /* result of the check */
	char *output;              /* first line that the check printed, or NULL */
	uint64_t failing, images;
	char *image; /* the image's name, or NULL */
	char *again; /* command that makes the image again, or NULL */
	uint64_t event;
	bool is_at_end; /* the crash comes after the program's end */
	struct calls crash;
	char *crash_words;
	struct fact_store lost, early;
};

/* A raw instruction, or several, that was not probed, and why. */
struct fact_refusal {
	char *place;
	const char *reason;
	char *words; /* place and reason */
};

struct fact_probes {
	uint64_t probed, hit, hits, refused;
	char *words; /* the counts as text; NULL: there were no raw instructions */
	struct fact_refusal refusals[PROBE_REFUSALS];
	unsigned count; /* number of elements in `refusals` */
};

struct fact_blind {
	uint64_t found, found_after_end, maps, names, records;
	uint64_t missed[MISSED_WAYS]; /* number of times, by enum missed */
	bool is_gone;
	char *words[9 + MISSED_WAYS + PROBE_REFUSALS]; /* a message for each of these */
	unsigned count;
};

struct facts {
	const struct findings *findings;
	const char *version, *model;
	const char *event; /* kind of crash: "power cut" or "killed" */
	char *level_words;
	uint64_t level, stores, copies, points, signatures, covered, images, same, failing;
	bool was_ended, accepts_anything, is_blind;
	double seconds;
	char *how; /* how the check was run, if this is worth mentioning; or NULL */
	struct fact_bug *bugs;
	unsigned bug_count;
	struct fact_blind blind;
	struct fact_probes probes;
};

void facts_make(const struct findings *findings, struct facts *facts);
void facts_free(struct facts *facts);

/* missed.c: a message about what was not seen, in new memory; NULL: the program did not do it. */
char *missed_words(const struct trace *trace, enum missed way);

/* probes.c: makes facts of the recorder's report on raw instructions */
void probes_make(const struct probe_report *report, struct fact_probes *probes);
void probes_free(struct fact_probes *probes);

/* For each cause of bugs: its name, a word for programs, its meaning, and the repair. */
struct fact_cause {
	const char *name, *id, *meaning, *repair;
};
#define FACT_CAUSES ((unsigned)CAUSE_TORN_PAGE + 1)
extern const struct fact_cause fact_causes[FACT_CAUSES];

/* The place of a store as "pool+0x80", or "name of pool"; new memory. */
char *fact_place_words(const struct fact_store *store);
/* A store as "lost 8 B, litmus.c:83 flush, data+0: flushed, not drained"; new memory. */
char *fact_store_words(const char *role, const struct fact_store *store);

/*
 * The call that distinguishes a store from the other store of its bug: the innermost call, or one
 * that only one of both went through. NULL: there is no source line.
 */
const struct call *fact_call(const struct fact_bug *bug, const struct fact_store *store);
/*
 * The call that represents the bug: that of the lost store, of the early one, or of the crash; or
 * NULL.
 */
const struct call *fact_main_call(const struct fact_bug *bug);

/* ---- the tables of facts: a key for programs, and the member that holds the value */

enum fact_kind { FACT_NUMBER, FACT_FLAG, FACT_WORDS };

struct fact_row {
	const char *key;
	enum fact_kind kind;
	size_t at; /* offset of a uint64_t, a bool, or a const char *, which may be NULL */
};

/* Each table ends with a row without a key. */
extern const struct fact_row run_rows[], bug_rows[], store_rows[], blind_rows[];
extern const struct fact_row probe_rows[], refusal_rows[];

static inline const void *fact_member(const struct fact_row *row, const void *whole)
{
	return (const char *)whole + row->at;
}

/* ---- the writers. False: writing failed. For text, the stream records the failure. */
void report_text(const struct facts *facts, bool is_coloured, FILE *to);
bool report_json(const struct facts *facts, FILE *to);
bool report_sarif(const struct facts *facts, FILE *to);
bool report_junit(const struct facts *facts, FILE *to);
/* Reports a run that has no facts because it failed: its exit status, and the message. */
bool report_sarif_failure(int status, const char *message, FILE *to);
bool report_junit_failure(int status, const char *message, FILE *to);
/* Draws pictures of all bugs. Uses `base` of the memories, and leaves it as it was. */
bool report_svg(const struct facts *facts, struct memories *memories, FILE *to);

/* words.c: prints for XML text and attributes. NULL prints nothing. */
void xml_print(FILE *to, const char *words);

/* json.c: functions that json.c and sarif.c share. */
struct json_object;
void json_add_words(struct json_object *to, const char *key, const char *words);
void json_add_rows(struct json_object *to, const struct fact_row *rows, const void *whole);
struct json_object *json_probes(const struct fact_probes *probes);
bool json_write(struct json_object *object, FILE *to); /* writes the object and frees it */

#endif
