/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * raw.h - flushes, fences and streaming stores of x86-64, read from machine code
 *
 *	struct raw_insn insn = raw_decode(code, available);
 *	uintptr_t address = raw_address(&insn, registers, pc);
 *
 * The tool decodes the instructions that objdump(1) found. The recorder decodes each once more in
 * memory when it sets a probe, so that a hit only has to add up registers. Sources: Intel SDM
 * volume 2: chapter 2 for prefixes and addressing forms, the page of each instruction for its
 * opcode; AMD's manual for MOVNTSS and MOVNTSD. An encoding that the processor would refuse is
 * RAW_OTHER, as is everything without meaning for durability.
 *
 * test/unit/x86_decode.h decodes the instructions of our own copy engines in tests. It shares no
 * code with this file, so that a mistake here cannot hide a mistake there.
 */
#ifndef TRACE_RAW_H
#define TRACE_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum raw_kind {
	RAW_OTHER,
	RAW_CLFLUSH,
	RAW_CLFLUSHOPT,
	RAW_CLWB,
	RAW_FENCE,     /* SFENCE, MFENCE */
	RAW_STREAM,    /* a register is stored: MOVNTI, MOVDIRI, MOVNTPS and similar */
	RAW_MOVDIR64B, /* 64 bytes are copied from the operand's address to the address in `reg` */
	RAW_MASKED,    /* MASKMOVQ, MASKMOVDQU: the bytes that `mask` selects are stored at RDI */
	RAW_LOCKED,    /* an instruction with LOCK, or XCHG: it acts as a fence, too */
};

/* The kind of registers that the numbers `reg` and `mask` refer to. */
enum raw_file { RAW_GENERAL, RAW_MMX, RAW_VECTOR };

#define RAW_NO_REGISTER (-1)
#define RAW_RIP         (-2) /* the base is RIP, the address of the next instruction */
#define RAW_RDI         7
#define RAW_LONGEST     15 /* longest instruction, in bytes */

struct raw_insn {
	enum raw_kind kind;
	enum raw_file file;
	uint8_t length;     /* length of the instruction in bytes; 0 for RAW_OTHER */
	uint8_t size;       /* number of bytes stored */
	uint8_t reg, mask;  /* register numbers as encoded: rax rcx rdx rbx rsp rbp rsi rdi r8... */
	int8_t base, index; /* a register's number, or RAW_NO_REGISTER or RAW_RIP */
	uint8_t shift;      /* the index is multiplied by 1 << shift */
	int32_t disp;
	uint8_t disp_at;   /* offset of the displacement in the instruction, for base RAW_RIP */
	bool is_narrow;    /* the address is computed with 32 bits */
	bool uses_segment; /* address relative to FS or GS, which raw_address() does not know */
};

/* The bytes of an instruction, and the meaning of its prefixes. */
struct raw_reader {
	const uint8_t *code;
	size_t at, available;
	bool is_over; /* true: a byte behind the last available one was needed */
	bool has_66, has_f2, has_f3, has_lock;
	uint8_t rex;
	bool is_vex, is_evex;
	unsigned prefix; /* mandatory prefix as in VEX and EVEX: 0 none, 1: 66, 2: F3, 3: F2 */
	bool w, r, x, b, r2;
	unsigned map, opcode;
	unsigned vector; /* length of a vector register, in bytes */
	unsigned mod, reg, rm;
};

static inline uint8_t raw_byte(struct raw_reader *in)
{
	if (in->at < in->available)
		return in->code[in->at++];
	in->is_over = true;
	return 0;
}

static inline int32_t raw_disp32(struct raw_reader *in)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < 4; i++)
		value |= (uint32_t)raw_byte(in) << 8 * i;
	return (int32_t)value;
}

/* Reads the rest of a VEX prefix. False: an encoding that no processor executes. */
static inline bool raw_read_vex(struct raw_reader *in, bool has_three)
{
	unsigned low = raw_byte(in);

	in->is_vex = true;
	in->r = !(low & 0x80);
	in->map = 1;
	if (has_three) {
		in->x = !(low & 0x40);
		in->b = !(low & 0x20);
		in->map = low & 0x1f;
		low = raw_byte(in);
		in->w = low & 0x80;
	}
	in->vector = low & 4 ? 32 : 16;
	in->prefix = low & 3;
	in->opcode = raw_byte(in);
	return (low & 0x78) == 0x78; /* true if the instruction has no second source operand */
}

