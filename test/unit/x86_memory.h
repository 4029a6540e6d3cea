/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * x86_memory.h - find out whether an x86-64 instruction loads, stores or prefetches memory
 *
 *	unsigned does = insn_memory(code);		such as MEMORY_LOAD | MEMORY_STORE
 *
 * The table of one-byte opcodes lists each opcode that uses memory. Longer opcodes are listed only
 * if they do something else than load. Source: the opcode maps in Intel SDM volume 2, appendix A.
 * The stack counts as memory: a call stores, a return loads. A flush is neither a load nor a store.
 */
#ifndef TEST_UNIT_X86_MEMORY_H
#define TEST_UNIT_X86_MEMORY_H

#include "unit/x86_decode.h"

#define MEMORY_LOAD  1u
#define MEMORY_STORE 2u
#define MEMORY_BOTH  3u
#define MEMORY_FETCH 4u /* a prefetch, such as PREFETCHW */

struct memory_opcodes {
	uint8_t first, last;
	uint8_t does;
	bool without_operand; /* true: uses memory even if ModRM has no memory operand */
};

/*
 * One-byte opcodes that use memory in the same way for each value of ModRM. Opcodes that are not
 * listed do not use memory.
 */
static const struct memory_opcodes memory_one_byte[] = {
	{0x50, 0x57, MEMORY_STORE, true}, {0x58, 0x5f, MEMORY_LOAD, true}, /* push, pop */
	{0x63, 0x63, MEMORY_LOAD, false}, {0x68, 0x68, MEMORY_STORE, true},
	{0x69, 0x69, MEMORY_LOAD, false}, {0x6a, 0x6a, MEMORY_STORE, true},
	{0x6b, 0x6b, MEMORY_LOAD, false}, {0x84, 0x85, MEMORY_LOAD, false},
	{0x86, 0x87, MEMORY_BOTH, false}, {0x88, 0x89, MEMORY_STORE, false}, /* xchg, mov */
	{0x8a, 0x8b, MEMORY_LOAD, false}, {0x8c, 0x8c, MEMORY_STORE, false},
	{0x8e, 0x8e, MEMORY_LOAD, false}, {0x9c, 0x9c, MEMORY_STORE, true},
	{0x9d, 0x9d, MEMORY_LOAD, true}, {0xa4, 0xa5, MEMORY_BOTH, true},  /* movs */
	{0xa6, 0xa7, MEMORY_LOAD, true}, {0xaa, 0xab, MEMORY_STORE, true}, /* cmps, stos */
	{0xac, 0xaf, MEMORY_LOAD, true}, {0xc0, 0xc1, MEMORY_BOTH, false},
	{0xc2, 0xc3, MEMORY_LOAD, true}, {0xc6, 0xc7, MEMORY_STORE, false}, /* ret, mov */
	{0xc9, 0xc9, MEMORY_LOAD, true}, {0xd0, 0xd3, MEMORY_BOTH, false},
	{0xe8, 0xe8, MEMORY_STORE, true}, {0xfe, 0xfe, MEMORY_BOTH, false}, /* call, inc */
};

/* Opcodes after the byte 0F. An opcode that is not listed loads from memory. */
static const struct memory_opcodes memory_two_bytes[] = {
	{0x00, 0x0c, 0, true},
	{0x0d, 0x0d, MEMORY_FETCH, false},
	{0x0e, 0x0f, 0, true},
	{0x11, 0x11, MEMORY_STORE, false},
	{0x13, 0x13, MEMORY_STORE, false},
	{0x17, 0x17, MEMORY_STORE, false},
	{0x18, 0x18, MEMORY_FETCH, false},
	{0x19, 0x1f, 0, false},
	{0x29, 0x29, MEMORY_STORE, false}, /* nop, movaps */
	{0x2b, 0x2b, MEMORY_STORE, false},
	{0x30, 0x37, 0, true},
	{0x77, 0x77, 0, true},
	{0x7f, 0x7f, MEMORY_STORE, false},
	{0x80, 0x8f, 0, true}, /* jcc */
	{0xa0, 0xa0, MEMORY_STORE, true},
	{0xa1, 0xa1, MEMORY_LOAD, true},
	{0xa2, 0xa2, 0, true},
	{0xa4, 0xa5, MEMORY_BOTH, false},
	{0xa8, 0xa8, MEMORY_STORE, true},
	{0xa9, 0xa9, MEMORY_LOAD, true},
	{0xab, 0xad, MEMORY_BOTH, false},
	{0xb0, 0xb1, MEMORY_BOTH, false},
	{0xb3, 0xb3, MEMORY_BOTH, false},
	{0xbb, 0xbb, MEMORY_BOTH, false},
	{0xc0, 0xc1, MEMORY_BOTH, false},
	{0xc3, 0xc3, MEMORY_STORE, false},
	{0xc7, 0xc7, MEMORY_BOTH, false},
	{0xc8, 0xcf, 0, true},
	{0xd6, 0xd6, MEMORY_STORE, false}, /* bswap, movq */
	{0xe7, 0xe7, MEMORY_STORE, false},
};

/*
 * Opcodes after 0F 38 with a VEX or EVEX prefix, and after 0F 3A. An opcode that is not listed
 * loads from memory.
 */
