/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trial.h - single-step one call of a copy or fill, and check it against the rules of cpu.h
 *
 *	stepped = stepped_start(MEMORY);
 *	faults = faults_of(&subject, &trial);
 */
#ifndef TEST_UNIT_TRIAL_H
#define TEST_UNIT_TRIAL_H

#include "cpu/cpu.h"
#include "libpmem2/base.h"
#include "unit/oracle.h"
#include "unit/stepped.h"

#define NODRAIN     PMEM2_F_MEM_NODRAIN
#define NONTEMPORAL PMEM2_F_MEM_NONTEMPORAL
#define TEMPORAL    PMEM2_F_MEM_TEMPORAL
#define WC          PMEM2_F_MEM_WC
#define WB          PMEM2_F_MEM_WB
#define NOFLUSH     PMEM2_F_MEM_NOFLUSH

/*
 * Layout of the stepped memory: destinations are at DEST, sources that do not overlap them at SRC.
 */
#define MEMORY (96 * 1024)
#define DEST   (24 * 1024)
#define SRC    (64 * 1024)

/*
 * Place of a copy's source: APART from the destination, or overlapping it from ABOVE or BELOW.
 * SET: a fill, which has no source.
 */
enum shape { APART, ABOVE, BELOW, SET, SHAPES };

struct trial {
	enum shape shape;
	size_t offset;   /* offset of the destination in its cache line */
	size_t distance; /* offset of the source from the destination; if APART, from SRC */
	size_t len;
	unsigned flags;
	int c;
};

/*
 * An engine, and the kind of memory that it is tested for. `line` is set if the CPU's cache is
 * volatile, so that cache lines must be flushed.
 */
struct subject {
	const struct cpu_engine *engine;
	bool line;
};

static struct stepped stepped;
static char before[ORACLE_BYTES], after[ORACLE_BYTES];

static enum insn_kind flush_of(const struct cpu_engine *engine)
{
	if (!strncmp(engine->name, "clwb-", 5) || !strncmp(engine->name, "any_clwb-", 9))
		return INSN_CLWB;
	if (!strncmp(engine->name, "clflushopt-", 11) ||
		!strncmp(engine->name, "any_clflushopt-", 15))
		return INSN_CLFLUSHOPT;
	if (!strncmp(engine->name, "clflush-", 8) || !strncmp(engine->name, "any_clflush-", 12))
		return INSN_CLFLUSH;
	return INSN_OTHER;
}

/*
 * True if some stores of a trial should bypass the caches. Follows the description of the flags,
 * and not the tested code.
 */
static bool should_stream(const struct subject *subject, const struct trial *trial)
{
	bool line = subject->line && subject->engine->flushes;
	size_t head = -trial->offset % 64;
	size_t threshold =
		trial->flags & NODRAIN ? cpu.stream_threshold_nodrain : cpu.stream_threshold;

	if (strstr(subject->engine->name, "-words") || trial->len < head + 64)
		return false; /* the engine has no streaming stores, or the range no whole block */
	if (trial->flags & NOFLUSH)
		return false;
	if (trial->flags & NONTEMPORAL)
		return true;
	if (line && trial->flags & WC)
		return true;
	return line && !(trial->flags & (TEMPORAL | WB)) && trial->len >= threshold;
}

static void expect(struct oracle *o, const struct subject *subject, const struct trial *trial)
{
	bool quiet = trial->flags & NOFLUSH;

	o->line_size = cpu.line_size;
	o->words = trial->offset % 8 == 0 && trial->len % 8 == 0;
	o->put_back = trial->shape == APART || trial->shape == SET;
	o->flush = subject->line && !quiet ? flush_of(subject->engine) : INSN_OTHER;
	o->fenced = !quiet && !(trial->flags & NODRAIN);
	o->streams = should_stream(subject, trial);
	/*
	 * Before a fence, stream at most the bytes that the CPU's 12 write-combining buffers of 64
	 * bytes hold.
	 */
	if (o->streams && cpu.fence_while_streaming)
		o->stream_limit = (size_t)12 * 64;
}

/*
 * Returns the test byte for an offset. Two offsets at a distance that the trials use have
 * different bytes.
 */
static char pattern(size_t at)
{
	return (char)(at * 37 + (at >> 8) * 11);
}

static void fill(size_t start, size_t end)
{
	for (size_t i = start; i < end; i++)
		stepped.memory[i] = pattern(i);
}

/* Fills source and destination; sets `before` and `after` to the destination's contents. */
static void prepare(const struct trial *trial, char *dest, const char *src)
{
	fill(DEST - 128, DEST + 64 + trial->len + 128);
	fill(SRC, SRC + 64 + trial->len);
	if (trial->shape == SET)
		memset(dest, ~trial->c, trial->len);
	else if (trial->shape == APART)
		for (size_t i = 0; i < trial->len; i++)
			dest[i] = (char)~src[i];
	memcpy(before, dest, trial->len);
	if (trial->shape == SET)
		memset(after, trial->c, trial->len);
	else
		memcpy(after, src, trial->len);
	for (size_t i = 0; i < trial->len; i++)
		if (before[i] == after[i])
			bail("distance %zu: a byte that does not change cannot show its store",
				trial->distance);
}

static const char *source_of(const struct trial *trial, const char *dest)
{
	if (trial->shape == ABOVE)
		return dest + trial->distance;
	if (trial->shape == BELOW)
		return dest - trial->distance;
	return stepped.memory + SRC + trial->distance;
}

TAP_UNUSED static unsigned faults_of(const struct subject *subject, const struct trial *trial)
{
	const struct cpu_engine *engine = subject->engine;
	char *dest = stepped.memory + DEST + trial->offset;
	const char *src = source_of(trial, dest);
	struct oracle oracle = {.dest = dest, .len = trial->len, .before = before, .after = after};

	prepare(trial, dest, src);
	expect(&oracle, subject, trial);
	*stepped.job = (struct job){
		.dest = dest, .src = src, .c = trial->c, .len = trial->len, .flags = trial->flags};
	if (trial->shape == SET)
		stepped.job->set = subject->line ? engine->set_line : engine->set_byte;
	else
		stepped.job->move = subject->line ? engine->move_line : engine->move_byte;
	stepped_run(&stepped, oracle_watch, &oracle);
	return oracle_judge(&oracle);
}

#endif