static inline bool raw_read_evex(struct raw_reader *in)
{
	unsigned first = raw_byte(in), second = raw_byte(in), third = raw_byte(in);

	in->is_vex = in->is_evex = true;
	in->r = !(first & 0x80);
	in->x = !(first & 0x40);
	in->b = !(first & 0x20);
	in->r2 = !(first & 0x10);
	in->map = first & 7;
	in->w = second & 0x80;
	in->prefix = second & 3;
	in->vector = 16u << (third >> 5 & 3);
	in->opcode = raw_byte(in);
	/*
	 * Returns true if the instruction has no second source operand, mask, zeroing or
	 * broadcast, and its vector has at most 64 bytes.
	 */
	return !(first & 8) && (second & 0x7c) == 0x7c && (third & 0x9f) == 8 && in->vector <= 64;
}

static inline void raw_use_rex(struct raw_reader *in)
{
	in->w = in->rex & 8;
	in->r = in->rex & 4;
	in->x = in->rex & 2;
	in->b = in->rex & 1;
}

static inline bool raw_read_legacy(struct raw_reader *in, unsigned opcode)
{
	raw_use_rex(in);
	in->prefix = in->has_f2 ? 3 : in->has_f3 ? 2 : in->has_66 ? 1 : 0;
	in->vector = 16;
	if (opcode != 0x0f)
		return false;
	in->map = 1;
	in->opcode = raw_byte(in);
	if (in->opcode == 0x38) {
		in->map = 2;
		in->opcode = raw_byte(in);
	}
	return true;
}

/*
 * Reads all prefixes and returns the byte behind them. A REX prefix counts only if it is the last.
 */
static inline unsigned raw_read_prefixes(struct raw_reader *in, struct raw_insn *insn)
{
	for (;;) {
		unsigned byte = raw_byte(in);
		if ((byte & 0xf0) == 0x40) {
			in->rex = (uint8_t)byte;
			return raw_byte(in);
		}
		if (byte == 0x66)
			in->has_66 = true;
		else if (byte == 0xf2)
			in->has_f2 = true, in->has_f3 = false;
		else if (byte == 0xf3)
			in->has_f3 = true, in->has_f2 = false;
		else if (byte == 0xf0)
			in->has_lock = true;
		else if (byte == 0x67)
			insn->is_narrow = true;
		else if (byte == 0x64 || byte == 0x65)
			insn->uses_segment = true;
		else if (byte != 0x26 && byte != 0x2e && byte != 0x36 && byte != 0x3e)
			return byte;
	}
}

static inline bool raw_read_opcode(struct raw_reader *in, unsigned byte)
{
	if (byte != 0xc4 && byte != 0xc5 && byte != 0x62)
		return raw_read_legacy(in, byte);
	if (in->has_66 || in->has_f2 || in->has_f3 || in->rex)
		return false;
	return byte == 0x62 ? raw_read_evex(in) : raw_read_vex(in, byte == 0xc4);
}

static inline void raw_read_sib(struct raw_reader *in, struct raw_insn *insn)
{
	unsigned sib = raw_byte(in);
	unsigned index = (sib >> 3 & 7) | (unsigned)in->x << 3;

	if (index != 4) {
		insn->index = (int8_t)index;
		insn->shift = (uint8_t)(sib >> 6);
	}
	if ((sib & 7) == 5 && in->mod == 0)
		insn->disp = raw_disp32(in);
	else
		insn->base = (int8_t)((sib & 7) | (unsigned)in->b << 3);
}

static inline void raw_read_operands(struct raw_reader *in, struct raw_insn *insn)
{
	unsigned modrm = raw_byte(in);

	in->mod = modrm >> 6;
	in->reg = (modrm >> 3 & 7) | (unsigned)in->r << 3 | (unsigned)in->r2 << 4;
	in->rm = (modrm & 7) | (unsigned)in->b << 3;
	insn->base = insn->index = RAW_NO_REGISTER;
	if (in->mod == 3)
		return;
	if ((modrm & 7) == 4) {
		raw_read_sib(in, insn);
	} else if ((modrm & 7) == 5 && in->mod == 0) {
		insn->base = RAW_RIP;
		insn->disp_at = (uint8_t)in->at;
		insn->disp = raw_disp32(in);
	} else {
		insn->base = (int8_t)in->rm;
	}
	/* EVEX counts an 8-bit displacement in units of the vector length. */
	if (in->mod == 1)
		insn->disp = (int8_t)raw_byte(in) * (in->is_evex ? (int32_t)in->vector : 1);
	else if (in->mod == 2)
		insn->disp = raw_disp32(in);
}

