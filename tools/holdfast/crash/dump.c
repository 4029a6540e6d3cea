/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dump.c - the option --dump: compare the output of the user's command after a crash with its
 * output without a crash
 *
 * The run is divided into operations: by the program's calls of holdfast_crash.h or, without such
 * calls, at the last drain before each write of the program to standard output. A state is the
 * command's output, without a crash, for the files at the beginning or end of an operation. After a
 * crash, the command must print the state at the beginning or at the end of the operation that was
 * under way.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

#define KEPT (64u << 20) /* bytes of outputs to keep as text; of more, only hashes are kept */

struct state {
	uint64_t at; /* the files contain all stores before this event */
	uint16_t thread;
	bool is_begin, is_mark;
	size_t end; /* if an operation begins here: index of the state at its end */
	int status;
	uint64_t hash;
	char *text; /* the command's output; NULL: only its hash is kept */
};

struct dump {
	struct state *states; /* sorted by `at` */
	size_t count, capacity;
	size_t kept;
};

/* ---- where operations begin and end */

static bool add_state(struct dump *dump, const struct state *state)
{
	if (dump->count == dump->capacity) {
		size_t capacity = dump->capacity ? dump->capacity * 2 : 256;
		struct state *grown = realloc(dump->states, capacity * sizeof(*grown));
		if (!grown)
			return false;
		dump->states = grown;
		dump->capacity = capacity;
	}
	dump->states[dump->count++] = *state;
	return true;
}

/*
 * Sets the end of the operation that this thread has begun, and not ended yet, to the state `here`.
 */
static void end_operation(struct dump *dump, uint16_t thread, size_t here)
{
	for (size_t i = here; i-- > 0;)
		if (dump->states[i].thread == thread && dump->states[i].is_mark) {
			if (dump->states[i].is_begin)
				dump->states[i].end = here;
			return;
		}
}

static bool add_marks(struct dump *dump, const struct trace *trace)
{
	for (const struct event *event = trace_first(trace); event;
		event = trace_next(trace, event)) {
		struct state state = {.at = trace_index(trace, event),
			.thread = event->thread,
			.is_mark = true,
			.is_begin = !event->size,
			.end = SIZE_MAX};
		if (event->kind != EVENT_MARK)
			continue;
		if (!add_state(dump, &state))
			return false;
		if (!state.is_begin)
			end_operation(dump, state.thread, dump->count - 1);
	}
	return true;
}

static bool add_output(struct dump *dump, const struct trace *trace)
{
	const struct event *last = NULL;

	for (const struct event *event = trace_first(trace); event;
		event = trace_next(trace, event)) {
		if (event->kind != EVENT_FENCE && event->kind != EVENT_SYNC)
			continue;
		if (last && last->value < event->value &&
			!add_state(dump, &(struct state){.at = trace_index(trace, last)}))
			return false;
		last = event;
	}
	return !last || last->value >= trace->output_size ||
	       add_state(dump, &(struct state){.at = trace_index(trace, last)});
}

static bool divide(struct dump *dump, const struct trace *trace)
{
	if (!add_state(dump, &(struct state){.at = 0}) || !add_marks(dump, trace))
		return false;
	if (dump->count == 1 && !add_output(dump, trace))
		return false;
	if (!add_state(dump, &(struct state){.at = trace->count}))
		return false;
	/* an operation that the program did not end lasts until the end of the run */
	for (size_t i = 0; i < dump->count; i++)
		if (dump->states[i].end > dump->count)
			dump->states[i].end = dump->count - 1;
	return true;
}

/* ---- running the command for each state */

static uint64_t hash_of(const char *text, size_t size)
{
	uint64_t hash = size;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001B3);
	return hash;
}

static char *read_all(int fd, size_t *size)
{
	struct stat stat;
	char *text = fstat(fd, &stat) ? NULL : malloc((size_t)stat.st_size + 1);
	ssize_t got = text ? pread(fd, text, (size_t)stat.st_size, 0) : 0;

	*size = got > 0 ? (size_t)got : 0;
	if (text)
		text[*size] = '\0';
	return text;
}

/*
 * Applies the stores from event `from` up to event `at` to `image`, which contains all earlier
 * stores.
 */
static void do_stores(struct run *run, uint64_t from, uint64_t at)
{
	const struct trace *trace = &run->trace;
	const struct event *event = from < trace->count ? trace->slots + from : NULL;

	for (; event && trace_index(trace, event) < at; event = trace_next(trace, event))
		explore_store(&run->memories, event);
}

static int learn_state(struct run *run, struct checker *checker, struct dump *dump, size_t number)
{
	struct state *state = &dump->states[number];
	uint64_t from = number ? state[-1].at : 0;
	struct verdict verdict;
	size_t size;
	int error;

	do {
		do_stores(run, from, state->at);
		checker_forget(checker);
		verdict = (struct verdict){.acknowledged = run->trace.output_size};
		verdict.at_most = verdict.acknowledged;
		error = checker_judge(checker, &verdict);
		from = 0;
	} while (error == JUDGE_AGAIN);
	if (error)
		return STATUS_NOTHING;
	free(verdict.words);
	state->status = verdict.status;
	state->text = read_all(checker_said(checker), &size);
	if (!state->text)
		return complain(
			STATUS_NOTHING, "out of memory for the output of the --dump command");
	state->hash = hash_of(state->text, size);
	dump->kept += size;
	if (dump->kept > KEPT) {
		free(state->text);
		state->text = NULL;
	}
	return STATUS_CLEAN;
}

