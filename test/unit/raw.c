/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * raw.c - compare raw_decode(), a decoder of x86-64 instructions, with objdump(1)
 *
 * Prefixes, opcodes and operands are combined in every way, sensible or not, and each combination
 * is put into a slot of its own. The disassembly of each slot is parsed, and compared member by
 * member with what raw_decode() returns.
 */
#include "trace/raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#define SLOT  32u
#define SLOTS (1u << 17)

static unsigned char code[SLOTS * SLOT];
static unsigned count;
static unsigned wrong, known, strangers;

static void add(const unsigned char *bytes, size_t length)
{
	static const unsigned char disp[] = {0xf8, 0x12, 0x34, 0x81};
	/*
	 * A NOP that ends each slot: objdump disassembles all slots in one go, and must not read an
	 * instruction that extends from one slot into the next.
	 */
	static const unsigned char nop[] = {0x66, 0x0f, 0x1f, 0x44, 0, 0};

	if (count == SLOTS)
		abort();
	unsigned char *slot = &code[count++ * SLOT];
	memcpy(slot, bytes, length);
	memcpy(slot + length, disp, sizeof(disp));
	memcpy(slot + SLOT - sizeof(nop), nop, sizeof(nop));
}

/* ---- encodings to try */

static void add_operands(const unsigned char *start, size_t length)
{
	unsigned char bytes[RAW_LONGEST + 8];

	memcpy(bytes, start, length);
	for (unsigned modrm = 0; modrm < 256; modrm++) {
		bytes[length] = (unsigned char)modrm;
		if ((modrm & 7) != 4 || modrm >= 0xc0) {
			add(bytes, length + 1);
			continue;
		}
		/*
		 * SIB bytes: each index register and each scale once, with varying base registers.
		 */
		for (unsigned i = 0; i < 8; i++) {
			bytes[length + 1] =
				(unsigned char)(i * 8 + i * 64 + ((i * 5 + modrm / 8) & 7));
			add(bytes, length + 2);
		}
	}
}

static void add_legacy(void)
{
	static const char *const opcodes[] = {"\x0f\xae", "\x0f\x2b", "\x0f\xe7", "\x0f\xc3",
		"\x0f\xf7", "\x0f\x38\xf8", "\x0f\x38\xf9"};
	static const char *const prefixes[] = {"", "\x66", "\xf2", "\xf3", "\x67", "\x64", "\x3e",
		"\x48", "\x45", "\x42", "\x66\x41", "\x66\x4f", "\xf3\x66", "\x66\x67\x44",
		"\x48\x66", "\x65\x66", "\xf0", "\xf2\x48"};
	unsigned char bytes[16];

	for (size_t o = 0; o < sizeof(opcodes) / sizeof(opcodes[0]); o++)
		for (size_t p = 0; p < sizeof(prefixes) / sizeof(prefixes[0]); p++) {
			size_t length = strlen(prefixes[p]);
			memcpy(bytes, prefixes[p], length);
			memcpy(bytes + length, opcodes[o], strlen(opcodes[o]));
			add_operands(bytes, length + strlen(opcodes[o]));
		}
}

static void add_locked(void)
{
	static const unsigned char one[] = {0x00, 0x01, 0x09, 0x11, 0x18, 0x21, 0x29, 0x31, 0x39,
		0x03, 0x80, 0x81, 0x83, 0x86, 0x87, 0x88, 0xf6, 0xf7, 0xfe, 0xff};
	static const unsigned char two[] = {
		0xab, 0xb3, 0xbb, 0xba, 0xb0, 0xb1, 0xc0, 0xc1, 0xc7, 0xaf};
	static const char *const prefixes[] = {"\xf0", "\xf0\x66", "\xf0\x4a", "\xf0\x65\x41"};
	unsigned char bytes[16];

	for (size_t p = 0; p < sizeof(prefixes) / sizeof(prefixes[0]); p++) {
		size_t length = strlen(prefixes[p]);
		memcpy(bytes, prefixes[p], length);
		for (size_t o = 0; o < sizeof(one); o++) {
			bytes[length] = one[o];
			add_operands(bytes, length + 1);
		}
		bytes[length] = 0x0f;
		for (size_t o = 0; o < sizeof(two); o++) {
			bytes[length + 1] = two[o];
			add_operands(bytes, length + 2);
		}
	}
	for (unsigned opcode = 0x86; opcode < 0x88; opcode++) {
		bytes[0] = (unsigned char)opcode;
		add_operands(bytes, 1);
	}
}

