/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tuning.c - x86-64: settings that pay on some processors only
 *
 * The table has a row of settings for each group of processors. These measurements are the reason
 * for each setting; bench/engines repeats them, and has a column for each row. "22 ns, not 48"
 * means 22 ns with the setting, 48 ns without it.
 *
 * Intel, Cascade Lake (family 6, model 0x55):
 *	persist_fetches		persist of 1 KiB whose lines were all just stored to: 225 ns, not
 *				340. Stores to lines that are in no cache wait for these lines one
 *				after the other, and so do the flushes behind them. Up to four
 *				lines arrive as soon without a prefetch; the last lines of long
 *				ranges may have left the caches already. A flush without a drain
 *				does not wait for the lines, so it does not prefetch, which would
 *				make it wait: 512 bytes rewritten in place take 161 ns without
 *				prefetching, 220 ns with it
 *	move_fetches		lines that are in no cache: copies of 200 bytes 22 ns, not 48; of
 *				1 KiB 98, not 177; of 4 KiB 480, not 590. If all lines are cached, 2
 *				ns more. Prefetching all lines of 4 KiB would take 390 ns uncached,
 *				but 46 cached, not 37
 *	fetches_ahead_above	lines in no cache: 64 KiB in 0.58 of the time, 4 MiB in 0.65.
 *				Shorter ranges may be in the first-level cache (4 KiB: 51 ns,
 *				not 37)
 *	flushes_back		128 bytes rewritten in place with PMEM2_F_MEM_NODRAIN: 139 ns, not
 *				195. The first stores of the next call do not wait for the line that
 *				was flushed last
 *	fence_while_streaming	full write-combining buffers accept no lines until all are drained
 *	shunned			CLWB drops the line like CLFLUSHOPT, and takes longer: features.h
 *
 * Intel, family 6, model 207 (two virtual processors), `bench-engines 41 intel`, medians in ns, the
 * row intel first and the plain row second: store to 1 KiB and persist 235, 265; copies of 256
 * bytes with TEMPORAL 146, 162; of 4 KiB 667, 718; of 4 KiB with NOFLUSH 335, 387. Calls that do
 * not prefetch are equal: persist of 8 bytes 125, 126; copies of 64 bytes 136, 137.
 *
 * The same processor, medians in ns: the row sapphire-rapids first and the row intel second, in
 * turns, beside other work, so that only ratios mean something. Sapphire Rapids has the same core,
 * and therefore gets the same row, but was not measured:
 *	persist_fetches_whole	persist of 2 KiB rewritten in place 469, 521; in no cache 412, 388.
 *				Of 4 KiB: 799, 834; 900, 852. Of 1.5 KiB in no cache: 307, 326
 *				If the last line was flushed before and is not stored to again, it
 *				has to be read from memory: 384 bytes, unaligned, rewritten in place
 *				204, 294
 *	fetches_ahead_above	copies of 32 KiB with NOFLUSH, in no cache 2550, 3360; to the same
 *				place 553, 825. Copies of 8 and 16 KiB gain as much in no cache, and
 *				lose a sixth to the same place if the source is unaligned
 *	stream_groups_above	moving 16 KiB by 64 bytes with memmove 2110, 2610; 256 KiB 32700,
 *				42100; but 4 KiB 1040, 857, so only longer ranges are moved in
 *				groups
 *	stream_lines		copies of 256 bytes that drain, in no cache 139, 191; to the same
 *				place, depending on where it is in memory, 142, 180 or 199, 197; of
 *				384 bytes there 162, 180 or 219, 194, so only shorter ones than five
 *				lines are flushed. Without a drain, 256 bytes in no cache take 38
 *				flushed, but 14 streamed, so stream_lines_nodrain is four
 *	exact_ends_above	moving 4 KiB by 64 bytes with NOFLUSH, unaligned, to the same place
 *				21, 30; 16 KiB 84, 93; copies of 4 KiB, unaligned 31, 35. But 1 KiB
 *				10, 9
 *	flushes_back		not set: 200 bytes rewritten in place with PMEM2_F_MEM_NODRAIN 122,
 *				135; unaligned 150, 191; to other memory 38, 38
 *
 * AMD's processors get the plain row. On Zen 3 (EPYC 7003) only an earlier version of Holdfast was
 * measured. Its speed relative to PMDK's, with persist_fetches and the line size loaded in each
 * iteration: flush and persist of clean lines 0.84 to 0.95, copies with TEMPORAL to lines in no
 * cache 0.71 to 0.9. Without both: flush of new lines 1.02 to 1.13, flush of the same lines 0.94 to
 * 0.99, persist 0.91 to 1.00. The other settings were not measured on AMD, so the plain row has
 * none of them.
 */
#include "cpu/x86_64/tuning.h"

#include "cpu/arch.h"

#define INTEL_PAYS                                                                                 \
	.persist_fetches_above = 256, .move_fetches = 1536, .set_fetches = 768,                    \
	.fetches_ends = true, .fence_while_streaming = true
#define ALL_INTEL                                                                                  \
	INTEL_PAYS, .persist_fetches = 1024, .fetches_ahead_above = 32 << 10, .flushes_back = 256, \
		    .stream_lines = 4, .stream_lines_nodrain = 4, .stream_groups_above = SIZE_MAX, \
		    .exact_ends_above = SIZE_MAX

const struct cpu_tuning arch_tunings[] = {
	{.name = "skylake-sp", ALL_INTEL, .shunned = X86_CLWB, .instead = X86_CLFLUSHOPT},
	{.name = "sapphire-rapids",
		INTEL_PAYS,
		.persist_fetches = 1536,
		.persist_fetches_whole = true,
		.fetches_ahead_above = 16 << 10,
		.stream_lines = 5,
		.stream_lines_nodrain = 4,
		.stream_groups_above = 12 << 10,
		.exact_ends_above = 4095},
	{.name = "intel", ALL_INTEL},
	CPU_TUNING_PLAIN,
	{.name = NULL},
};

/* Sapphire Rapids and Emerald Rapids, which have the same core. */
static bool is_sapphire_rapids(const struct x86_id *id)
{
	unsigned model = x86_intel_model(id);

	return model == 0x8f || model == 0xcf;
}

const struct cpu_tuning *x86_tuning(const struct x86_id *id)
{
	if (x86_clwb_drops(id))
		return &arch_tunings[0];
	if (is_sapphire_rapids(id))
		return &arch_tunings[1];
	return id->is_intel ? &arch_tunings[2] : &arch_tunings[3];
}
