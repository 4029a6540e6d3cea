/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scattered.c - compares the ways in which src/crash keeps and reads pending stores: as chains or
 * as pieces, and unit by unit or in the order of the trace. They differ in the memory that they
 * need; the crash images must be the same. The programs are random.
 */
#include "crash/chain.h"
#include "crash/explore.h"
#include "tap.h"

#define SIZE     8192u
#define PROGRAMS 100u
#define MOST     1000u /* programs with more images than these are left out if all are made */

static enum {
	LONG,    /* programs of all kinds of events */
	UNTIED,  /* programs that make nothing durable */
	SHORT,   /* short programs with small copies, of which all images are made */
	FLUSHED, /* programs that flush most lines behind a store; all images are made */
} sort;

static unsigned char first[SIZE], base[SIZE], image[SIZE];
static uint64_t state;

/* Returns a random number below `end`. */
static uint64_t draw(uint64_t end)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (state >> 33) % end;
}

static void add(struct trace *trace, struct event event, const unsigned char *payload)
{
	struct event slots[16] = {event};

	if (payload)
		memcpy(slots + 1, payload, event.length);
	if (trace_add(trace, slots, 16) < 1)
		bail("an event of kind %u is refused", event.kind);
}

/* Returns a random place: in one of four lines, two of each page. */
static uint64_t draw_place(unsigned unit)
{
	uint64_t line = draw(4);

	return place_of(1, line / 2 * 4096 + line % 2 * 512 + draw(64 / unit) * unit);
}

static const uint8_t kinds[] = {EVENT_STORE, EVENT_STORE, EVENT_STORE, EVENT_STORE, EVENT_STORE,
	EVENT_STORE, EVENT_STORE, EVENT_STORE, EVENT_ATOMIC, EVENT_COPY, EVENT_SEEN, EVENT_MARK,
	EVENT_STREAM, EVENT_FLUSH, EVENT_FLUSH, EVENT_CLFLUSH, EVENT_FENCE, EVENT_FENCE,
	EVENT_SYNC};

#define PLAIN  9u  /* number of the first ones that are plain stores */
#define UNTIES 12u /* number of the first ones that make nothing durable */

/* Adds a random event. `only`: number of the kinds, from the first one on, that are drawn. */
static void add_random(struct trace *trace, unsigned only)
{
	unsigned char bytes[128];
	struct event event = {.kind = kinds[draw(only)],
		.thread = (uint16_t)(1 + draw(2)),
		.stack = (uint32_t)draw(5),
		.value = draw(UINT64_MAX)};

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)draw(256);
	switch (event.kind) {
	case EVENT_STORE:
	case EVENT_ATOMIC:
	case EVENT_STREAM:
		event.length = draw(4) ? 8 : 1 + draw(8);
		event.place = draw_place(event.length == 8 && draw(8) ? 8 : 1);
		break;
	case EVENT_COPY:
		event.length = 1 + draw(sort == SHORT ? 16 : 128);
		event.place = draw_place(1);
		break;
	case EVENT_SYNC:
		event.length = 64 << draw(7);
		event.place = draw_place(64) & ~(uint64_t)4095;
		break;
	case EVENT_FENCE:
	case EVENT_MARK:
		event.value = draw(3);
		break;
	default:
		event.length = 64;
		event.place = draw_place(64);
	}
	add(trace, event, event_has_payload(event.kind) ? bytes : NULL);
}

/* Adds a store, mostly a flush of its line, and sometimes a fence, each by a random thread. */
static void add_flushed(struct trace *trace)
{
	struct event event = {.kind = EVENT_STORE,
		.thread = (uint16_t)(1 + draw(2)),
		.place = draw_place(8),
		.length = 8,
		.value = draw(UINT64_MAX)};

	add(trace, event, NULL);
	event.kind = EVENT_FLUSH;
	event.thread = (uint16_t)(1 + draw(2));
	event.place &= ~UINT64_C(63);
	event.length = 64;
	if (draw(5))
		add(trace, event, NULL);
	event = (struct event){.kind = EVENT_FENCE, .thread = (uint16_t)(1 + draw(2))};
	if (!draw(6))
		add(trace, event, NULL);
}