static const unsigned char wide_opcodes[] = {0x2b, 0xe7, 0xf7, 0xae, 0xc3};

static void add_vex(void)
{
	for (size_t o = 0; o < sizeof(wide_opcodes); o++)
		for (unsigned low = 0x78; low < 0x80; low++) {
			unsigned char opcode = wide_opcodes[o];
			unsigned char two[] = {0xc5, (unsigned char)(low | 0x80), opcode};
			add_operands(two, sizeof(two));
			for (unsigned high = 0; high < 8; high++) {
				unsigned char three[] = {0xc4, (unsigned char)(high << 5 | 1),
					(unsigned char)(low | (high & 1) << 7), opcode,
					(unsigned char)(0x44 + high), 0x88};
				add(three, sizeof(three));
				three[4] ^= 0x80;
				add(three, sizeof(three));
			}
		}
}

static void add_evex(void)
{
	for (size_t o = 0; o < 2; o++)
		for (unsigned first = 1; first < 256; first += 16)
			for (unsigned second = 0x7c; second < 0x7f; second++)
				for (unsigned third = 8; third < 0x80; third += 0x20) {
					unsigned char bytes[] = {0x62, (unsigned char)first,
						(unsigned char)(second | (second & 1) << 7),
						(unsigned char)third, wide_opcodes[o],
						(unsigned char)(first >> 1 & 0xb8)};
					/* a register holds the address of the operand */
					add(bytes, sizeof(bytes));
					bytes[2] ^= 0x80;
					bytes[5] |= 0x44;
					bytes[5] = (unsigned char)(bytes[5] &
								   ~0x80); /* 8-bit displacement */
					add(bytes, sizeof(bytes));
					bytes[3] |= 1; /* with a mask register */
					add(bytes, sizeof(bytes));
				}
}

/* ---- parsing objdump's text */

static const char *const general[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};

static int register_number(const char *name, size_t length)
{
	if (length >= 2 && name[0] == 'r' && name[1] >= '0' && name[1] <= '9')
		return atoi(name + 1);
	for (int i = 0; i < 8; i++)
		if (length == 3 && !strncmp(name + 1, general[i], 2))
			return i;
	if (length == 3 && !strncmp(name + 1, "ip", 2))
		return RAW_RIP;
	return RAW_NO_REGISTER; /* "riz", "eiz": objdump's names for a missing index */
}

/* Parses DISP(BASE,INDEX,SCALE), with an optional segment before it. */
static void read_memory(const char *text, struct raw_insn *insn)
{
	const char *colon = strchr(text, ':');

	insn->uses_segment = colon && (!strncmp(text, "%fs", 3) || !strncmp(text, "%gs", 3));
	if (colon)
		text = colon + 1;
	bool is_negative = *text == '-';
	insn->base = insn->index = RAW_NO_REGISTER;
	uint64_t disp = *text == '(' ? 0 : strtoull(text + is_negative, (char **)&text, 16);
	insn->disp = (int32_t)(is_negative ? -disp : disp);
	for (unsigned i = 0; *text == '(' || (i && *text == ','); i++) {
		text++;
		size_t length = strcspn(text, ",)");
		if (*text == '%') {
			int number = register_number(text + 1, length - 1);
			*(i ? &insn->index : &insn->base) = (int8_t)number;
			insn->is_narrow = text[1] == 'e' || text[length - 1] == 'd';
		} else if (i == 2 && insn->index != RAW_NO_REGISTER) {
			insn->shift = *text == '1' ? 0 : *text == '2' ? 1 : *text == '4' ? 2 : 3;
		}
		text += length;
	}
}

