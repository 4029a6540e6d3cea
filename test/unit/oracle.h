/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * oracle.h - judge a copy or flush, executed instruction by instruction, by what it does to memory
 *
 * Fill in the first half of a struct oracle, let stepped_run() call oracle_watch() with it, then
 * call oracle_judge(). Stores are seen as changes of the destination, whatever instruction made
 * them; flushes, fences and streamed (non-temporal) stores are read from the machine code.
 *
 * A store of the value that memory holds already changes nothing, and is not seen. For routines
 * that never read their destination, `put_back` undoes each store once it is seen, so that the
 * next store to the same place is seen, too, even if it stores the same value. Such a store must
 * be seen because it may come after the flush of its cache line.
 */
#ifndef TEST_UNIT_ORACLE_H
#define TEST_UNIT_ORACLE_H

#include "tap.h"
#include "unit/x86_decode.h"

#define ORACLE_BYTES (16 * 1024)
#define ORACLE_LINES (ORACLE_BYTES / 32 + 2)

/* Faults that a copy or flush can have. */
#define TORN             (1u << 0) /* an aligned word held neither its old nor its new value */
#define WRONG_BYTES      (1u << 1)
#define UNFLUSHED        (1u << 2) /* a line was not flushed after its last cached store */
#define FLUSHED_TWICE    (1u << 3)
#define FLUSHED_CLEAN    (1u << 4) /* the routine flushed a line to which it had not stored */
#define FLUSHED_OUTSIDE  (1u << 5)
#define FLUSHED_UNASKED  (1u << 6)
#define FLUSHED_STRANGE  (1u << 7) /* the flush instruction was not that of the engine */
#define UNFENCED         (1u << 8) /* no fence follows the last flush or store */
#define FENCED_TWICE     (1u << 9)
#define FENCED_UNASKED   (1u << 10)
#define STREAMED_UNASKED (1u << 11)
#define NOT_STREAMED     (1u << 12)
#define STREAMED_LONG    (1u << 13) /* over `stream_limit` bytes were streamed between two fences */

static const char *const fault_names[] = {"torn", "wrong bytes", "unflushed", "flushed twice",
	"flushed clean", "flushed outside", "flushed unasked", "flushed strangely", "unfenced",
	"fenced twice", "fenced unasked", "streamed unasked", "not streamed", "streamed too long"};

struct oracle {
	/* The memory that is watched. Set by the caller. */
	char *dest; /* the destination, in memory that parent and child share */
	size_t len;
	const char *before, *after; /* contents of dest before and after; each byte changes */
	size_t line_size;
	bool words;    /* look for torn words: dest and len are multiples of 8 */
	bool put_back; /* undo each store once it has been seen */
	bool dirty;    /* true if all lines of dest are unflushed before the routine starts */

	/* The instructions that are expected. Set by the caller. */
	enum insn_kind flush; /* the flush instruction; INSN_OTHER: there must be no flush */
	bool fenced;          /* a fence at the end */
	bool streams;         /* non-temporal stores */
	size_t stream_limit;  /* maximum bytes streamed between two fences; 0: only one fence */

	/* The state up to now. Set by oracle_watch(). */
	bool started;
	char seen[ORACLE_BYTES]; /* contents of dest after all stores seen up to now */
	struct {
		bool dirty, flushed;
	} lines[ORACLE_LINES];
	bool drained; /* true if there was no store or flush since the last fence */
	unsigned fences, streamed;
	size_t stream_run; /* bytes streamed to parts of lines since the last fence */
	unsigned faults;
};

/* Names of faults, such as "torn, unfenced", in a buffer that the next call overwrites. */
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

/* Number of cache lines that [dest, dest + len) touches. */
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

/* The part of the destination that is in one cache line, as offsets from `dest`. */
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

/* Finds the bytes that the last instruction has stored. */
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
	/* A store of a whole line does not stay in a write-combining buffer. */
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

/* Returns all faults that were seen. To be called when the routine has returned. */
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