static void make(struct trace *trace, uint64_t seed)
{
	struct event file[2] = {
		{.kind = EVENT_FILE, .place = place_of(1, 0), .value = SIZE, .length = 1}};

	state = seed;
	/* In every other program most events are plain stores. */
	unsigned count = sort >= SHORT ? 12 : 40 + (unsigned)draw(40);
	unsigned all = sort == UNTIED ? UNTIES : sizeof(kinds), only = seed % 2 ? all : PLAIN;
	if (trace_init(trace, 1024))
		bail("no memory for a trace");
	add(trace, file[0], (const unsigned char *)"f");
	for (unsigned i = 0; i < count && sort == FLUSHED; i++)
		add_flushed(trace);
	for (unsigned i = 0; i < count && sort != FLUSHED; i++)
		add_random(trace, i + 4 < count && draw(sort == SHORT ? 2 : 6) ? only : all);
}

/* ---- comparison */

static bool was_ended; /* an exploration has reached its maximum number of images */
static uint64_t sum;   /* a hash of all that an exploration has found */
static unsigned fails; /* one of this many images is bad; 0: none */

static void note(uint64_t value)
{
	sum = (sum ^ value) * UINT64_C(0x100000001b3);
	sum ^= sum >> 29;
}

static int judge(void *context, struct verdict *verdict)
{
	uint64_t *images = context;

	verdict->status = fails && !(verdict->id % fails);
	uint64_t before = sum;
	sum = sort >= SHORT ? 1 : sum;
	note(verdict->id);
	note(verdict->at);
	for (unsigned i = 0; i < SIZE; i += 512)
		for (unsigned byte = 0; byte < 64; byte++)
			note(image[i + byte]);
	sum += sort >= SHORT ? before : 0; /* the order of the images makes no difference */
	++*images;
	return 0;
}

static void note_suspect(const struct suspect *suspect)
{
	note(suspect->at);
	note(suspect->place);
	note(suspect->length);
	note(suspect->flags);
}

/*
 * Explores the program. Returns a hash of the images, in their order unless all are made, and of
 * the bugs found.
 */
static uint64_t explore_all(const struct trace *trace, struct explore_options options)
{
	struct memories memories = {.first = {first}, .base = {base}, .image = {image}};
	struct explored explored;
	uint64_t images = 0;
	struct judge calls = {.judge = judge, .context = &images};

	sum = 1;
	memset(first, 0, SIZE);
	memset(base, 0, SIZE);
	memset(image, 0, SIZE);
	if (explore(trace, &memories, &options, &calls, &explored))
		bail("explore() failed");
	note(images);
	note(explored.points);
	was_ended = explored.was_ended;
	for (unsigned i = 0; i < explored.bug_count; i++) {
		const struct bug *bug = &explored.bugs[i];
		for (const char *name = bug->name; *name; name++)
			note((unsigned char)*name);
		note(bug->cause);
		note_suspect(&bug->lost);
		note_suspect(&bug->early);
	}
	explored_fini(&explored);
	return sum;
}

/*
 * Explores random programs in two ways, with all models. `change` is applied to the options for
 * the second way. One of `bad` images is bad; 0: none. Returns the number of differences.
 */