/* Opcode 0F AE: group 15, in which the ModRM byte's reg field selects the instruction. */
static inline enum raw_kind raw_group15(const struct raw_reader *in)
{
	unsigned which = in->reg & 7;

	if (in->is_vex)
		return RAW_OTHER;
	if (in->mod == 3)
		return in->prefix == 0 && which >= 6 && !(in->rm & 7) ? RAW_FENCE : RAW_OTHER;
	if (in->prefix == 0)
		return which == 7 ? RAW_CLFLUSH : RAW_OTHER;
	if (in->prefix == 1 && which >= 6)
		return which == 7 ? RAW_CLFLUSHOPT : RAW_CLWB;
	return RAW_OTHER;
}

static inline enum raw_kind raw_stream(
	struct raw_insn *insn, enum raw_file file, unsigned reg, unsigned size)
{
	insn->file = file;
	insn->reg = (uint8_t)(file == RAW_MMX ? reg & 7 : reg);
	insn->size = (uint8_t)size;
	return RAW_STREAM;
}

/* MOVNTPS, MOVNTPD, and AMD's MOVNTSS and MOVNTSD. */
static inline enum raw_kind raw_floats(const struct raw_reader *in, struct raw_insn *insn)
{
	if (in->is_vex && in->prefix > 1)
		return RAW_OTHER;
	if (in->is_evex && in->w != (in->prefix == 1))
		return RAW_OTHER;
	return raw_stream(insn, RAW_VECTOR, in->reg,
		in->prefix == 3   ? 8
		: in->prefix == 2 ? 4
				  : in->vector);
}

/* MOVNTQ and MOVNTDQ. */
static inline enum raw_kind raw_integers(const struct raw_reader *in, struct raw_insn *insn)
{
	if (in->prefix > 1 || (in->is_vex && in->prefix != 1) || (in->is_evex && in->w))
		return RAW_OTHER;
	return in->prefix == 0 ? raw_stream(insn, RAW_MMX, in->reg, 8)
			       : raw_stream(insn, RAW_VECTOR, in->reg, in->vector);
}

static inline enum raw_kind raw_masked(const struct raw_reader *in, struct raw_insn *insn)
{
	bool is_mmx = in->prefix == 0;

	if (in->prefix > 1 || in->is_evex || (in->is_vex && (is_mmx || in->vector != 16)))
		return RAW_OTHER;
	raw_stream(insn, is_mmx ? RAW_MMX : RAW_VECTOR, in->reg, is_mmx ? 8 : 16);
	insn->mask = (uint8_t)(is_mmx ? in->rm & 7 : in->rm);
	insn->base = RAW_RDI;
	return RAW_MASKED;
}

/* Classifies opcodes of the maps 0F and 0F 38 that have a memory operand. */
static inline enum raw_kind raw_classify(const struct raw_reader *in, struct raw_insn *insn)
{
	bool is_long_map = in->map == 2;

	if (in->mod == 3 || in->map > 2)
		return RAW_OTHER;
	if (!is_long_map && in->opcode == 0x2b)
		return raw_floats(in, insn);
	if (!is_long_map && in->opcode == 0xe7)
		return raw_integers(in, insn);
	if (in->is_vex)
		return RAW_OTHER;
	if (in->prefix == 0 && in->opcode == (is_long_map ? 0xf9 : 0xc3))
		return raw_stream(insn, RAW_GENERAL, in->reg, in->w ? 8 : 4);
	if (is_long_map && in->prefix == 1 && in->opcode == 0xf8) {
		raw_stream(insn, RAW_GENERAL, in->reg, 64);
		return RAW_MOVDIR64B;
	}
	return RAW_OTHER;
}

static inline bool raw_matters(const struct raw_reader *in)
{
	unsigned opcode = in->opcode;

	if (in->map == 1)
		return opcode == 0xae || opcode == 0x2b || opcode == 0xe7 || opcode == 0xc3 ||
		       opcode == 0xf7;
	return in->map == 2 && (opcode == 0xf8 || opcode == 0xf9);
}

/*
 * The number of immediate bytes behind the operand of a locked instruction; -1: LOCK is not
 * allowed with this opcode.
 */
static inline int raw_locked_immediate(const struct raw_reader *in)
{
	unsigned opcode = in->opcode, which = in->reg & 7;

	if (in->map)
		return opcode == 0xab || opcode == 0xb3 || opcode == 0xbb ||
				       (opcode & 0xfe) == 0xb0 || (opcode & 0xfe) == 0xc0 ||
				       (opcode == 0xc7 && which == 1)
			       ? 0
		       : opcode == 0xba && which >= 5 ? 1
						      : -1;
	if (opcode < 0x38 && !(opcode & 6))
		return 0;
	if (opcode == 0x80 || opcode == 0x83)
		return which < 7 ? 1 : -1;
	if (opcode == 0x81)
		return which == 7 ? -1 : in->has_66 && !in->w ? 2 : 4;
	if ((opcode & 0xfe) == 0xfe)
		return which < 2 ? 0 : -1;
	if ((opcode & 0xfe) == 0xf6)
		return which == 2 || which == 3 ? 0 : -1;
	return (opcode & 0xfe) == 0x86 ? 0 : -1;
}