static const struct memory_opcodes memory_wide_38[] = {
	{0x2e, 0x2f, MEMORY_STORE, false}, {0x63, 0x63, MEMORY_STORE, false},
	{0x8a, 0x8b, MEMORY_STORE, false}, {0x8e, 0x8e, MEMORY_STORE, false},
	{0xa0, 0xa3, MEMORY_STORE, false}, /* scatter */
};
static const struct memory_opcodes memory_3a[] = {
	{0x14, 0x17, MEMORY_STORE, false},
	{0x19, 0x19, MEMORY_STORE, false},
	{0x1b, 0x1b, MEMORY_STORE, false},
	{0x1d, 0x1d, MEMORY_STORE, false},
	{0x39, 0x39, MEMORY_STORE, false},
	{0x3b, 0x3b, MEMORY_STORE, false},
};

/* Looks an opcode up. `otherwise`: result for a memory operand if the table lacks the opcode. */
static inline unsigned memory_look_up(const struct memory_opcodes *table, size_t rows,
	const struct insn_reader *in, unsigned otherwise)
{
	bool operand = *in->at >> 6 != 3;

	for (size_t i = 0; i < rows; i++)
		if (in->opcode >= table[i].first && in->opcode <= table[i].last)
			return operand || table[i].without_operand ? table[i].does : 0;
	return operand ? otherwise : 0;
}

#define MEMORY_LOOK_UP(table, in, otherwise)                                                       \
	memory_look_up((table), sizeof(table) / sizeof((table)[0]), (in), (otherwise))

/*
 * Returns how a one-byte opcode uses memory. Handles arithmetic, and opcodes that depend on ModRM's
 * reg field, itself; other opcodes are in the table.
 */
static inline unsigned memory_of_one_byte(const struct insn_reader *in)
{
	bool operand = *in->at >> 6 != 3;
	unsigned which = *in->at >> 3 & 7;

	if (in->opcode < 0x40 && (in->opcode & 7) < 4)
		return !operand                                 ? 0
		       : in->opcode & 2 || in->opcode >> 3 == 7 ? MEMORY_LOAD
								: MEMORY_BOTH;
	if (in->opcode >= 0x80 && in->opcode <= 0x83)
		return !operand ? 0 : which == 7 ? MEMORY_LOAD : MEMORY_BOTH;
	if (in->opcode == 0x8f)
		return operand ? MEMORY_BOTH : MEMORY_LOAD;
	if (in->opcode == 0xf6 || in->opcode == 0xf7)
		return !operand ? 0 : which == 2 || which == 3 ? MEMORY_BOTH : MEMORY_LOAD;
	if (in->opcode == 0xff && which < 2)
		return operand ? MEMORY_BOTH : 0;
	if (in->opcode == 0xff)
		return (which == 2 || which == 6 ? MEMORY_STORE : 0) | (operand ? MEMORY_LOAD : 0);
	return MEMORY_LOOK_UP(memory_one_byte, in, 0);
}

static inline unsigned memory_of_two_bytes(const struct insn_reader *in)
{
	bool operand = *in->at >> 6 != 3;
	unsigned which = *in->at >> 3 & 7;

	if (in->encoded_wide && in->opcode >= 0x90 && in->opcode <= 0x93)
		return !operand ? 0 : in->opcode == 0x91 ? MEMORY_STORE : MEMORY_LOAD; /* kmov */
	if (in->opcode >= 0x90 && in->opcode <= 0x9f)
		return operand ? MEMORY_STORE : 0; /* setcc */
	if (in->opcode == 0x7e)
		return !operand ? 0 : in->prefix == PREFIX_F3 ? MEMORY_LOAD : MEMORY_STORE;
	if (in->opcode == 0xba)
		return !operand ? 0 : which == 4 ? MEMORY_LOAD : MEMORY_BOTH;
	if (in->opcode == 0xae && (!operand || which == 7 || (which == 6 && in->prefix)))
		return 0; /* fences and flushes */
	if (in->opcode == 0xae)
		return which == 1 || which == 2 || which == 5 ? MEMORY_LOAD : MEMORY_STORE;
	return MEMORY_LOOK_UP(memory_two_bytes, in, MEMORY_LOAD);
}

static inline unsigned memory_of_38(const struct insn_reader *in)
{
	if (in->encoded_wide)
		return MEMORY_LOOK_UP(memory_wide_38, in, MEMORY_LOAD);
	if (in->opcode == 0xf8)
		return MEMORY_BOTH;
	if (in->opcode == 0xf9 || (in->opcode == 0xf1 && in->prefix != PREFIX_F2))
		return MEMORY_STORE;
	return *in->at >> 6 != 3 ? MEMORY_LOAD : 0;
}

static inline unsigned insn_memory(const void *code)
{
	struct insn_reader in = {.at = code};

	if (!insn_read_opcode(&in))
		return MEMORY_BOTH; /* a LOCK prefix */
	return in.map == 0   ? memory_of_one_byte(&in)
	       : in.map == 1 ? memory_of_two_bytes(&in)
	       : in.map == 2 ? memory_of_38(&in)
			     : MEMORY_LOOK_UP(memory_3a, &in, MEMORY_LOAD);
}

#endif
