/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * again.c - give images names of the following form, and make an image again from its name
 *
 *	[t|p]EVENT-CUT-HASH
 *
 * The letter t stands for storage that tears lines or pages, the letter p for a file system on
 * which names become durable in any order (is_posix). EVENT, in hexadecimal, is the index of the
 * event before which the crash comes. CUT has a code for each pending unit (a piece of a file with
 * stores that the crash can lose), in the order of struct history: n (none of the unit's stores
 * survive), a (all survive) or cCOUNT.MASK.STREAMS (a struct choice, in hexadecimal). A number
 * before a code says how many consecutive units have this code. HASH is the hash of the image: with
 * another model or trace, the image made from the name has another hash.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crash/point.h"

static void write_choice(const struct unit *unit, const struct choice *choice, char *to)
{
	if (unit_is_all(unit, choice))
		strcpy(to, "a");
	else if (unit_is_none(unit, choice))
		strcpy(to, "n");
	else
		sprintf(to, "c%" PRIx32 ".%" PRIx64 ".%" PRIx64, choice->count, choice->mask,
			choice->streams);
}

static void write_cut(const struct history *history, const struct cut *cut, FILE *to)
{
	char now[64], next[64] = "";
	uint32_t same = 0, span = 0;

	for (uint32_t i = 0; i <= history->count; i++) {
		if (i < history->count) {
			struct unit unit = history_pending(history, i);
			struct choice choice = cut_choice(cut, &unit, i, &span);
			write_choice(&unit, &choice, next);
		}
		if (same && (i == history->count || strcmp(now, next))) {
			fprintf(to, same > 1 ? "%" PRIu32 "%s" : "%.0" PRIu32 "%s",
				same > 1 ? same : 0, now);
			same = 0;
		}
		memcpy(now, next, sizeof(now));
		same++;
	}
}

char *point_name(struct point *point, const struct cut *cut)
{
	char *name = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&name, &size);

	if (!to)
		return NULL;
	fprintf(to, "%s%" PRIx64 "-",
		point->history->is_torn    ? "t"
		: point->history->is_posix ? "p"
					   : "",
		point->at);
	write_cut(point->history, cut, to);
	fprintf(to, "-%016" PRIx64, point_show(point, cut));
	point_hide(point);
	if (fclose(to)) {
		free(name);
		return NULL;
	}
	return name;
}

/* ---- reading a name */

static int unknown(const char *name)
{
	return err_set(-EINVAL, "the trace has no crash image %s with this crash model", name);
}

/*
 * Reads the code at `*at`, and to how many units it applies. Returns false if the code is
 * malformed.
 */
static bool read_choice(const char **at, uint32_t *times, enum rule *rule, struct choice *choice)
{
	int length = 0;
	char *end;
	unsigned long number = strtoul(*at, &end, 10);

	if (*at[0] < '0' || *at[0] > '9') {
		number = 1;
		end = (char *)(uintptr_t)*at;
	}
	*times = (uint32_t)number;
	*rule = *end == 'a' ? RULE_ALL : *end == 'n' ? RULE_NONE : RULE_CHOICE;
	if (*rule != RULE_CHOICE)
		length = 1;
	else if (sscanf(end, "c%" SCNx32 ".%" SCNx64 ".%" SCNx64 "%n", &choice->count,
			 &choice->mask, &choice->streams, &length) != 3)
		return false;
	*at = end + length;
	return number && number <= UINT32_MAX;
}

/*
 * Fills in the cut from the name. Returns 0, -ENOMEM, or -EINVAL if the name does not fit the
 * pending units.
 */
static int read_cut(const struct history *history, const char **at, struct cut *cut)
{
	uint32_t done = 0, times;
	struct choice choice;
	enum rule rule;
	bool is_good = cut_fill(cut, history->count, RULE_NONE, 0);

	while (is_good && done < history->count) {
		if (!read_choice(at, &times, &rule, &choice) || times > history->count - done)
			return -EINVAL;
		if (rule != RULE_CHOICE)
			is_good = cut_set(cut, done, done + times, rule);
		for (uint32_t i = 0; rule == RULE_CHOICE && is_good && i < times; i++)
			is_good = cut_choose(cut, done + i, &choice);
		done += times;
	}
	return !is_good ? -ENOMEM : **at == '-' ? 0 : -EINVAL;
}

static int show(struct point *point, const char *name, const char *words)
{
	struct cut cut = {0};
	const char *at = words;
	uint64_t hash = 0;
	int error = read_cut(point->history, &at, &cut);

	if (!error && (sscanf(at, "-%" SCNx64, &hash) != 1 || point_show(point, &cut) != hash))
		error = -EINVAL;
	cut_fini(&cut);
	if (error == -ENOMEM)
		return err_set(error, "out of memory for a crash image");
	return error ? unknown(name) : 0;
}

/*
 * The state for making an image from its name. The history is needed because the image's hash
 * depends on the lines that became durable.
 */
struct making {
	struct point point;
	struct history history;
};

static void settled(void *context, uint64_t place, const unsigned char *before)
{
	struct making *making = context;
	const unsigned char *line = history_line(&making->history, place);

	making->point.base_hash ^= line_hash(place, before) ^ line_hash(place, line);
	memcpy(point_image(&making->point, place), line, EVENT_LINE);
}

static int go_to(struct making *making, uint64_t wanted)
{
	const struct trace *trace = making->point.trace;
	int error = 0;

	for (const struct event *event = trace_first(trace);
		event && !error && trace_index(trace, event) < wanted;
		event = trace_next(trace, event))
		error = history_step(&making->history, event);
	making->point.at = wanted;
	return error;
}

int explore_image(
	const struct trace *trace, struct memories *memories, enum model model, const char *name)
{
	struct making making = {
		.point = {.trace = trace, .history = &making.history, .memories = memories}};
	bool is_torn = name[0] == 't', is_posix = name[0] == 'p';
	struct unseen unseen;
	char *end;

	errno = 0;
	uint64_t at = strtoull(name + (is_torn || is_posix), &end, 16);
	if (errno || *end != '-' || at > trace->count || (is_torn && !model_can_tear(model)))
		return unknown(name);
	int error = unseen_init(&unseen, trace, model, is_torn);
	if (error)
		return error;
	history_init(&making.history, trace, &unseen, memories->base, settled, &making);
	making.history.is_posix = is_posix;
	error = go_to(&making, at);
	if (!error)
		error = show(&making.point, name, end + 1);
	history_fini(&making.history);
	unseen_fini(&unseen);
	return error;
}
