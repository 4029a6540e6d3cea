/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * x86_decode.h - decode the x86-64 instructions that matter to durability
 *
 *	struct insn insn = insn_decode(code, &regs);
 *
 * recognises flushes, fences and non-temporal stores, and computes their addresses. All others are
 * INSN_OTHER. Source: Intel SDM volume 2; chapter 2 has the prefixes and addressing forms, the
 * page of each instruction its opcode. `regs` must be the registers before the instruction runs.
 *
 * 64-bit mode only. Segments and 32-bit addresses are ignored, as no engine uses them.
 */
#ifndef TEST_UNIT_X86_DECODE_H
#define TEST_UNIT_X86_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum insn_kind {
	INSN_OTHER,
	INSN_CLFLUSH,
	INSN_CLFLUSHOPT,
	INSN_CLWB,
	INSN_FENCE,  /* SFENCE, MFENCE, any instruction with a LOCK prefix */
	INSN_STREAM, /* non-temporal stores: MOVNTI, MOVNTPS, MOVNTPD, MOVNTDQ, MOVNTQ */
	INSN_MOVDIR64B,
};

struct insn {
	enum insn_kind kind;
	uintptr_t addr; /* address of the flush or store */
	uintptr_t from; /* address of the source of MOVDIR64B */
	size_t size;    /* bytes stored */
	size_t length;  /* length in bytes; 0: not determined (INSN_OTHER, or a LOCK prefix) */
};

/* Registers by their numbers in machine code: rax rcx rdx rbx rsp rbp rsi rdi r8 to r15. */
struct insn_regs {
	uint64_t general[16];
	uint64_t rip;
};

/* Prefixes that select an opcode. The values are those of the pp field of VEX and EVEX. */
enum insn_prefix { PREFIX_NONE, PREFIX_66, PREFIX_F3, PREFIX_F2 };

/* State of decoding one instruction; `at` is the next byte to read. */
struct insn_reader {
	const uint8_t *at;
	const struct insn_regs *regs;
	enum insn_prefix prefix;
	bool encoded_wide; /* the instruction has a VEX or EVEX prefix */
	bool w, r, x, b;   /* bits of the REX, VEX or EVEX prefix with these names */
	unsigned map;      /* opcode map: 1 after 0F, 2 after 0F 38, 3 after 0F 3A */
	unsigned opcode;
	size_t vector;   /* bytes of a vector operand */
	size_t disp8_by; /* factor of an 8-bit displacement: 1; with EVEX the vector's size */
	unsigned mod, reg;
	uintptr_t addr;
	bool rip_relative; /* `addr` is relative to the address of the next instruction */
};

static inline uint32_t insn_le32(struct insn_reader *in)
{
	uint32_t value;

	memcpy(&value, in->at, sizeof(value));
	in->at += sizeof(value);
	return value;
}

static inline void insn_read_vex(struct insn_reader *in)
{
	bool three = *in->at++ == 0xc4;
	unsigned low = *in->at++;

	in->encoded_wide = true;
	in->r = !(low & 0x80);
	in->map = 1;
	if (three) {
		in->x = !(low & 0x40);
		in->b = !(low & 0x20);
		in->map = low & 0x1f;
		low = *in->at++;
		in->w = low & 0x80;
	}
	in->vector = low & 4 ? 32 : 16;
	in->prefix = low & 3;
	in->opcode = *in->at++;
}

static inline void insn_read_evex(struct insn_reader *in)
{
	const uint8_t *payload = in->at + 1;

	in->encoded_wide = true;
	in->r = !(payload[0] & 0x80);
	in->x = !(payload[0] & 0x40);
	in->b = !(payload[0] & 0x20);
	in->map = payload[0] & 7;
	in->w = payload[1] & 0x80;
	in->prefix = payload[1] & 3;
	in->vector = (size_t)16 << (payload[2] >> 5 & 3);
	in->disp8_by = in->vector;
	in->opcode = payload[3];
	in->at += 5;
}

static inline void insn_read_legacy(struct insn_reader *in)
{
	if ((*in->at & 0xf0) == 0x40) {
		unsigned rex = *in->at++;
		in->w = rex & 8;
		in->r = rex & 4;
		in->x = rex & 2;
		in->b = rex & 1;
	}
	in->opcode = *in->at++;
	if (in->opcode != 0x0f)
		return; /* opcode map 0, one-byte opcodes: none of them matters to durability */
	in->map = 1;
	in->opcode = *in->at++;
	if (in->opcode == 0x38 || in->opcode == 0x3a) {
		in->map = in->opcode == 0x38 ? 2 : 3;
		in->opcode = *in->at++;
	}
}

/* Reads prefixes and opcode. Returns false at a LOCK prefix: such an instruction is a fence. */
static inline bool insn_read_opcode(struct insn_reader *in)
{
	for (;; in->at++)
		if (*in->at == 0x66)
			in->prefix = PREFIX_66;
		else if (*in->at == 0xf3)
			in->prefix = PREFIX_F3;
		else if (*in->at == 0xf2)
			in->prefix = PREFIX_F2;
		else if (*in->at == 0xf0)
			return false;
		else if (*in->at != 0x2e && *in->at != 0x3e && *in->at != 0x64 && *in->at != 0x65)
			break;
	if (*in->at == 0xc4 || *in->at == 0xc5)
		insn_read_vex(in);
	else if (*in->at == 0x62)
		insn_read_evex(in);
	else
		insn_read_legacy(in);
	return true;
}