/*
 * Decodes the rest of an instruction with LOCK, from behind its prefixes; or XCHG, which locks
 * without the prefix.
 */
static inline struct raw_insn raw_decode_locked(
	struct raw_reader *in, struct raw_insn insn, unsigned opcode)
{
	raw_use_rex(in);
	in->map = opcode == 0x0f;
	in->opcode = in->map ? raw_byte(in) : opcode;
	raw_read_operands(in, &insn);
	int immediate = raw_locked_immediate(in);
	for (int i = 0; i < immediate; i++)
		raw_byte(in);
	if (immediate < 0 || in->mod == 3 || in->is_over)
		return (struct raw_insn){.kind = RAW_OTHER};
	insn.kind = RAW_LOCKED;
	insn.length = (uint8_t)in->at;
	return insn;
}

/* Decodes the instruction that begins at `code`. Reads at most `available` bytes. */
static inline struct raw_insn raw_decode(const uint8_t *code, size_t available)
{
	struct raw_reader in = {
		.code = code, .available = available < RAW_LONGEST ? available : RAW_LONGEST};
	struct raw_insn insn = {.kind = RAW_OTHER};
	unsigned byte = raw_read_prefixes(&in, &insn);

	if (in.has_lock || byte == 0x86 || byte == 0x87)
		return raw_decode_locked(&in, insn, byte);
	if (!raw_read_opcode(&in, byte) || !raw_matters(&in))
		return (struct raw_insn){.kind = RAW_OTHER};
	raw_read_operands(&in, &insn);
	if (in.map == 1 && in.opcode == 0xae)
		insn.kind = raw_group15(&in);
	else if (in.map == 1 && in.opcode == 0xf7 && in.mod == 3)
		insn.kind = raw_masked(&in, &insn);
	else
		insn.kind = raw_classify(&in, &insn);
	if (insn.kind == RAW_OTHER || in.is_over)
		return (struct raw_insn){.kind = RAW_OTHER};
	insn.length = (uint8_t)in.at;
	return insn;
}

/*
 * The operand's address. `registers`: values in the order of their numbers; `pc`: address of the
 * instruction itself.
 */
static inline uintptr_t raw_address(
	const struct raw_insn *insn, const uint64_t registers[16], uintptr_t pc)
{
	uint64_t address = (uint64_t)(int64_t)insn->disp;

	if (insn->base == RAW_RIP)
		address += pc + insn->length;
	else if (insn->base != RAW_NO_REGISTER)
		address += registers[insn->base];
	if (insn->index != RAW_NO_REGISTER)
		address += registers[insn->index] << insn->shift;
	return insn->is_narrow ? (uint32_t)address : address;
}

/* True if the stores of the instruction need a later fence to become durable. */
static inline bool raw_wants_fence(const struct raw_insn *insn)
{
	return insn->kind == RAW_CLFLUSHOPT || insn->kind == RAW_CLWB || insn->kind == RAW_STREAM ||
	       insn->kind == RAW_MOVDIR64B || insn->kind == RAW_MASKED;
}

/*
 * True if these bytes may be the opcode of an instruction of enum raw_kind, except a locked one. A
 * fast filter, which also returns true for many other bytes: code for which it returns false at
 * all addresses needs no disassembly. Reads up to four bytes.
 */
static inline bool raw_may_be(const uint8_t *code)
{
	bool is_register = code[2] >= 0xc0;

	if (code[0] == 0x0f && code[1] == 0x38)
		return code[2] == 0xf8 || code[2] == 0xf9;
	if (code[0] == 0x0f)
		return code[1] == 0xae ? (code[2] & 0x30) == 0x30
		       : code[1] == 0xf7
			       ? is_register
			       : (code[1] == 0x2b || code[1] == 0xe7 || code[1] == 0xc3) &&
					 !is_register;
	/* VEX of two bytes, VEX of three bytes, and EVEX: the opcode is behind the prefix */
	if (code[0] == 0xc5)
		return (code[1] & 0x78) == 0x78 &&
		       (code[2] == 0x2b || code[2] == 0xe7 || code[2] == 0xf7);
	if (code[0] == 0xc4)
		return (code[1] & 0x1f) == 1 && (code[2] & 0x78) == 0x78 &&
		       (code[3] == 0x2b || code[3] == 0xe7 || code[3] == 0xf7);
	return code[0] == 0x62 && (code[1] & 0xf) == 1 && (code[2] & 0x7e) == 0x7c &&
	       (code[3] & 0x9f) == 8;
}

#endif
