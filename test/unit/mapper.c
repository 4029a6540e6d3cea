/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mapper.c - tables of device-mapper as the kernel answers them (linux/dm-ioctl.h), made up here
 */
#include "device/mapper.h"

#include <linux/dm-ioctl.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

static union {
	struct dm_ioctl head;
	char bytes[4096];
} answer;

static size_t used;

static void begin(void)
{
	memset(&answer, 0x55, sizeof(answer));
	memset(&answer.head, 0, sizeof(answer.head));
	answer.head.data_start = sizeof(answer.head);
	used = sizeof(answer.head);
}

/* The kernel puts each at a multiple of 8, and counts `next` from the first of them on. */
static void target(const char *type, const char *parameters)
{
	struct dm_target_spec spec = {.length = 8};

	strncpy(spec.target_type, type, sizeof(spec.target_type) - 1);
	strcpy(answer.bytes + used + sizeof(spec), parameters);
	size_t next = (used + sizeof(spec) + strlen(parameters) + 1 + 7) & ~(size_t)7;
	spec.next = (unsigned)(next - answer.head.data_start);
	memcpy(answer.bytes + used, &spec, sizeof(spec));
	used = next;
	answer.head.target_count++;
}

static struct mapper of_one(const char *type, const char *parameters, bool is_whole)
{
	begin();
	target(type, parameters);
	return mapper_parse(&answer, sizeof(answer), is_whole);
}

static void types(void)
{
	static const struct {
		const char *type, *parameters;
		enum holdfast_survival survival;
	} rows[] = {
		{"linear", "254:0 0", HOLDFAST_SURVIVES},
		{"striped", "2 64 254:0 0 254:16 0", HOLDFAST_SURVIVES},
		{"cache", "254:0 254:16 254:32 512 1 writeback smq 0", HOLDFAST_SURVIVES},
		{"thin", "253:0 1", HOLDFAST_SURVIVES},
		{"delay", "254:0 0 500", HOLDFAST_SURVIVES},
		{"zero", "", HOLDFAST_SURVIVES_NOT},
		{"error", "", HOLDFAST_SURVIVES_NOT},
		{"flakey", "254:0 0 10 1 1 drop_writes", HOLDFAST_SURVIVES_UNKNOWN},
		{"dust", "254:0 0 512", HOLDFAST_SURVIVES_UNKNOWN},
		{"linearity", "254:0 0", HOLDFAST_SURVIVES_UNKNOWN},
		{"integrity", "254:0 0 32 D 0", HOLDFAST_SURVIVES_UNKNOWN},
		{"snapshot", "254:0 254:16 P 8", HOLDFAST_SURVIVES},
		{"snapshot", "254:0 254:16 PO 8", HOLDFAST_SURVIVES},
		{"snapshot", "254:0 254:16 N 8", HOLDFAST_SURVIVES_NOT},
		{"snapshot", "254:0 254:16", HOLDFAST_SURVIVES_UNKNOWN},
		{"snapshot", "", HOLDFAST_SURVIVES_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mapper told = of_one(rows[i].type, rows[i].parameters, true);
		ok(told.is_told, "a table of %s %s: is read", rows[i].type, rows[i].parameters);
		is_int(told.survival, rows[i].survival, "a table of %s %s: survival", rows[i].type,
			rows[i].parameters);
	}
	struct mapper told = of_one("snapshot", "16/2048 16", false);
	ok(told.has_snapshot, "a snapshot without its parameters: it is known to be one");
	is_int(told.survival, HOLDFAST_SURVIVES_UNKNOWN,
		"a snapshot without its parameters: survival");
	ok(of_one("crypt", "", false).is_encrypted, "a table of crypt: is known to be encrypted");
	begin();
	told = mapper_parse(&answer, sizeof(answer), false);
	is_int(told.survival, HOLDFAST_SURVIVES_UNKNOWN, "a device without a table: survival");
}

static void several(void)
{
	begin();
	target("linear", "254:0 0");
	target("zero", "");
	target("flakey", "254:0 0 1 1");
	struct mapper told = mapper_parse(&answer, sizeof(answer), false);
	ok(told.is_told, "three targets: the table is read");
	is_int(told.survival, HOLDFAST_SURVIVES_NOT, "three targets: the weakest decides");
	begin();
	target("linear", "254:0 0");
	target("snapshot", "254:0 254:16 N 8");
	told = mapper_parse(&answer, sizeof(answer), true);
	is_int(told.survival, HOLDFAST_SURVIVES_NOT, "a snapshot as the second target: survival");
}

/* Answers that are cut off, or lead nowhere, are not believed. */
static void malformed(void)
{
	struct dm_target_spec spec;

	begin();
	target("linear", "254:0 0");
	target("linear", "254:0 8");
	size_t whole = used;
	for (size_t size = 0; size < whole - 8; size += 4)
		if (mapper_parse(&answer, size, true).is_told) {
			ok(false, "a table cut off after %zu bytes: is not believed", size);
			return;
		}
	ok(true, "tables that are cut off: none is believed");
	answer.head.flags = DM_BUFFER_FULL_FLAG;
	ok(!mapper_parse(&answer, sizeof(answer), true).is_told,
		"a table that did not fit: is not believed");
	answer.head.flags = 0;
	memcpy(&spec, answer.bytes + sizeof(answer.head), sizeof(spec));
	static const unsigned nexts[] = {0, 1U << 31, 0xffffffff};
	for (size_t i = 0; i < sizeof(nexts) / sizeof(nexts[0]); i++) {
		spec.next = nexts[i];
		memcpy(answer.bytes + sizeof(answer.head), &spec, sizeof(spec));
		ok(!mapper_parse(&answer, sizeof(answer), true).is_told,
			"a next target at %u: is not believed", nexts[i]);
	}
	answer.head.data_start = 1U << 30;
	ok(!mapper_parse(&answer, sizeof(answer), true).is_told,
		"targets that begin outside: are not believed");
}

int main(void)
{
	types();
	several();
	malformed();
	ok(!mapper_read(STDIN_FILENO).is_told, "what is not a folder of sysfs: nothing is told");
	return tap_done();
}
