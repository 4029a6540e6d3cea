/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mapper.c - tests parsing tables of device-mapper in made-up answers of the ioctl DM_TABLE_STATUS
 * (linux/dm-ioctl.h)
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

/*
 * Appends a target (an entry of a device-mapper table) to the made-up answer. Each target begins
 * at a multiple of 8; its member `next` is the offset of the following target from the first one.
 */
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
		ok(told.is_told, "device-mapper table \"%s %s\": is read", rows[i].type,
			rows[i].parameters);
		is_int(told.survival, rows[i].survival,
			"device-mapper table \"%s %s\": mapper_parse() says correctly whether data survives power cuts",
			rows[i].type, rows[i].parameters);
	}
	struct mapper told = of_one("snapshot", "16/2048 16", false);
	ok(told.has_snapshot,
		"device-mapper snapshot without parameters: is recognised as a snapshot");
	is_int(told.survival, HOLDFAST_SURVIVES_UNKNOWN,
		"device-mapper snapshot without parameters: it is unknown whether data survives power cuts");
	ok(of_one("crypt", "", false).is_encrypted,
		"device-mapper table \"crypt\": is recognised as encrypted");
	begin();
	told = mapper_parse(&answer, sizeof(answer), false);
	is_int(told.survival, HOLDFAST_SURVIVES_UNKNOWN,
		"device-mapper device without a table: it is unknown whether data survives power cuts");
}

static void several(void)
{
	begin();
	target("linear", "254:0 0");
	target("zero", "");
	target("flakey", "254:0 0 1 1");
	struct mapper told = mapper_parse(&answer, sizeof(answer), false);
	ok(told.is_told, "device-mapper table of three targets: is read");
	is_int(told.survival, HOLDFAST_SURVIVES_NOT,
		"device-mapper table of three targets, one of which drops all data: data does not survive power cuts");
	begin();
	target("linear", "254:0 0");
	target("snapshot", "254:0 254:16 N 8");
	told = mapper_parse(&answer, sizeof(answer), true);
	is_int(told.survival, HOLDFAST_SURVIVES_NOT,
		"device-mapper table with a non-persistent snapshot as second target: data does not survive power cuts");
}

/* Answers that are truncated, or have offsets that point outside of the answer, must be refused. */
static void malformed(void)
{
	struct dm_target_spec spec;

	begin();
	target("linear", "254:0 0");
	target("linear", "254:0 8");
	size_t whole = used;
	for (size_t size = 0; size < whole - 8; size += 4)
		if (mapper_parse(&answer, size, true).is_told) {
			ok(false, "device-mapper table cut off after %zu bytes: is refused", size);
			return;
		}
	ok(true, "device-mapper tables that are cut off: all are refused");
	answer.head.flags = DM_BUFFER_FULL_FLAG;
	ok(!mapper_parse(&answer, sizeof(answer), true).is_told,
		"device-mapper table that did not fit into the buffer: is refused");
	answer.head.flags = 0;
	memcpy(&spec, answer.bytes + sizeof(answer.head), sizeof(spec));
	static const unsigned nexts[] = {0, 1U << 31, 0xffffffff};
	for (size_t i = 0; i < sizeof(nexts) / sizeof(nexts[0]); i++) {
		spec.next = nexts[i];
		memcpy(answer.bytes + sizeof(answer.head), &spec, sizeof(spec));
		ok(!mapper_parse(&answer, sizeof(answer), true).is_told,
			"device-mapper table whose next target is at the invalid offset %u: is refused",
			nexts[i]);
	}
	answer.head.data_start = 1U << 30;
	ok(!mapper_parse(&answer, sizeof(answer), true).is_told,
		"device-mapper table that begins outside the buffer: is refused");
}

int main(void)
{
	types();
	several();
	malformed();
	ok(!mapper_read(STDIN_FILENO).is_told,
		"mapper_read: a descriptor that is not a directory of sysfs yields no table");
	return tap_done();
}
