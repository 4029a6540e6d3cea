/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * crash.c - tests which images a power cut can leave of a traced program's file, which of them are
 * tried, and which stores are blamed
 *
 * An image is what the file may contain after a power cut. Rules R1 to R9 are those of
 * crash/unit.h. test/crash/machine compares all images of random programs with an independent
 * machine; this file tests each rule by itself.
 */
#include "crash/cut.h"
#include "crash/explore.h"
#include "crash/history.h"
#include "crash/sheet.h"
#include "crash/table.h"
#include "crash/unit.h"
#include "tap.h"

#define SIZE 4096

/* A trace of the stores to one file. The functions below each add an event to its end. */
static struct trace trace;
static unsigned char first[SIZE], base[SIZE], image[SIZE];
static struct memories memories;

static void begin(void)
{
	struct event file[2] = {
		{.kind = EVENT_FILE, .place = place_of(1, 0), .value = SIZE, .length = 1}};

	memset(first, 0, SIZE);
	memset(base, 0, SIZE);
	memset(image, 0, SIZE);
	memories = (struct memories){.first = {first}, .base = {base}, .image = {image}};
	trace_init(&trace, 1024);
	trace_add(&trace, file, 2);
}

static void event(unsigned kind, unsigned thread, uint64_t offset, uint64_t length, uint64_t value)
{
	struct event event = {.kind = (uint8_t)kind,
		.thread = (uint16_t)thread,
		.stack = (uint32_t)trace.events,
		.place = place_of(1, offset),
		.length = length,
		.value = value};

	if (trace_add(&trace, &event, 1) != 1)
		bail("an event of kind %u is refused", kind);
}

static void copy(unsigned kind, uint64_t offset, const void *bytes, size_t length)
{
	struct event slots[64] = {{.kind = (uint8_t)kind,
		.thread = 1,
		.stack = (uint32_t)trace.events,
		.place = place_of(1, offset),
		.length = length}};

	memcpy(slots + 1, bytes, length);
	if (trace_add(&trace, slots, 64) < 1)
		bail("an event of kind %u is refused", kind);
}

static void store(uint64_t offset, uint64_t value)
{
	event(EVENT_STORE, 1, offset, 8, value);
}

static void flush(uint64_t offset)
{
	event(EVENT_FLUSH, 1, offset & ~UINT64_C(63), 64, 0);
}

static void fence(void)
{
	event(EVENT_FENCE, 1, 0, 0, 0);
}

/* ---- judges, which decide whether an image is bad */

static bool (*is_bad)(void);
static unsigned judged;

static int judge(void *context, struct verdict *verdict)
{
	(void)context;
	judged++;
	verdict->status = is_bad && is_bad() ? 256 : 0;
	return 0;
}

static uint64_t word(uint64_t offset)
{
	uint64_t value;

	memcpy(&value, image + offset, sizeof(value));
	return value;
}

static struct explored explored;

static void look(bool (*bad)(void), bool exhaustive, uint64_t budget)
{
	struct explore_options options = {.budget = budget, .exhaustive = exhaustive};
	struct judge calls = {.judge = judge};

	explored_fini(&explored);
	is_bad = bad;
	judged = 0;
	if (explore(&trace, &memories, &options, &calls, &explored))
		bail("explore() failed");
	ok(!memcmp(base, first, SIZE) && !memcmp(image, first, SIZE),
		"explore: restores the memory in which it made the crash images");
}

static bool flag_means_data(void)
{
	return word(64) == 1 && word(0) != 1;
}

static bool second_only(void)
{
	return word(8) == 1 && word(0) != 1;
}

static bool halves(void)
{
	uint64_t value = 0;

	memcpy(&value, image + 4, 8);
	return value && value != UINT64_MAX;
}

static bool torn_copy(void)
{
	return (word(0) == 1) != (word(16) == 1);
}

static bool never(void)
{
	return false;
}

static bool always(void)
{
	return true;
}

/* ---- the rules of what a crash may leave: R1 to R9 of crash/unit.h */