static unsigned compare(void (*change)(struct explore_options *), unsigned bad)
{
	unsigned differences = 0, left_out = 0;

	fails = bad;
	for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
		struct explore_options usual = {
			.budget = 24, .seed = seed, .model = seed % MODEL_MIRROR};
		usual.exhaustive = sort >= SHORT;
		usual.images = sort >= SHORT ? MOST : 0;
		usual.is_torn = seed % 3 == 0 && model_can_tear(usual.model);
		struct explore_options other = usual;
		struct trace trace;
		change(&other);
		make(&trace, seed);
		uint64_t expected = explore_all(&trace, usual);
		bool is_left_out = was_ended;
		left_out += is_left_out;
		if (!is_left_out && explore_all(&trace, other) != expected) {
			diag("program %u, model %s", (unsigned)seed, model_name(usual.model));
			differences++;
		}
		trace_fini(&trace);
	}
	if (left_out > PROGRAMS / 3)
		bail("%u programs have too many images", left_out);
	return differences;
}

static void to_pieces(struct explore_options *options)
{
	options->only_pieces = true;
}

static void to_walks(struct explore_options *options)
{
	options->many = 1;
}

/* ---- links, whose older part lies in a file */

#define CHAINS 2000u
#define SLOTS  (3u << 19)

static uint32_t expected[CHAINS][CHAIN_MAX];
static struct chain chains[CHAINS];

/* Adds each event to a random chain. Returns false if there is no memory. */
static bool add_to_chains(struct links *links)
{
	bool is_good = true;

	memset(chains, 0, sizeof(chains));
	for (uint32_t event = 1; event < SLOTS && is_good; event += 1 + (uint32_t)draw(5)) {
		uint64_t number = draw(CHAINS);
		struct chain *chain = &chains[number];
		if (!chain->count)
			*chain = chain_of(event, 1);
		else if (chain_fits(chain, chain->group + 1))
			is_good = chain_add(chain, links, SLOTS, event);
		else
			continue;
		expected[number][chain->count - 1] = event;
	}
	return is_good;
}

/* Returns the number of chains that do not have the expected stores. */
static unsigned count_wrong(const struct links *links)
{
	uint32_t events[CHAIN_MAX];
	unsigned wrong = 0;

	for (unsigned i = 0; i < CHAINS; i++) {
		uint32_t half = chains[i].count / 2u, at = expected[i][half];
		chain_events(&chains[i], links, events);
		wrong += memcmp(events, expected[i], chains[i].count * sizeof(*events)) ||
			 chain_before(&chains[i], links, at) != half ||
			 chain_newest(&chains[i], links, at + 1) != at + 1u;
	}
	return wrong;
}

static void test_links(void)
{
	struct links links = {0};

	for (unsigned round = 0; round < 2; round++) {
		ok(add_to_chains(&links),
			"chains: 2000 chains take half a million stores, round %u", round + 1);
		is_int(count_wrong(&links), 0,
			"chains: each of 2000 chains has the stores that were added to it, round %u",
			round + 1);
		if (links.spill.state == SPILL_OPEN)
			ok(links.spill.size, "links: the older ones are moved to a file, round %u",
				round + 1);
		else
			skip("links: the older ones are moved to a file",
				"the directory for temporary files is in memory");
		links_forget(&links);
	}
	is_int((long long)links.count, 0, "links: after links_forget() their number is 0");
	links_fini(&links);
}

int main(void)
{
	test_links();

	is_int(compare(to_pieces, 0), 0,
		"stores kept as chains: the crash images of 100 random programs are those of stores kept as pieces");
	is_int(compare(to_pieces, 5), 0,
		"stores kept as chains: the bugs of 100 random programs are those of stores kept as pieces");
	sort = UNTIED;
	is_int(compare(to_walks, 0), 0,
		"stores read in the order of the trace: the crash images of 100 random programs without fences are those of stores read unit by unit");
	sort = SHORT;
	is_int(compare(to_walks, 0), 0,
		"stores read in the order of the trace: all crash images of 100 short random programs are those of stores read unit by unit");
	sort = FLUSHED;
	is_int(compare(to_walks, 0), 0,
		"stores read in the order of the trace: all crash images of 100 random programs that flush lines repeatedly are those of stores read unit by unit");
	return tap_done();
}
