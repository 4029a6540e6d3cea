/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tuning.c - x86-64: what pays on some processors only
 *
 * A row is here because of a figure, which stands beside it with the processor that it was measured
 * on. bench/engines has a column for each row of the engine in use. The figures, with the row and
 * without it:
 *
 * Intel, Cascade Lake (family 6, model 0x55):
 *	persist_fetches		persist of 1 KiB of which each line was just stored to, 225 ns, not
 *				340. Stores to lines that are in no cache wait for them one after
 *				the other, and the flushes behind them do, too. Up to four lines
 *				are there as soon; the last ones of long ranges may have left the
 *				caches already. flush alone does not wait, and would: 512 bytes to
 *				the same place 220 ns, not 161
 *	move_fetches		lines that are in no cache: copies of 200 bytes 22 ns, not 48, of
 *				1 KiB 98, not 177, of 4 KiB 480, not 590. Where all are near, 2 ns
 *				more. If all lines of 4 KiB were asked for: 390, but near 46, not 37
 *	fetches_ahead_above	in no cache, 64 KiB in 0.58 of the time, 4 MiB in 0.65. Shorter
 *				ranges may be in the first-level cache (4 KiB 51 ns, not 37)
 *	flushes_back		128 bytes to the same place with PMEM2_F_MEM_NODRAIN 139 ns, not
 *				195: the next call's first stores do not wait for the line that was
 *				flushed last
 *	fence_while_streaming	the write-combining buffers take no more lines until they are empty
 *	shunned			CLWB drops the line, too, and takes longer: features.h
 *
 * Intel, family 6, model 207 (two virtual processors), `bench-engines 41 intel`, medians, the row
 * intel and the plain one: store to 1 KiB and persist 235 ns, 265; copies of 256 bytes with
 * TEMPORAL 146, 162; of 4 KiB 667, 718; with NOFLUSH 335, 387. Where nothing is asked for they are
 * the same: persist of 8 bytes 125, 126; copies of 64 bytes 136, 137.
 *
 * AMD gets the plain row, which was not run there. Tried on Zen 3 (EPYC 7003), in turns with the
 * library that ours stands in for: with persist_fetches and the size of a line loaded at each turn,
 * flush and persist of clean lines 0.84 to 0.95 of its speed, copies with TEMPORAL to lines in no
 * cache 0.71 to 0.9; without both, flush walking 1.02 to 1.13, hot 0.94 to 0.99, persist 0.91 to
 * 1.00. What the other fields do there nobody has measured, so none is set.
 */
#include "cpu/x86_64/tuning.h"

#include "cpu/arch.h"

#define INTEL_PAYS                                                                                 \
	.persist_fetches = 1024, .persist_fetches_above = 256, .move_fetches = 1536,               \
	.set_fetches = 768, .fetches_ahead_above = 32 << 10, .fetches_ends = true,                 \
	.flushes_back = 256, .stream_lines = 4, .fence_while_streaming = true

const struct cpu_tuning arch_tunings[] = {
	{.name = "skylake-sp", INTEL_PAYS, .shunned = X86_CLWB, .instead = X86_CLFLUSHOPT},
	{.name = "intel", INTEL_PAYS},
	CPU_TUNING_PLAIN,
	{.name = NULL},
};

const struct cpu_tuning *x86_tuning(const struct x86_id *id)
{
	if (x86_clwb_drops(id))
		return &arch_tunings[0];
	return id->is_intel ? &arch_tunings[1] : &arch_tunings[2];
}
