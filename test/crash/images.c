/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * images.c - reads programs from standard input and prints, for each program, all images that
 * explore() finds: the contents of memory that a crash can leave
 *
 * Each line of input is a program: the model of what a crash can leave, with "/torn" appended if
 * storage tears, the number of cache lines of memory, and events, divided by semicolons:
 *
 *	S THREAD WORD VALUE		a store		X an atomic store	N a streaming store
 *	G THREAD WORD VALUE,VALUE...	a copy		L THREAD LINE VALUE,...	a line's content
 *	W THREAD LINE	a flush		C THREAD LINE	CLFLUSH		F THREAD	a fence
 *	Y THREAD PAGE	msync		B THREAD	a barrier that only orders
 *
 * In the model mirror the images are those of a mirror, a second file of the same size:
 *
 *	M LANE WORD VALUE,VALUE...	words are sent	D LANE	a drain
 *	R LANE WORD VALUE,VALUE...	two bytes of each word are sent relaxed
 *	T LANE WORD VALUE,VALUE...	words are sent, and arrive together
 *
 * Programs of the models ordered and posix work on files with names (trace/names.h). Content N
 * (four words in two pages) and file N both have the number N + 1 in the trace:
 *
 *	O 0 NAME FILE	NAME refers to FILE	U 0 NAME FILE		unlink
 *	R 0 NAME FILE,TO	rename		E 0 FILE SIZE,CONTENT	truncate
 *	D 0 CONTENT WORD,VALUE...	write	H 0 CONTENT SIZE	growth by a write
 *	Z 0 FILE CONTENT	fsync		I 0 DIRECTORY	fsync of a directory
 *
 * NAME is a number. The first NAMES_ABOVE names are in the watched directory, which has number 0;
 * the next two names are in directory 1, and the last name is in directory 2. A FILE of 100 or more
 * is a directory.
 *
 * An image of these models has, for each name, the words of its file, divided by dots; "/" for a
 * directory, and "-" for a name that does not exist.
 *
 * Four words of each cache line are used, and two lines of each page, in different sectors. The
 * output has one line for each program, with the images of the program. Blanks divide the images of
 * a line, commas the words of an image.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash/explore.h"
#include "crash/mirror.h"

#define WORDS 4
#define LINES 8
#define PAGES 4

#define NAMES       6
#define NAMES_ABOVE 3
#define FILES       9u /* files in the trace: one that has all names, one for each content */

static unsigned char first[4096 * PAGES], base[4096 * PAGES], image[4096 * PAGES];
static unsigned char files[3][FILES][NAMES_SIZE];

#define MIRROR 2u /* number of the mirror in the trace */

static uint64_t place(unsigned long word)
{
	unsigned long line = word / WORDS;

	return place_of(1, line / 2 * 4096 + line % 2 * 512 + word % WORDS * 8);
}

static void add(struct trace *trace, const struct event *event, const uint64_t *payload)
{
	struct event slots[16] = {*event};

	if (payload)
		memcpy(slots + 1, payload, event->length);
	if (trace_add(trace, slots, 16) < 1) {
		fprintf(stderr, "images: the trace refused an event\n");
		exit(1);
	}
}

static void add_words(struct trace *trace, struct event *event, const char *text)
{
	uint64_t words[16] = {0};
	unsigned count = 0;

	for (char *end; count < 8; text = end + 1) {
		words[count++] = strtoul(text, &end, 10);
		if (*end != ',')
			break;
	}
	event->length = event->kind == EVENT_SEEN ? 64 : count * 8;
	add(trace, event, words);
}

/*
 * Adds a copy to the trace, as one event for each cache line. Programs use four words of a line, so
 * behind the fourth word of a line the copy continues at the first word of the next line.
 */
static void add_copy(struct trace *trace, struct event *event, unsigned long word, char *text)
{
	uint64_t bytes[LINES * 8] = {0};
	unsigned long at = word;

	for (char *end = text;; at++, text = end + 1) {
		bytes[at / WORDS * 8 + at % WORDS] = strtoul(text, &end, 10);
		if (*end != ',')
			break;
	}
	for (unsigned long from = word; from <= at;) {
		unsigned long to = (from / WORDS + 1) * WORDS;
		to = to <= at ? to : at + 1;
		event->place = place(from);
		event->size = from != word;
		event->length = (to - from) * 8;
		add(trace, event, &bytes[from / WORDS * 8 + from % WORDS]);
		from = to;
	}
}

