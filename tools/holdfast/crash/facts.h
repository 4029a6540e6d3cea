/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * facts.h - all that a report of `holdfast crash` says, once for every format
 *
 * facts.c makes the facts, and each format has a writer that adds none: report.c is text, json.c,
 * sarif.c and junit.c are what their names say. A new fact for programs is a row of the tables in
 * facts.c, and one in holdfast-crash(1).
 *
 * All words are UTF-8 without control characters, whatever a program or a check printed.
 */
#ifndef TOOLS_HOLDFAST_CRASH_FACTS_H
#define TOOLS_HOLDFAST_CRASH_FACTS_H

#include "command.h"

/* A store that was lost or early. */
struct fact_store {
	bool is_there, is_found, is_flushed; /* found by comparing */
	const char *what;                    /* data, or a name or a size (--watch) */
	char *file;
	uint64_t offset, length;
	struct calls calls;
	char *words;       /* the calls as text */
	const char *state; /* of the store, at the crash */
};

struct fact_bug {
	uint64_t number; /* from 1 on */
	enum cause cause;
	const char *name, *repair; /* of the cause */
	char *status;              /* of the check */
	char *output;              /* its first line, or NULL */
	uint64_t failing, images;
	char *image; /* its name, or NULL */
	char *again; /* a command that makes it, or NULL */
	uint64_t event;
	bool is_at_end; /* after the program's end */
	struct calls crash;
	char *crash_words;
	struct fact_store lost, early;
};

/* Raw instructions that were probed, and those that were not. */
struct fact_refusal {
	char *place;
	const char *reason;
	char *words; /* both */
};

struct fact_probes {
	uint64_t probed, hit, hits, refused;
	char *words; /* the counts, or NULL: there were none */
	struct fact_refusal refusals[PROBE_REFUSALS];
	unsigned count; /* of `refusals` */
};

struct fact_blind {
	uint64_t found, found_after_end, maps, names, records;
	bool is_gone;
	char *words[9 + PROBE_REFUSALS]; /* what was not seen, a sentence each */
	unsigned count;
};

struct facts {
	const struct findings *findings;
	const char *version, *model;
	const char *event; /* what the crash was: "power cut" */
	char *level_words;
	uint64_t level, stores, copies, points, signatures, covered, images, same, failing;
	bool was_ended, accepts_anything, is_blind;
	double seconds;
	char *how; /* in which way the check was run, if it is worth a word */
	struct fact_bug *bugs;
	unsigned bug_count;
	struct fact_blind blind;
	struct fact_probes probes;
};

void facts_make(const struct findings *findings, struct facts *facts);
void facts_free(struct facts *facts);

/* probes.c */
void probes_make(const struct probe_report *report, struct fact_probes *probes);
void probes_free(struct fact_probes *probes);

/* For each cause: its name, a word for programs, what it means, and what to do about it. */
struct fact_cause {
	const char *name, *id, *meaning, *repair;
};
#define FACT_CAUSES ((unsigned)CAUSE_TORN_PAGE + 1)
extern const struct fact_cause fact_causes[FACT_CAUSES];

/* "pool+0x80", or "name of pool"; new memory. */
char *fact_place_words(const struct fact_store *store);
/* "lost 8 B, litmus.c:83 flush, data+0: flushed, not drained"; new memory. */
char *fact_store_words(const char *role, const struct fact_store *store);

/*
 * The call that tells a store from the other one of its bug: the innermost, or one that both do not
 * go through. NULL: there is no source line.
 */
const struct call *fact_call(const struct fact_bug *bug, const struct fact_store *store);
/* A call that stands for the bug: of the lost store, of the early one, or the crash; or NULL. */
const struct call *fact_main_call(const struct fact_bug *bug);

/* ---- the tables: a key for programs, and the member that has the value */

enum fact_kind { FACT_NUMBER, FACT_FLAG, FACT_WORDS };

struct fact_row {
	const char *key;
	enum fact_kind kind;
	size_t at; /* uint64_t, bool, const char * that may be NULL */
};

/* Each ends with a row without a key. */
extern const struct fact_row run_rows[], bug_rows[], store_rows[], blind_rows[];
extern const struct fact_row probe_rows[], refusal_rows[];

static inline const void *fact_member(const struct fact_row *row, const void *whole)
{
	return (const char *)whole + row->at;
}

/* ---- the writers; false: it was not written. For text the stream knows. */
void report_text(const struct facts *facts, bool is_coloured, FILE *to);
bool report_json(const struct facts *facts, FILE *to);
bool report_sarif(const struct facts *facts, FILE *to);
bool report_junit(const struct facts *facts, FILE *to);
/* Of a run that has no facts, because it failed: its exit status, and the message. */
bool report_sarif_failure(int status, const char *message, FILE *to);
bool report_junit_failure(int status, const char *message, FILE *to);
/* Pictures of all bugs. Uses `base` of the memories, and leaves it as it was. */
bool report_svg(const struct facts *facts, struct memories *memories, FILE *to);

/* words.c: for text and for attributes. NULL prints nothing. */
void xml_print(FILE *to, const char *words);

/* json.c: what both kinds of JSON do. */
struct json_object;
void json_add_words(struct json_object *to, const char *key, const char *words);
void json_add_rows(struct json_object *to, const struct fact_row *rows, const void *whole);
struct json_object *json_probes(const struct fact_probes *probes);
bool json_write(struct json_object *object, FILE *to); /* and forget it */

#endif