static void rules(void)
{
	uint64_t words[3] = {1, 1, 1};

	begin();
	store(0, 1);
	store(8, 1);
	look(second_only, true, 0);
	is_int(explored.bug_count, 0,
		"crash rule R2: of two stores to a cache line, no crash image has the later one without the earlier one");
	is_int(explored.images, 3,
		"crash rule R2: two stores to a cache line make three crash images: none, the first, both");
	trace_fini(&trace);

	begin();
	store(4, UINT64_MAX);
	look(halves, true, 0);
	is_int(explored.bug_count, 1, "crash rule R1: a store over two words may be torn");
	trace_fini(&trace);

	begin();
	event(EVENT_ATOMIC, 1, 4, 8, UINT64_MAX);
	look(halves, true, 0);
	is_int(explored.bug_count, 0, "crash rule R1: an atomic store inside a line is not torn");
	trace_fini(&trace);

	begin();
	copy(EVENT_COPY, 0, words, sizeof(words));
	look(torn_copy, true, 0);
	is_int(explored.images, 8,
		"crash rule R8: a copy of three words, each of which may be lost, makes eight crash images");
	is_int(explored.bugs[0].cause, CAUSE_TORN,
		"crash rule R8: a bug in which a copy is torn is reported with the cause TORN");
	trace_fini(&trace);

	begin();
	store(0, 1);
	event(EVENT_FLUSH, 2, 0, 64, 0);
	fence();
	store(64, 1);
	flush(64);
	fence();
	look(flag_means_data, true, 0);
	is_int(explored.bug_count, 1,
		"crash rule R5: another thread's fence does not complete a flush");
	trace_fini(&trace);

	begin();
	flush(0);
	store(0, 1);
	fence();
	store(64, 1);
	look(flag_means_data, true, 0);
	is_int(explored.bug_count, 1, "crash rule R6: a flush does not cover a later store");
	trace_fini(&trace);

	begin();
	event(EVENT_STREAM, 1, 0, 8, 1);
	event(EVENT_STREAM, 1, 8, 8, 1);
	look(second_only, true, 0);
	is_int(explored.images, 4,
		"crash rule R7: each of two streaming stores may be lost alone, which makes four crash images");
	fence();
	store(64, 1);
	look(flag_means_data, true, 0);
	is_int(explored.bug_count, 0,
		"crash rule R7: a fence makes earlier streaming stores durable");
	trace_fini(&trace);
}

static void unseen(void)
{
	uint64_t line[8] = {1, 1};

	begin();
	store(8, 1);
	copy(EVENT_SEEN, 0, line, sizeof(line));
	look(second_only, true, 0);
	is_int(explored.bug_count, 0,
		"crash rule R9: if a crash image has a store, it also has an untraced change found later in the store's line");
	is_int(explored.images, 2,
		"crash rule R9: untraced changes found in a line at one time survive all or none: two crash images");
	trace_fini(&trace);

	begin();
	store(8, 1);
	flush(0);
	copy(EVENT_SEEN, 0, line, sizeof(line));
	look(second_only, true, 0);
	is_int(explored.bug_count, 1,
		"crash rule R9: a crash image may have a flushed store, but lack an untraced change found after the flush");
	trace_fini(&trace);
}

/* ---- causes of a bug */

static void has_cause(enum cause cause, const char *what)
{
	look(flag_means_data, false, 64);
	ok(explored.bug_count == 1, "%s: is reported as one bug", what);
	if (explored.bug_count != 1)
		return;
	is_int(explored.bugs[0].cause, cause, "%s: the bug is reported with the expected cause",
		what);
	is_int(explored.bugs[0].lost.place, place_of(1, 0),
		"%s: the store that was lost is reported", what);
	is_int(explored.bugs[0].early.place, place_of(1, 64),
		"%s: the store that was durable too early is reported", what);
}

static void causes(void)
{
	begin();
	store(0, 1);
	store(64, 1);
	flush(64);
	fence();
	has_cause(CAUSE_FLUSH, "a store that is never flushed");
	trace_fini(&trace);

	begin();
	store(0, 1);
	event(EVENT_FLUSH, 2, 0, 64, 0);
	store(64, 1);
	flush(64);
	fence();
	has_cause(CAUSE_DRAIN, "a flush that its thread never drains");
	trace_fini(&trace);

	begin();
	store(0, 1);
	flush(0);
	store(64, 1);
	flush(64);
	fence();
	has_cause(CAUSE_ORDER, "data and flag that are flushed before the same fence");
	trace_fini(&trace);

	begin();
	store(64, 1);
	store(0, 1);
	flush(0);
	fence();
	flush(64);
	fence();
	has_cause(CAUSE_EVICTION,
		"a flag that is stored before its data and may be evicted from the cache");
	trace_fini(&trace);

	begin();
	store(64, 1);
	store(72, 1);
	flush(64);
	fence();
	look(always, false, 64);
	is_int(explored.bugs[0].cause, CAUSE_RECOVERY,
		"a check that always fails: the reported cause is the program's recovery, not lost stores");
	is_int(explored.failing, explored.images,
		"a check that always fails: all crash images count as failing");
	look(never, false, 64);
	is_int(explored.failing, 0, "a check that never fails: no crash image counts as failing");
	trace_fini(&trace);
}

/* ---- how many images are tried */