/*
 * Adds events that send words to the mirror, one event for each cache line: programs use only the
 * first words of a line, so the words in two lines are not adjacent.
 */
static void add_sent(struct trace *trace, unsigned lane, unsigned long word, char *text)
{
	uint64_t words[WORDS];

	for (char *end = text; *text; text = end) {
		unsigned count = 0;
		struct event event = {.kind = EVENT_SEND,
			.stack = (uint32_t)trace->events,
			.place = place_of(MIRROR, place_offset(place(word))),
			.value = lane};
		do {
			words[count++] = strtoul(text, &end, 10);
			text = end += *end == ',';
		} while (*text && ++word % WORDS);
		event.length = count * 8;
		add(trace, &event, words);
	}
}

static void add_relaxed(struct trace *trace, unsigned lane, unsigned long word, char *text)
{
	for (char *end = text; *text; text = end) {
		uint64_t value = strtoul(text, &end, 10);
		add(trace,
			&(struct event){.kind = EVENT_SEND,
				.size = EVENT_SEND_RELAXED,
				.stack = (uint32_t)trace->events,
				.place = place_of(MIRROR, place_offset(place(word++))),
				.value = lane,
				.length = 2},
			&value);
		end += *end == ',';
	}
}

static void add_drain(struct trace *trace, unsigned lane)
{
	struct event event = {.kind = EVENT_DRAIN,
		.stack = (uint32_t)trace->events,
		.place = place_of(MIRROR, 0),
		.length = lane};

	add(trace, &event, NULL);
}

/*
 * Adds a record that describes no access to memory, as the recorder does when a call stack occurs
 * for the first time.
 */
static void add_other(struct trace *trace)
{
	add(trace, &(struct event){.kind = EVENT_OUTPUT}, NULL);
}

static void add_event(struct trace *trace, char *text)
{
	static const char letters[] = "SXNGLWCFYB";
	static const uint8_t kinds[] = {EVENT_STORE, EVENT_ATOMIC, EVENT_STREAM, EVENT_COPY,
		EVENT_SEEN, EVENT_FLUSH, EVENT_CLFLUSH, EVENT_FENCE, EVENT_SYNC, EVENT_FENCE};
	char letter, values[256] = "";
	unsigned thread;
	unsigned long where = 0;

	if (sscanf(text, " %c %u %lu %255s", &letter, &thread, &where, values) < 2)
		return;
	if (letter == 'M')
		add_sent(trace, thread, where, values);
	if (letter == 'R')
		add_relaxed(trace, thread, where, values);
	if (letter == 'T')
		add_sent(trace, EVENT_TOGETHER, where, values);
	if (letter == 'T' || letter == 'D')
		add_drain(trace, letter == 'T' ? EVENT_TOGETHER : thread);
	if (strchr("MRTD", letter))
		return;
	struct event event = {.kind = kinds[strchr(letters, letter) - letters],
		.thread = (uint16_t)(thread + 1),
		.stack = (uint32_t)trace->events,
		.size = letter == 'B',
		.place = strchr("LWC", letter) ? place(where * WORDS)
			 : letter == 'Y'       ? place_of(1, where * 4096)
					       : place(where),
		.length = strchr("WC", letter) ? 64
			  : letter == 'Y'      ? 4096
					       : 8,
		.value = strtoul(values, NULL, 10)};
	if (letter == 'F' || letter == 'B')
		event.place = event.value = event.length = 0;
	if (letter == 'G')
		add_copy(trace, &event, where, values);
	else if (letter == 'L')
		add_words(trace, &event, values);
	else
		add(trace, &event, NULL);
}

static int print_image(void *lines, struct verdict *verdict)
{
	unsigned count = *(unsigned *)lines * WORDS;
	uint64_t value;

	for (unsigned word = 0; word < count; word++) {
		memcpy(&value, image + place_offset(place(word)), sizeof(value));
		printf("%s%lu", word ? "," : "", (unsigned long)value);
	}
	putchar(' ');
	verdict->status = 0;
	return 0;
}