/* Reads a SIB byte, and adds base and scaled index to the address. */
static inline void insn_read_sib(struct insn_reader *in)
{
	unsigned sib = *in->at++;
	unsigned base = sib & 7, index = (sib >> 3 & 7) | in->x << 3;

	if (index != 4)
		in->addr += in->regs->general[index] << (sib >> 6);
	if (base == 5 && in->mod == 0)
		in->addr += (uintptr_t)(int32_t)insn_le32(in);
	else
		in->addr += in->regs->general[base | in->b << 3];
}

static inline void insn_read_operands(struct insn_reader *in)
{
	unsigned modrm = *in->at++;
	unsigned rm = modrm & 7;

	in->mod = modrm >> 6;
	in->reg = (modrm >> 3 & 7) | in->r << 3;
	if (in->mod == 3)
		return;
	if (rm == 4) {
		insn_read_sib(in);
	} else if (rm == 5 && in->mod == 0) {
		in->addr = (uintptr_t)(int32_t)insn_le32(in);
		in->rip_relative = true;
	} else {
		in->addr = in->regs->general[rm | in->b << 3];
	}
	if (in->mod == 1)
		in->addr += (uintptr_t)(int8_t)*in->at++ * in->disp8_by;
	else if (in->mod == 2)
		in->addr += (uintptr_t)(int32_t)insn_le32(in);
}

/* Opcode 0F AE: the reg field of ModRM selects one of 8 memory or 8 register instructions. */
static inline enum insn_kind insn_group15(const struct insn_reader *in)
{
	unsigned which = in->reg & 7;

	if (in->mod == 3)
		return in->prefix == PREFIX_NONE && which >= 6 ? INSN_FENCE : INSN_OTHER;
	if (in->prefix == PREFIX_NONE)
		return which == 7 ? INSN_CLFLUSH : INSN_OTHER;
	if (in->prefix == PREFIX_66 && which >= 6)
		return which == 7 ? INSN_CLFLUSHOPT : INSN_CLWB;
	return INSN_OTHER;
}

static inline enum insn_kind insn_classify(const struct insn_reader *in, size_t *size)
{
	if (in->map == 1 && in->opcode == 0xae && !in->encoded_wide)
		return insn_group15(in);
	if (in->mod == 3 || in->prefix > PREFIX_66)
		return INSN_OTHER;
	if (in->map == 1 && (in->opcode == 0x2b || in->opcode == 0xe7)) {
		bool mmx = in->opcode == 0xe7 && in->prefix == PREFIX_NONE;
		*size = mmx ? 8 : in->vector;
		return INSN_STREAM;
	}
	if (in->encoded_wide)
		return INSN_OTHER;
	if (in->map == 1 && in->opcode == 0xc3 && in->prefix == PREFIX_NONE) {
		*size = in->w ? 8 : 4;
		return INSN_STREAM;
	}
	if (in->map == 2 && in->opcode == 0xf8 && in->prefix == PREFIX_66) {
		*size = 64;
		return INSN_MOVDIR64B;
	}
	return INSN_OTHER;
}

/*
 * True for opcodes whose operands are decoded. All other opcodes are INSN_OTHER, with a length of
 * 0.
 */
static inline bool insn_matters(const struct insn_reader *in)
{
	if (in->map == 1)
		return in->opcode == 0xae || in->opcode == 0x2b || in->opcode == 0xe7 ||
		       in->opcode == 0xc3;
	return in->map == 2 && in->opcode == 0xf8;
}

static inline struct insn insn_decode(const void *code, const struct insn_regs *regs)
{
	struct insn_reader in = {.at = code, .regs = regs, .vector = 16, .disp8_by = 1};
	struct insn insn = {.kind = INSN_OTHER};

	if (!insn_read_opcode(&in)) {
		insn.kind = INSN_FENCE;
		return insn;
	}
	if (!insn_matters(&in))
		return insn;
	insn_read_operands(&in);
	insn.kind = insn_classify(&in, &insn.size);
	if (insn.kind == INSN_OTHER)
		return insn;
	insn.length = (size_t)(in.at - (const uint8_t *)code);
	insn.addr = in.addr + (in.rip_relative ? regs->rip + insn.length : 0);
	if (insn.kind == INSN_MOVDIR64B) {
		insn.from = insn.addr;
		insn.addr = regs->general[in.reg];
	}
	return insn;
}

static inline bool insn_flushes(const struct insn *insn)
{
	return insn->kind == INSN_CLFLUSH || insn->kind == INSN_CLFLUSHOPT ||
	       insn->kind == INSN_CLWB;
}

static inline bool insn_streams(const struct insn *insn)
{
	return insn->kind == INSN_STREAM || insn->kind == INSN_MOVDIR64B;
}

#endif
