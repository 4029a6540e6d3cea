/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * registers.c - read the registers of the interrupted instruction from a signal frame
 *
 * The frame has the vector registers in the layout of XSAVE (Intel SDM volume 1, chapter 13), in
 * pieces: bytes 0 to 15 of each register, bytes 16 to 31, and bytes 32 to 63; registers 16 to 31
 * are stored separately and whole.
 */
#include <cpuid.h>
#include <string.h>

#include "libholdfast-trace/x86_64/probes.h"

#define MMX_AT 32u  /* offset of the MMX registers in the saved state; each takes 16 bytes */
#define XMM_AT 160u /* offset of the XMM registers in the saved state; each takes 16 bytes */
/* offset in the saved state of what the kernel says about the extended state */
#define LAYOUT_AT 464u
#define LAYOUT    0x46505853u
/* offset of the mask with a bit for each component; if clear, its registers are zero */
#define PRESENT_AT 512u
#define LEAF       0xdu

enum component { YMM_HIGH = 2, ZMM_HIGH = 6, ZMM_16_TO_31 = 7 };

static unsigned offsets[8];

void registers_begin(void)
{
	unsigned size, unused1, unused2;

	for (unsigned i = YMM_HIGH; i < 8; i++)
		if (!__get_cpuid_count(LEAF, i, &size, &offsets[i], &unused1, &unused2))
			offsets[i] = 0;
}

uint64_t registers_general(const ucontext_t *context, unsigned number)
{
	static const int places[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
		REG_RSI, REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14,
		REG_R15};

	return (uint64_t)context->uc_mcontext.gregs[places[number & 15]];
}

uintptr_t registers_address(const ucontext_t *context, const struct raw_insn *insn, uintptr_t pc)
{
	uint64_t registers[16];

	for (unsigned i = 0; i < 16; i++)
		registers[i] = registers_general(context, i);
	return raw_address(insn, registers, pc);
}

/*
 * Copies a piece of a register. If the frame does not have the component that the piece belongs
 * to, its bytes are zeros.
 */
static void copy_piece(
	const unsigned char *area, enum component component, unsigned at, void *to, size_t length)
{
	uint32_t layout;
	uint64_t present;

	real_memmove(&layout, area + LAYOUT_AT, sizeof(layout));
	real_memmove(&present, area + PRESENT_AT, sizeof(present));
	if (layout == LAYOUT && offsets[component] && present >> component & 1)
		real_memmove(to, area + offsets[component] + at, length);
	else
		real_memset(to, 0, length);
}

static void copy_vector(const unsigned char *area, unsigned number, unsigned char value[64])
{
	if (number >= 16) {
		copy_piece(area, ZMM_16_TO_31, (number - 16) * 64, value, 64);
		return;
	}
	real_memmove(value, area + XMM_AT + number * 16, 16);
	copy_piece(area, YMM_HIGH, number * 16, value + 16, 16);
	copy_piece(area, ZMM_HIGH, number * 32, value + 32, 32);
}

void registers_value(
	const ucontext_t *context, enum raw_file file, unsigned number, void *to, size_t length)
{
	const unsigned char *area = (const unsigned char *)context->uc_mcontext.fpregs;
	unsigned char value[64] = {0};
	uint64_t general;

	if (file == RAW_GENERAL) {
		general = registers_general(context, number);
		real_memmove(value, &general, sizeof(general));
	} else if (area && file == RAW_MMX) {
		real_memmove(value, area + MMX_AT + (number & 7) * 16, 8);
	} else if (area) {
		copy_vector(area, number, value);
	}
	real_memmove(to, value, length);
}