/* ---- files with names */

static void change(struct trace *trace, unsigned long page, unsigned long file, bool is_size,
	const struct name_change *changes, unsigned count)
{
	struct event event = {.kind = EVENT_NAMES,
		.size = is_size,
		.thread = 1,
		.stack = (uint32_t)trace->events,
		.place = names_page(page),
		.value = file,
		.length = count * sizeof(*changes)};

	add(trace, &event, (const uint64_t *)changes);
}

static void write_words(struct trace *trace, unsigned long content, char *text)
{
	unsigned long word = strtoul(text, &text, 10);

	for (unsigned part = 0; *text == ','; part++, word++) {
		uint64_t value = strtoul(text + 1, &text, 10);
		struct event event = {.kind = EVENT_COPY,
			.size = part > 0,
			.thread = 1,
			.place = place_of((unsigned)content, word / 2 * 4096 + word % 2 * 8),
			.length = 8};
		add(trace, &event, &value);
	}
}

static void sync_file(struct trace *trace, unsigned long file, unsigned long content)
{
	struct event event = {
		.kind = EVENT_NAMES_SYNC, .thread = 1, .place = names_page(0), .value = file};

	add(trace, &event, NULL);
	event = (struct event){.kind = EVENT_SYNC, .thread = 1, .length = 4096 * 2};
	event.place = place_of((unsigned)content, 0);
	add(trace, &event, NULL);
	event.place = names_page(content);
	event.length = 4096;
	add(trace, &event, NULL);
}

static void sync_directory(struct trace *trace, unsigned long directory)
{
	struct event event = {.kind = EVENT_NAMES_SYNC,
		.thread = 1,
		.place = names_page(0),
		.value = directory ? NAMES_DIRECTORY + directory : 0};

	add(trace, &event, NULL);
}

/* Returns the number that a file or directory has in the trace. */
static uint64_t number_of(unsigned long file)
{
	return file < 100 ? file + 1 : NAMES_DIRECTORY + file - 100;
}

static unsigned directory_of(unsigned name)
{
	return name < NAMES_ABOVE ? 0 : name < NAMES - 1 ? 1 : 2;
}

static void add_names(struct trace *trace)
{
	for (unsigned name = 0; name < NAMES; name++) {
		uint64_t letter = 'a' + name;
		struct event event = {.kind = EVENT_NAME,
			.place = directory_of(name),
			.value = name,
			.length = 1};
		add(trace, &event, &letter);
	}
}

static void add_file_event(struct trace *trace, char *text)
{
	char letter, values[256] = "", *more;
	unsigned long where;

	if (sscanf(text, " %c %*u %lu %255s", &letter, &where, values) < 2)
		return;
	unsigned long value = strtoul(values, &more, 10);
	unsigned long second = *more == ',' ? strtoul(more + 1, NULL, 10) : 0;
	if (letter == 'O' || letter == 'U')
		change(trace, 0, number_of(value), false,
			&(struct name_change){where, letter == 'O' ? number_of(value) : 0}, 1);
	if (letter == 'R')
		change(trace, 0, number_of(value), false,
			(struct name_change[]){{where, 0}, {second, number_of(value)}}, 2);
	if (letter == 'E')
		change(trace, 0, where + 1, true,
			(struct name_change[]){{names_content_word(where + 1), second + 1},
				{names_size_word(where + 1), value}},
			2);
	if (letter == 'H')
		change(trace, where + 1, where + 1, true, &(struct name_change){0, value}, 1);
	if (letter == 'D')
		write_words(trace, where + 1, values);
	if (letter == 'Z')
		sync_file(trace, where + 1, value + 1);
	if (letter == 'I')
		sync_directory(trace, where);
}

/* Returns true if a path from the watched directory leads to this directory. */
static bool is_reached(const unsigned char *names, unsigned directory, unsigned depth)
{
	for (unsigned name = 0; directory && depth && name < NAMES; name++)
		if (names_read(names, 0, name) == NAMES_DIRECTORY + directory &&
			is_reached(names, directory_of(name), depth - 1))
			return true;
	return !directory;
}

