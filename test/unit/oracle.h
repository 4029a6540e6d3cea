/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * oracle.h - judge a stepped copy or flush by what it does to memory
 *
 * Fill in the first half of a struct oracle, let stepped_run() call oracle_watch() with it, ask
 * oracle_judge(). Stores are seen as changes of the destination, whatever instruction made them;
 * flushes, fences and non-temporal stores are read from the machine code.
 *
 * A store of what is there already changes nothing. Where the routine never reads its destination,
 * `put_back` undoes each store once it is seen, so that the next one to the same place shows too:
 * a store that comes after the flush of its line cannot hide behind an earlier, equal one.
 */
#ifndef TEST_UNIT_ORACLE_H
#define TEST_UNIT_ORACLE_H

#include "tap.h"
#include "unit/x86_decode.h"

#define ORACLE_BYTES (16 * 1024)
#define ORACLE_LINES (ORACLE_BYTES / 32 + 2)

/* Faults. */
#define TORN             (1u << 0) /* an aligned word held neither its old nor its new value */
#define WRONG_BYTES      (1u << 1)
#define UNFLUSHED        (1u << 2) /* a line was not flushed after its last cached store */
#define FLUSHED_TWICE    (1u << 3)
#define FLUSHED_CLEAN    (1u << 4) /* to no purpose: nothing was stored there */
#define FLUSHED_OUTSIDE  (1u << 5)
#define FLUSHED_UNASKED  (1u << 6)
#define FLUSHED_STRANGE  (1u << 7) /* by another instruction than the engine's */
#define UNFENCED         (1u << 8) /* the last flush or store was not drained */
#define FENCED_TWICE     (1u << 9)
#define FENCED_UNASKED   (1u << 10)
#define STREAMED_UNASKED (1u << 11)
#define NOT_STREAMED     (1u << 12)
#define STREAMED_LONG    (1u << 13) /* more than the write-combining buffers between two fences */

static const char *const fault_names[] = {"torn", "wrong bytes", "unflushed", "flushed twice",
	"flushed clean", "flushed outside", "flushed unasked", "flushed strangely", "unfenced",
	"fenced twice", "fenced unasked", "streamed unasked", "not streamed", "streamed too long"};

struct oracle {
	/* The memory that is watched. */
	char *dest; /* shared with the child */
	size_t len;
	const char *before, *after; /* len bytes of each, different everywhere */
	size_t line_size;
	bool words;    /* look for torn words: dest and len are multiples of 8 */
	bool put_back; /* undo stores when they have been seen */
	bool dirty;    /* the caller stored to all of it before */

	/* The instructions that ought to run. */
	enum insn_kind flush; /* INSN_OTHER: no flush at all */
	bool fenced;
	bool streams;
	size_t stream_limit; /* bytes streamed between two fences; 0: only one fence, at the end */

	/* The state so far; all of it set by oracle_watch(). */
	bool started;
	char seen[ORACLE_BYTES]; /* what the stores up to now make of it */
	struct {
		bool dirty, flushed;
	} lines[ORACLE_LINES];
	bool drained; /* nothing happened since the last fence */
	unsigned fences, streamed;
	size_t stream_run; /* bytes since the last fence */
	unsigned faults;
};

/* "torn, unfenced", in a buffer that the next call reuses. */
static inline const char *oracle_names(unsigned faults)
{
	static char text[256];

	text[0] = '\0';
	for (unsigned i = 0; i < sizeof(fault_names) / sizeof(fault_names[0]); i++)
		if (faults & 1u << i) {
			strncat(text, text[0] ? ", " : "", sizeof(text) - strlen(text) - 1);
			strncat(text, fault_names[i], sizeof(text) - strlen(text) - 1);
		}
	return text;
}

static inline size_t oracle_first_line(const struct oracle *o)
{
	return (uintptr_t)o->dest / o->line_size;
}

/* Lines that [dest, dest + len) touches. */
static inline size_t oracle_lines(const struct oracle *o)
{
	if (!o->len)
		return 0;
	return ((uintptr_t)o->dest + o->len - 1) / o->line_size - oracle_first_line(o) + 1;
}

static inline void oracle_start(struct oracle *o)
{
	if (o->len > ORACLE_BYTES || oracle_lines(o) > ORACLE_LINES)
		bail("too long for the oracle: %zu bytes", o->len);
	memcpy(o->seen, o->before, o->len);
	for (size_t i = 0; i < oracle_lines(o); i++)
		o->lines[i].dirty = o->dirty;
	o->started = true;
}