static void budgets(void)
{
	begin();
	for (unsigned i = 0; i < 40; i++)
		store(i * 64, 1);
	look(never, false, 64);
	ok(explored.images >= 50 && explored.images <= 64,
		"explore with a budget of 64 crash images: %llu images are tried at one crash point",
		(unsigned long long)explored.images);
	is_int(judged, explored.images, "explore: each crash image is checked exactly once");
	look(never, false, 8);
	ok(explored.images <= 8, "explore with a budget of 8 crash images: %llu images are tried",
		(unsigned long long)explored.images);
	trace_fini(&trace);

	begin();
	for (unsigned i = 0; i < 20; i++) {
		struct event same = {.kind = EVENT_STORE,
			.thread = 1,
			.stack = 5,
			.place = place_of(1, i * 64),
			.length = 8,
			.value = i + 1};
		trace_add(&trace, &same, 1);
		same = (struct event){.kind = EVENT_FLUSH,
			.thread = 1,
			.stack = 6,
			.place = place_of(1, i * 64),
			.length = 64};
		trace_add(&trace, &same, 1);
		same = (struct event){.kind = EVENT_FENCE, .thread = 1, .stack = 7};
		trace_add(&trace, &same, 1);
	}
	look(never, false, 64);
	is_int(explored.points, 21,
		"twenty drains: there is a crash point before each drain, and one at the end");
	is_int(explored.signatures, 2,
		"twenty drains by the same code: all are one kind of crash point, and the program's end is another");
	is_int(explored.images, 6,
		"twenty drains by the same code: crash images are made at the first four drains only");
	trace_fini(&trace);
}

#define LINES 40u

static uint64_t early_without[LINES]; /* [i]: lines that were lost while line i survived */

/*
 * Records, for each cache line that has survived in the crash image, which other lines were lost.
 */
static bool note_lines(void)
{
	uint64_t there = 0;

	for (unsigned i = 0; i < LINES; i++)
		there |= (uint64_t)(word(i * 64) != 0) << i;
	for (unsigned i = 0; i < LINES; i++)
		if (there >> i & 1)
			early_without[i] |= ~there;
	return false;
}

/*
 * Counts the ordered pairs of cache lines of which the first survives and the second is lost in at
 * least one of 64 crash images.
 */
static void many_lines(void)
{
	unsigned shown = 0;

	begin();
	for (unsigned i = 0; i < LINES; i++)
		store(i * 64, 1);
	look(note_lines, false, 64);
	for (unsigned i = 0; i < LINES; i++)
		for (unsigned other = 0; other < LINES; other++)
			shown += (unsigned)(early_without[i] >> other & 1);
	is_int(explored.images, 64,
		"forty lines with unflushed stores: as many crash images are made as the budget allows");
	ok(shown > LINES * (LINES - 1) * 95 / 100,
		"forty unflushed lines: for 95 of 100 ordered pairs, one of 64 crash images keeps the first and loses the second");
	trace_fini(&trace);
}

static void tables(void)
{
	struct table table = {0};
	unsigned wrong = 0;

	for (uint64_t i = 1; i <= 5000; i++)
		*table_add(&table, i * 64) = i;
	for (uint64_t i = 1; i <= 5000; i += 2)
		table_remove(&table, i * 64);
	for (uint64_t i = 1; i <= 5000; i++) {
		uint64_t *found = table_find(&table, i * 64);
		wrong += i % 2 ? found != NULL : !found || *found != i;
	}
	is_int(wrong, 0,
		"hash table: after half of 5000 keys are removed, the other keys are still found");
	is_int(table.count, 2500,
		"hash table: its count is the number of keys that were not removed");
	table_fini(&table);
}

static void sheets(void)
{
	struct sheet sheet = {0};
	struct sheet_at at = {0};
	uint64_t number, sum = 0, wrong = 0;

	for (uint64_t i = 0; i < 5000; i++)
		*sheet_add(&sheet, i * 3) = (uint32_t)i;
	for (uint64_t i = 0; i < 5000; i += 2)
		sheet_remove(&sheet, i * 3);
	for (uint64_t i = 0; i < 5000; i++) {
		const uint32_t *found = sheet_find(&sheet, i * 3);
		wrong += i % 2 ? !found || *found != i : found != NULL;
	}
	while (sheet_next(&sheet, &at, &number))
		sum += number;
	is_int(wrong, 0,
		"sheet (map of numbers): after half of 5000 numbers are removed, the other numbers are still found");
	is_int(sheet.count, 2500,
		"sheet (map of numbers): its count is the number of numbers that were not removed");
	is_int(sum, UINT64_C(2500) * 2500 * 3,
		"sheet (map of numbers): walking through the map finds each number once");
	sheet_fini(&sheet);
}

/*
 * A cut says which stores survive a crash: for each unit, which is a piece of a file, it has a
 * choice of the unit's stores. This test gives 20 units random choices again and again, and
 * compares the cut with a plain array of these choices.
 */