static int learn_states(struct run *run, struct checker *checker, struct dump *dump)
{
	int status = STATUS_CLEAN;

	for (size_t i = 0; i < dump->count && !status; i++) {
		status = learn_state(run, checker, dump, i);
		if (!status && checker_enough(checker))
			status = complain(STATUS_NOTHING,
				"the time limit expired before the --dump command had printed all states that the files have without a crash");
	}
	const struct state *last = &dump->states[dump->count - 1];
	char words[64];
	status_words(last->status, words, sizeof(words));
	if (!status && last->status)
		status = complain(STATUS_ORACLE,
			"the --dump command fails even without a crash, on the file as it was after the program ran: %s",
			words);
	return status;
}

int dump_learn(struct work *work, struct run *run, struct checker *checker, struct dump **result)
{
	struct dump *dump = calloc(1, sizeof(*dump));

	*result = dump;
	if (!dump || !divide(dump, &run->trace))
		return complain(STATUS_NOTHING, "out of memory");
	int status = learn_states(run, checker, dump);
	if (!status)
		status = images_restore(work, run, 0);
	checker_forget(checker);
	return status;
}

void dump_free(struct dump *dump)
{
	for (size_t i = 0; dump && i < dump->count; i++)
		free(dump->states[i].text);
	if (dump)
		free(dump->states);
	free(dump);
}

/* ---- judging the output after a crash */

/*
 * A search for the state whose output begins with the most lines in common with the output for the
 * image.
 */
struct closest {
	const struct dump *dump;
	const char *text;
	uint64_t hash;
	int status;
	size_t line; /* number of the first line in which `text` and `state` differ */
	const struct state *state;
	bool is_right;
};

/* Returns the text from line `number` on, or the end of the text if it has fewer lines. */
static const char *line_at(const char *text, size_t number)
{
	while (number-- && *text) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return text;
}

static size_t same_lines(const char *a, const char *b)
{
	size_t lines = 0;

	for (; *a && *a == *b; a++, b++)
		lines += *a == '\n';
	return lines;
}

static void compare(struct closest *closest, size_t number)
{
	const struct state *state = &closest->dump->states[number];

	closest->is_right |= state->status == closest->status && state->hash == closest->hash;
	if (!state->text)
		return;
	size_t lines = same_lines(state->text, closest->text);
	if (closest->state && lines < closest->line)
		return;
	closest->line = lines;
	closest->state = state;
}

/* Returns the index of the last state before the crash. */
static size_t state_before(const struct dump *dump, uint64_t at)
{
	size_t low = 0, high = dump->count;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;
		if (dump->states[middle].at < at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void compare_all(struct closest *closest, uint64_t at)
{
	const struct dump *dump = closest->dump;
	size_t last = state_before(dump, at);
	bool is_under_way = false;

	/*
	 * several threads may have operations under way: look for their beginnings in the last 256
	 * states
	 */
	for (size_t i = last + 1; i-- > 0 && last - i < 256;)
		if (dump->states[i].is_begin && dump->states[i].end > last) {
			is_under_way = true;
			compare(closest, dump->states[i].end);
			compare(closest, i);
		}
	if (is_under_way)
		return;
	if (last + 1 < dump->count)
		compare(closest, last + 1);
	compare(closest, last);
}

static char *say(const struct closest *closest)
{
	char *words = NULL;
	const char *is = line_at(closest->text, closest->line);
	const char *right = closest->state ? line_at(closest->state->text, closest->line) : NULL;

	if (!right)
		return strdup("prints another state");
	if (asprintf(&words, "line %zu is '%.*s'; without a crash it would be '%.*s'",
		    closest->line + 1, (int)strcspn(is, "\n") < 80 ? (int)strcspn(is, "\n") : 80,
		    is, (int)strcspn(right, "\n") < 80 ? (int)strcspn(right, "\n") : 80, right) < 0)
		return NULL;
	return words;
}

int dump_judge(const struct dump *dump, int said, struct verdict *verdict)
{
	size_t size;
	char *text = read_all(said, &size);
	struct closest closest = {.dump = dump, .text = text, .hash = 0, .status = verdict->status};

	if (!text)
		return -complain(
			STATUS_NOTHING, "out of memory for the output of the --dump command");
	closest.hash = hash_of(text, size);
	compare_all(&closest, verdict->at);
	if (closest.is_right || !verdict->status) {
		free(verdict->words);
		verdict->words = closest.is_right ? NULL : say(&closest);
		verdict->status = closest.is_right ? 0 : VERDICT_DIFFERS;
	}
	for (char *at = verdict->words; at && *at; at++)
		*at = *at >= ' ' && *at <= '~' ? *at : '?';
	free(text);
	return 0;
}