static void read_register(const char *text, struct raw_insn *insn)
{
	static const char *const names[] = {"%mm", "%xmm", "%ymm", "%zmm"};

	for (unsigned i = 0; i < 4; i++)
		if (!strncmp(text, names[i], strlen(names[i]))) {
			insn->file = i ? RAW_VECTOR : RAW_MMX;
			insn->reg = (uint8_t)atoi(text + strlen(names[i]));
			insn->size = (uint8_t)(i ? 8 << i : 8);
			return;
		}
	size_t length = strcspn(text, ", ");
	insn->file = RAW_GENERAL;
	insn->reg = (uint8_t)register_number(text + 1, length - 1);
	insn->size = text[1] == 'e' || text[length - 1] == 'd' ? 4 : 8;
}

static enum raw_kind kind_of(const char *word)
{
	static const struct {
		const char *word;
		enum raw_kind kind;
	} words[] = {{"clflush", RAW_CLFLUSH}, {"clflushopt", RAW_CLFLUSHOPT}, {"clwb", RAW_CLWB},
		{"sfence", RAW_FENCE}, {"mfence", RAW_FENCE}, {"movnti", RAW_STREAM},
		{"movntq", RAW_STREAM}, {"movntps", RAW_STREAM}, {"movntpd", RAW_STREAM},
		{"movntdq", RAW_STREAM}, {"movntss", RAW_STREAM}, {"movntsd", RAW_STREAM},
		{"vmovntps", RAW_STREAM}, {"vmovntpd", RAW_STREAM}, {"vmovntdq", RAW_STREAM},
		{"movdiri", RAW_STREAM}, {"movdir64b", RAW_MOVDIR64B}, {"maskmovq", RAW_MASKED},
		{"maskmovdqu", RAW_MASKED}, {"vmaskmovdqu", RAW_MASKED}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i].word))
			return words[i].kind;
	return RAW_OTHER;
}

/*
 * True for the name of an instruction that may have a "lock" prefix. The name may end with a size
 * suffix.
 */
static bool is_lockable(const char *word)
{
	static const char *const words[] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "inc",
		"dec", "not", "neg", "bts", "btr", "btc", "cmpxchg", "cmpxchg8b", "cmpxchg16b",
		"xadd", "xchg"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t length = strlen(words[i]);
		if (!strncmp(word, words[i], length) &&
			(!word[length] || (strchr("bwlq", word[length]) && !word[length + 1])))
			return true;
	}
	return false;
}

static const char *second_operand(const char *text)
{
	const char *parenthesis = strchr(text, '(');
	const char *comma = strchr(text, ',');

	if (parenthesis && comma && parenthesis < comma)
		comma = strchr(strchr(text, ')'), ',');
	return comma ? comma + 1 : text;
}

static void read_operands(const char *word, const char *text, struct raw_insn *insn)
{
	const char *second = second_operand(text);

	if (insn->kind == RAW_MASKED) { /* a masked store has two operands: mask and value */
		read_register(text, insn);
		insn->mask = insn->reg;
		read_register(second, insn);
		insn->base = RAW_RDI;
		insn->index = RAW_NO_REGISTER;
	} else if (insn->kind == RAW_MOVDIR64B) {
		read_memory(text, insn);
		read_register(second, insn);
		insn->size = 64;
	} else if (insn->kind == RAW_STREAM) {
		read_register(text, insn);
		read_memory(second, insn);
		if (!strcmp(word, "movntss") || !strcmp(word, "movntsd"))
			insn->size = word[6] == 's' && word[5] == 's' ? 4 : 8;
	} else if (insn->kind == RAW_LOCKED) {
		read_memory(second, insn);
	} else if (insn->kind != RAW_FENCE) {
		read_memory(text, insn);
	} else {
		insn->base = insn->index = RAW_NO_REGISTER;
	}
}