static int print_names(void *context, struct verdict *verdict)
{
	const unsigned char *names = files[2][NAMES_FILE - 1];
	uint64_t value;

	(void)context;
	for (unsigned name = 0; name < NAMES; name++) {
		uint64_t file = names_read(names, 0, name);
		if (!is_reached(names, directory_of(name), NAMES))
			file = 0;
		bool is_directory = file >= NAMES_DIRECTORY;
		printf("%s%s", name ? "," : "", is_directory ? "/" : file ? "" : "-");
		for (uint64_t i = 0; file && !is_directory && i < names_size(names, file); i++) {
			const unsigned char *content = files[2][names_content(names, file) - 1];
			memcpy(&value, content + i / 2 * 4096 + i % 2 * 8, sizeof(value));
			printf("%lu.", (unsigned long)value);
		}
	}
	putchar(' ');
	verdict->status = 0;
	return 0;
}

static void run_files(char *text, bool is_posix)
{
	struct memories memories = {0};
	struct explore_options options = {
		.exhaustive = true, .model = MODEL_PAGE, .is_posix = is_posix};
	struct judge judge = {.judge = print_names};
	struct explored explored;
	struct trace trace;

	if (trace_init(&trace, 1024))
		exit(1);
	memset(files, 0, sizeof(files));
	for (unsigned i = 0; i < FILES; i++) {
		struct event file[2] = {{.kind = EVENT_FILE,
			.size = i + 1 == NAMES_FILE,
			.place = place_of(i + 1, 0),
			.value = NAMES_SIZE,
			.length = 1}};
		memories.first[i] = files[0][i];
		memories.base[i] = files[1][i];
		memories.image[i] = files[2][i];
		if (trace_add(&trace, file, 2) < 1)
			exit(1);
	}
	add_names(&trace);
	for (char *part = strtok(text, ";\n"); part; part = strtok(NULL, ";\n"))
		add_file_event(&trace, part);
	if (explore(&trace, &memories, &options, &judge, &explored))
		exit(1);
	putchar('\n');
	explored_fini(&explored);
	trace_fini(&trace);
}

/* ---- memory */

/*
 * Replaces the trace by one that has only the events of the mirror, and the contents of the files
 * by the contents of the mirror.
 */
static void keep_mirror(struct trace *trace, struct memories *memories)
{
	struct trace whole = *trace;

	if (mirror_only(&whole, trace))
		exit(1);
	trace_fini(&whole);
	*memories = (struct memories){.first = {[MIRROR - 1] = first},
		.base = {[MIRROR - 1] = base},
		.image = {[MIRROR - 1] = image}};
}

static void add_files(struct trace *trace)
{
	for (unsigned number = 1; number <= MIRROR; number++) {
		struct event file[2] = {{.kind = EVENT_FILE,
			.size = number == MIRROR ? EVENT_FILE_MIRROR : 0,
			.place = place_of(number, 0),
			.value = sizeof(first),
			.length = 1}};
		if (trace_add(trace, file, 2) < 1)
			exit(1);
	}
}

static void run(char *text)
{
	struct memories memories = {.first = {first}, .base = {base}, .image = {image}};
	char *model = strsep(&text, " "), *torn = strchr(model, '/');
	struct explore_options options = {.exhaustive = true, .is_torn = torn != NULL};
	struct explored explored;
	unsigned lines = (unsigned)strtoul(text, &text, 10);
	struct judge judge = {.judge = print_image, .context = &lines};
	struct trace trace;

	if (torn)
		*torn = '\0';
	options.model = model_of(model);
	if (trace_init(&trace, 1024))
		exit(1);
	add_files(&trace);
	for (char *part = strtok(text, ";\n"); part; part = strtok(NULL, ";\n")) {
		add_event(&trace, part);
		add_other(&trace);
	}
	if (options.model == MODEL_MIRROR)
		keep_mirror(&trace, &memories);
	if (explore(&trace, &memories, &options, &judge, &explored))
		exit(1);
	putchar('\n');
	explored_fini(&explored);
	trace_fini(&trace);
}

int main(void)
{
	static char text[1 << 16];

	while (fgets(text, sizeof(text), stdin))
		if (!strncmp(text, "ordered ", 8))
			run_files(text + 8, false);
		else if (!strncmp(text, "posix ", 6))
			run_files(text + 6, true);
		else
			run(text);
	return 0;
}
