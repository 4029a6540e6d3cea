/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * facts.h - all facts that a report of `holdfast crash` contains, in every format
 *
 * facts.c collects the facts. They are printed by report.c as text, and by json.c, sarif.c and
 * junit.c in the formats with these names, which add no facts. To add a fact for programs, add a
 * row to a table in facts.c, and one to holdfast-crash(1).
 *
 * All strings are UTF-8 without control characters, also those with output of a program or a
 * check.
 */
#ifndef TOOLS_HOLDFAST_CRASH_FACTS_H
#define TOOLS_HOLDFAST_CRASH_FACTS_H

#include "command.h"

/* One of the two stores of a bug: the lost store, or the early one, which survived without it. */
struct fact_store {
	/* is_found: the store was not recorded, but found by comparing files */
	bool is_there, is_found, is_flushed;
	const char *what; /* what was stored: "data"; with --watch also "name" or "size" */
	char *file;
	uint64_t offset, length;
	struct calls calls;
	char *words;       /* the call stack as text */
	const char *state; /* state of the store at the crash */
};

struct fact_bug {
	uint64_t number; /* from 1 on */
	enum cause cause;
	const char *name, *repair; /* name of the cause, and how to repair it */
	char *status;              /* result of the check */
	char *output;              /* first line that the check printed, or NULL */
	uint64_t failing, images;
	char *image; /* the image's name, or NULL */
	char *again; /* command that makes this image again, or NULL */
	uint64_t event;
	bool is_at_end; /* the crash was simulated at the program's end */
	struct calls crash;
	char *crash_words;
	struct fact_store lost, early;
};

/* The place of one or more raw instructions that could not be probed, and the reason. */
struct fact_refusal {
	char *place;
	const char *reason;
	char *words; /* place and reason */
};

struct fact_probes {
	uint64_t probed, hit, hits, refused;
	char *words; /* counts of flushes and fences outside of library calls; NULL: none */
	struct fact_refusal refusals[PROBE_REFUSALS];
	unsigned count; /* number of elements in `refusals` */
};

struct fact_blind {
	uint64_t found, found_after_end, maps, names, records;
	uint64_t missed[MISSED_WAYS]; /* number of events of each kind in enum missed */
	bool is_gone;
	char *words[9 + MISSED_WAYS + PROBE_REFUSALS]; /* messages: what could not be observed */
	unsigned count;
};

struct facts {
	const struct findings *findings;
	const char *version, *model;
	const char *event; /* kind of crash: "power cut", "killed" or "machine lost" */
	char *level_words;
	uint64_t level, stores, copies, points, signatures, covered, images, same, failing;
	bool was_ended, accepts_anything, is_blind;
	double seconds;
	char *how; /* how the check was run; NULL: as usual */
	struct fact_bug *bugs;
	unsigned bug_count;
	struct fact_blind blind;
	struct fact_probes probes;
};

void facts_make(const struct findings *findings, struct facts *facts);
void facts_free(struct facts *facts);

/*
 * missed.c: returns a message, in new memory, about the program's accesses of this kind, which were
 * not recorded; NULL: there were none.
 */
char *missed_words(const struct trace *trace, enum missed way);

/* probes.c: converts the recorder's report on raw instructions to facts */
void probes_make(const struct probe_report *report, struct fact_probes *probes);
void probes_free(struct fact_probes *probes);

/* A cause of bugs: its name, its id for programs, its meaning, and how to repair it. */
struct fact_cause {
	const char *name, *id, *meaning, *repair;
};
#define FACT_CAUSES ((unsigned)CAUSE_TORN_PAGE + 1)
extern const struct fact_cause fact_causes[FACT_CAUSES];

/* Returns the place of a store, such as "pool+0x80" or "name of pool", in new memory. */
char *fact_place_words(const struct fact_store *store);
/*
 * Describes a store, for example "lost 8 B, litmus.c:83 flush, data+0: flushed, not drained", in
 * new memory.
 */
char *fact_store_words(const char *role, const struct fact_store *store);

/*
 * Returns the call that best distinguishes one store of a bug from the other: the innermost call,
 * or one that is in only one of the two call stacks. NULL: no source line is known.
 */
const struct call *fact_call(const struct fact_bug *bug, const struct fact_store *store);
/*
 * Returns the call that represents a bug: that of the lost store, or else of the early store, or
 * else of the crash, or else NULL.
 */
const struct call *fact_main_call(const struct fact_bug *bug);

/* ---- tables of facts: each row has a key for programs, and the struct member with the value */

enum fact_kind { FACT_NUMBER, FACT_FLAG, FACT_WORDS };

struct fact_row {
	const char *key;
	enum fact_kind kind;
	size_t at; /* offset of the member: a uint64_t, a bool, or a const char * */
};

/* Each table ends with a row without a key. */
extern const struct fact_row run_rows[], bug_rows[], store_rows[], blind_rows[];
extern const struct fact_row probe_rows[], refusal_rows[];

static inline const void *fact_member(const struct fact_row *row, const void *whole)
{
	return (const char *)whole + row->at;
}

/*
 * ---- functions that print a report. They return false if writing failed; report_text() leaves the
 * error in the stream.
 */
void report_text(const struct facts *facts, bool is_coloured, FILE *to);
bool report_json(const struct facts *facts, FILE *to);
bool report_sarif(const struct facts *facts, FILE *to);
bool report_junit(const struct facts *facts, FILE *to);
/*
 * Print a report on a run that failed before there were facts: its exit status and its error
 * message.
 */
bool report_sarif_failure(int status, const char *message, FILE *to);
bool report_junit_failure(int status, const char *message, FILE *to);
/* Draws pictures of all bugs. Changes memories->base while it draws, and restores it at the end. */
bool report_svg(const struct facts *facts, struct memories *memories, FILE *to);

/* words.c: prints `words` escaped for XML text and attributes, or nothing if `words` is NULL. */
void xml_print(FILE *to, const char *words);

/* json.c: functions that json.c and sarif.c share. */
struct json_object;
void json_add_words(struct json_object *to, const char *key, const char *words);
void json_add_rows(struct json_object *to, const struct fact_row *rows, const void *whole);
struct json_object *json_probes(const struct fact_probes *probes);
bool json_write(struct json_object *object, FILE *to); /* writes the object and frees it */

#endif