/* Parses the bytes and the instruction of one line of objdump's output. */
static struct raw_insn read_text(char *bytes, char *text)
{
	static const char *const prefixes[] = {
		"data16", "addr32", "cs", "ds", "es", "ss", "fs", "gs", "{evex}"};
	struct raw_insn insn = {.kind = RAW_OTHER};
	char *word = strtok(text, " ");
	bool is_prefix = true, is_locked = false;

	while (word && is_prefix) {
		is_prefix = !strncmp(word, "rex", 3) || !strcmp(word, "lock");
		is_locked |= !strcmp(word, "lock");
		for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
			is_prefix = is_prefix || !strcmp(word, prefixes[i]);
		insn.uses_segment |= !strcmp(word, "fs") || !strcmp(word, "gs");
		insn.is_narrow |= !strcmp(word, "addr32");
		if (is_prefix)
			word = strtok(NULL, " ");
	}
	insn.kind = word ? kind_of(word) : RAW_OTHER;
	char *operands = strtok(NULL, " ");
	bool is_xchg = word && !strncmp(word, "xchg", 4);
	const char *second = operands ? second_operand(operands) : "";
	if (word && (is_locked || is_xchg) && is_lockable(word) &&
		(second[0] != '%' || strchr(second, ':')))
		insn.kind = RAW_LOCKED;
	else if (is_locked)
		insn.kind = RAW_OTHER;
	if (insn.kind == RAW_OTHER)
		return insn;
	struct raw_insn prefix = insn;
	read_operands(word, operands ? operands : "", &insn);
	insn.uses_segment |= prefix.uses_segment;
	insn.is_narrow |= prefix.is_narrow;
	for (; *bytes; bytes += strcspn(bytes, " "), bytes += strspn(bytes, " "))
		insn.length++;
	return insn;
}

static bool are_equal(const struct raw_insn *a, const struct raw_insn *b)
{
	if (a->kind != b->kind || a->length != b->length)
		return false;
	if (a->kind == RAW_OTHER || a->kind == RAW_FENCE)
		return true;
	return a->file == b->file && a->size == b->size && a->reg == b->reg && a->mask == b->mask &&
	       a->base == b->base && a->index == b->index && a->shift == b->shift &&
	       a->disp == b->disp && a->is_narrow == b->is_narrow &&
	       a->uses_segment == b->uses_segment;
}

static void print(const char *who, const struct raw_insn *insn)
{
	printf("# %s: kind %d file %d length %d size %d reg %d mask %d base %d index %d shift %d disp %#x narrow %d segment %d\n",
		who, insn->kind, insn->file, insn->length, insn->size, insn->reg, insn->mask,
		insn->base, insn->index, insn->shift, (unsigned)insn->disp, insn->is_narrow,
		insn->uses_segment);
}

/*
 * True for instructions that objdump prints although CPUs reject them: the withdrawn PCOMMIT, and
 * some uses of mask registers.
 */
static bool is_refused(const char *line)
{
	return (strstr(line, "data16") && strstr(line, "sfence")) || strstr(line, "{%k");
}

static void compare(unsigned slot, char *bytes, char *text)
{
	struct raw_insn ours = raw_decode(&code[slot * SLOT], SLOT);
	char line[256];

	snprintf(line, sizeof(line), "%s: %s", bytes, text);
	struct raw_insn theirs = strstr(text, "(bad)") ? (struct raw_insn){.kind = RAW_OTHER}
						       : read_text(bytes, text);
	known += theirs.kind != RAW_OTHER;
	strangers += theirs.kind == RAW_OTHER;
	if (are_equal(&ours, &theirs) || (ours.kind == RAW_OTHER && is_refused(line)))
		return;
	if (wrong++ < 8) {
		printf("# %s\n", line);
		print("objdump", &theirs);
		print("decoder", &ours);
	}
}