static void cuts(void)
{
	struct unit unit = {.count = 0};
	struct cut cut = {0}, copied = {0};
	uint32_t rules_of[20], seed = 1, wrong = 0, spans = 0;

	for (unsigned round = 0; round < 2000; round++) {
		if (round % 50 == 0 && cut_fill(&cut, 20, RULE_NONE, 0))
			for (unsigned i = 0; i < 20; i++)
				rules_of[i] = 0;
		seed = seed * 1103515245 + 12345;
		uint32_t from = (seed >> 16) % 20, to = from + (seed >> 24) % (21 - from);
		struct choice choice = {.count = round + 1};
		for (uint32_t i = from; i < to && i < from + (round % 2 ? 1 : 20); i++)
			rules_of[i] = round % 2 ? round + 1 : 0;
		if (round % 2 && from < to)
			cut_choose(&cut, from, &choice);
		else
			cut_set(&cut, from, to, RULE_NONE);
		cut_copy(&copied, &cut);
		for (uint32_t i = 0, span = 0; i < 20; i++)
			wrong += cut_choice(&copied, &unit, i, &span).count != rules_of[i];
		spans = copied.count > spans ? copied.count : spans;
	}
	is_int(wrong, 0,
		"cut (choice of surviving stores): each of 20 pieces of a file has the choice that it was given last");
	ok(spans > 5 && spans <= 20,
		"cut (choice of surviving stores): the choices for 20 pieces of a file need at most 20 entries");
	cut_fini(&cut);
	cut_fini(&copied);
}

#define LONG 32768u /* maximum bytes of a copy in one event of a trace */

/* Adds an event to a trace: a program has copied bytes to the offsets `from` to `end` - 1. */
static void copy_part(struct trace *to, uint64_t from, uint64_t end, uint8_t is_more)
{
	static struct event slots[1 + LONG / EVENT_SLOT];

	slots[0] = (struct event){.kind = EVENT_COPY,
		.size = is_more,
		.place = place_of(1, from),
		.length = end - from};
	if (trace_add(to, slots, sizeof(slots) / sizeof(*slots)) < 1)
		bail("a part of a copy is refused");
}

/*
 * True if element `i` of a unit (piece of a file) is 8-byte word `i` of a copy to offset 3. The
 * copy has only 5 bytes of word 0.
 */
static bool is_word(const struct unit *unit, uint32_t i)
{
	struct element element = unit_element(unit, i);

	return place_offset(element.place) == (i ? 8 * i : 3) && element.length == (i ? 8 : 5);
}

/*
 * A trace has one long copy of 12288 words, each of which may survive a crash by itself. Looks the
 * words up in several orders.
 */
static void many_elements(void)
{
	static unsigned char bytes[3 * LONG];
	unsigned char *memory[] = {bytes};
	struct event file[2] = {
		{.kind = EVENT_FILE, .place = place_of(1, 0), .value = 3 * LONG, .length = 1}};
	struct unseen unseen = {.model = MODEL_BYTE};
	struct history history;
	struct trace copies;
	uint32_t wrong = 0, count = 3 * LONG / 8;

	trace_init(&copies, 4 * LONG / EVENT_SLOT);
	trace_add(&copies, file, 2);
	for (unsigned i = 0; i < 3; i++)
		copy_part(&copies, i ? i * LONG : 3, (i + 1) * LONG, i > 0);
	history_init(&history, &copies, &unseen, memory, NULL, NULL);
	for (const struct event *at = trace_first(&copies); at; at = trace_next(&copies, at))
		if (history_step(&history, at))
			bail("no memory for a copy");
	struct unit unit = history_pending(&history, 0);
	is_int(unit.count, count,
		"copy of 98301 bytes: each of its 8-byte words is an element that may survive a crash by itself");
	for (uint32_t i = 0; i < count; i++)
		wrong += !is_word(&unit, i);
	is_int(wrong, 0,
		"copy of 98301 bytes: each word is found when all are looked up from the first to the last");
	for (uint32_t i = count; i-- > 0;)
		wrong += !is_word(&unit, i);
	is_int(wrong, 0,
		"copy of 98301 bytes: each word is found when all are looked up from the last to the first");
	for (uint32_t i = 0, at = 1; i < 2000; i++, at = (at * 5 + 3) % count)
		wrong += !is_word(&unit, at);
	is_int(wrong, 0,
		"copy of 98301 bytes: words that are looked up in a random order are found");
	history_fini(&history);
	trace_fini(&copies);
}

int main(void)
{
	tables();
	sheets();
	cuts();
	many_elements();
	rules();
	unseen();
	causes();
	budgets();
	many_lines();
	explored_fini(&explored);
	return tap_done();
}