/* Part of the destination, where bytes may have changed. */
struct span {
	size_t start, end;
};

static inline struct span oracle_line_span(const struct oracle *o, size_t line)
{
	size_t ahead = (uintptr_t)o->dest % o->line_size;
	struct span span = {line * o->line_size, (line + 1) * o->line_size};

	span.start = span.start < ahead ? 0 : span.start - ahead;
	span.end = span.end - ahead > o->len ? o->len : span.end - ahead;
	return span;
}

static inline void oracle_check_words(struct oracle *o, struct span span)
{
	for (size_t i = span.start; i < span.end; i += 8)
		if (memcmp(o->dest + i, o->before + i, 8) && memcmp(o->dest + i, o->after + i, 8))
			o->faults |= TORN;
}

static inline void oracle_take_over(struct oracle *o, struct span span)
{
	for (size_t i = span.start; i < span.end; i++)
		if (!o->put_back || o->dest[i] != o->before[i])
			o->seen[i] = o->dest[i];
	if (o->put_back)
		memcpy(o->dest + span.start, o->before + span.start, span.end - span.start);
}

/* Look for what the last instruction has stored. */
static inline void oracle_stores(struct oracle *o, bool streamed)
{
	const char *base = o->put_back ? o->before : o->seen;

	if (!memcmp(o->dest, base, o->len))
		return;
	o->drained = false;
	for (size_t line = 0; line < oracle_lines(o); line++) {
		struct span span = oracle_line_span(o, line);

		if (!memcmp(o->dest + span.start, base + span.start, span.end - span.start))
			continue;
		if (!streamed)
			o->lines[line].dirty = true;
		if (o->words)
			oracle_check_words(o, span);
		oracle_take_over(o, span);
	}
}

static inline void oracle_flushed(struct oracle *o, const struct insn *insn)
{
	size_t line = insn->addr / o->line_size - oracle_first_line(o);

	o->drained = false;
	if (o->flush == INSN_OTHER) {
		o->faults |= FLUSHED_UNASKED;
		return;
	}
	if (insn->kind != o->flush)
		o->faults |= FLUSHED_STRANGE;
	if (line >= oracle_lines(o)) {
		o->faults |= FLUSHED_OUTSIDE;
		return;
	}
	if (o->lines[line].flushed)
		o->faults |= FLUSHED_TWICE;
	else if (!o->lines[line].dirty)
		o->faults |= FLUSHED_CLEAN;
	o->lines[line].flushed = true;
	o->lines[line].dirty = false;
}

static inline void oracle_streamed(struct oracle *o, const struct insn *insn)
{
	o->drained = false;
	o->streamed++;
	/* A store that fills a line leaves nothing in the write-combining buffers. */
	if (insn->size < 64)
		o->stream_run += insn->size;
	if (o->stream_limit && o->stream_run > o->stream_limit)
		o->faults |= STREAMED_LONG;
}

static void oracle_watch(const struct insn *insn, void *oracle)
{
	struct oracle *o = oracle;

	if (!o->started)
		oracle_start(o);
	oracle_stores(o, insn_streams(insn));
	if (insn_flushes(insn)) {
		oracle_flushed(o, insn);
	} else if (insn_streams(insn)) {
		oracle_streamed(o, insn);
	} else if (insn->kind == INSN_FENCE) {
		o->drained = true;
		o->fences++;
		o->stream_run = 0;
	}
}

/* All that was wrong, once the job is done. */
static inline unsigned oracle_judge(struct oracle *o)
{
	for (size_t line = 0; line < oracle_lines(o); line++)
		if (o->flush != INSN_OTHER && o->lines[line].dirty)
			o->faults |= UNFLUSHED;
	if (memcmp(o->seen, o->after, o->len))
		o->faults |= WRONG_BYTES;
	if (o->fenced && !o->drained)
		o->faults |= UNFENCED;
	if (o->fenced && o->fences > 1 && !o->stream_limit)
		o->faults |= FENCED_TWICE;
	if (!o->fenced && o->fences && !o->stream_limit)
		o->faults |= FENCED_UNASKED;
	if (o->streamed && !o->streams)
		o->faults |= STREAMED_UNASKED;
	if (!o->streamed && o->streams)
		o->faults |= NOT_STREAMED;
	return o->faults;
}

#endif