static void read_output(FILE *from)
{
	char line[512];

	while (fgets(line, sizeof(line), from)) {
		char *end, *bytes = strchr(line, '\t');
		unsigned long address = strtoul(line, &end, 16);
		char *text = bytes ? strchr(bytes + 1, '\t') : NULL;
		if (*end != ':' || !text || address % SLOT)
			continue;
		*text = '\0';
		text[1 + strcspn(text + 1, "#<\n")] = '\0';
		compare((unsigned)(address / SLOT), bytes + 1, text + 1);
	}
}

static void test_against_objdump(void)
{
	char name[] = "/tmp/unit-raw.XXXXXX", command[128];
	int fd = mkstemp(name);

	add_legacy();
	add_locked();
	add_vex();
	add_evex();
	ok(fd >= 0 && write(fd, code, count * SLOT) == (ssize_t)(count * SLOT),
		"raw_decode: %u encodings are written to a file", count);
	snprintf(command, sizeof(command), "objdump -D -w -b binary -m i386:x86-64 %s", name);
	FILE *from = popen(command, "r");
	read_output(from);
	ok(!pclose(from) && known + strangers == count, "objdump: disassembles all encodings");
	ok(known > 20000 && strangers > 10000,
		"raw_decode: knows the instruction of %u encodings, and not that of %u others",
		known, strangers);
	ok(!wrong, "raw_decode: agrees with objdump on all encodings (%u differ)", wrong);
	unlink(name);
	close(fd);
}

/* Tests an instruction whose last bytes are beyond the end of the buffer. */
static void test_end(void)
{
	static const uint8_t clwb[] = {0x66, 0x42, 0x0f, 0xae, 0xb4, 0x8a, 1, 2, 3, 4};
	unsigned whole = 0;

	for (size_t i = 0; i <= sizeof(clwb); i++)
		whole += raw_decode(clwb, i).kind == RAW_CLWB;
	ok(whole == 1 && raw_decode(clwb, sizeof(clwb)).length == sizeof(clwb),
		"raw_decode: a truncated instruction is not decoded");
}

static void test_address(void)
{
	uint64_t registers[16];
	struct raw_insn insn = {.base = 3, .index = 12, .shift = 3, .disp = -8, .length = 5};

	for (unsigned i = 0; i < 16; i++)
		registers[i] = UINT64_C(0x100000001) * (i + 1);
	ok(raw_address(&insn, registers, 0) == UINT64_C(0x100000001) * (4 + 8 * 13) - 8,
		"raw_address: base, scaled index and displacement add up");
	insn.is_narrow = true;
	ok(raw_address(&insn, registers, 0) == 4 + 8 * 13 - 8,
		"raw_address: an address computed from 32-bit registers is truncated to 32 bits");
	insn = (struct raw_insn){
		.base = RAW_RIP, .index = RAW_NO_REGISTER, .disp = 16, .length = 7};
	ok(raw_address(&insn, registers, 0x1000) == 0x1017,
		"raw_address: an RIP-relative address counts from the next instruction");
}

/* raw_may_be(), a quick test of a byte, must be true for each opcode that raw_decode() knows. */
static void test_may_be(void)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < count; i++) {
		const unsigned char *slot = &code[i * SLOT];
		bool may = false;
		struct raw_insn insn = raw_decode(slot, SLOT);
		for (unsigned at = 0; at < insn.length; at++)
			may |= raw_may_be(slot + at);
		passed += insn.kind != RAW_OTHER && insn.kind != RAW_LOCKED && !may;
	}
	ok(!passed,
		"raw_may_be: returns true for every instruction that raw_decode knows (%u exceptions)",
		passed);
}

int main(void)
{
	if (!system("objdump --version >/dev/null 2>&1"))
		test_against_objdump();
	else
		skip("raw_decode: agrees with objdump on all encodings",
			"objdump is not installed");
	test_end();
	test_address();
	test_may_be();
	return tap_done();
}
