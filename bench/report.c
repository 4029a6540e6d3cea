/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * report.c - summarizes the rows of the benchmarks
 *
 *	report TABLE JSON <ROWS
 *
 * Writes all rows as a table and as JSON. Prints a summary: how much faster ours is than the peer,
 * by group, call and flags, and each row that misses its goal. The verdict on a row is one of
 *
 *	ok	reaches its goal, the wanted speed in relation to the peer
 *	noise	misses it, but by no more than two runs of the peer differ
 *	limit	misses it, but is as fast as the bare instructions, which miss it, too
 *	SHORT	misses it
 */
#include <err.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 12
#define ROWS    20000

/* Nanoseconds by which a program may take longer to start with the library than without it. */
#define START_NS 100000.0

/*
 * Our library is considered as fast as the bare instructions if it reaches this fraction of their
 * speed.
 */
#define AS_FAST 0.95

enum { GROUP, CALL, FLAGS, PLACE, PACE, SIZE, TIME, PEER_TIME, BARE_TIME, GAIN, NOISE, GOAL };

static const char *const names[COLUMNS] = {"group", "call", "flags", "place", "pace", "size",
	"ours_ns", "peer_ns", "bare_ns", "gain", "noise", "goal"};

struct row {
	char *text[COLUMNS];
	double ours, peer, bare, gain, noise, goal; /* bare: 0 if there are no bare instructions */
	const char *verdict;
};

static struct row rows[ROWS];
static size_t count;

static const char *judge(const struct row *row)
{
	double margin = row->noise > 0.02 ? row->noise : 0.02;

	if (!strcmp(row->text[GROUP], "start"))
		return row->ours <= START_NS ? "ok" : "SHORT";
	if (row->gain >= row->goal)
		return "ok";
	if (row->gain >= (row->goal < 1 ? 1 : row->goal) * (1 - row->noise))
		return "noise";
	if (row->bare > 0 && row->peer / row->bare < row->goal &&
		row->bare / row->ours >= (AS_FAST < 1 - margin ? AS_FAST : 1 - margin))
		return "limit";
	return "SHORT";
}

static void parse(char *line)
{
	struct row *row = &rows[count];
	char *rest = strdup(line);

	if (!rest)
		err(1, "out of memory");
	rest[strcspn(rest, "\n")] = '\0';
	for (int i = 0; i < COLUMNS; i++) {
		row->text[i] = strsep(&rest, "\t");
		if (!row->text[i])
			errx(1, "a row of the input lacks the column \"%s\": %s", names[i], line);
	}
	row->ours = strtod(row->text[TIME], NULL);
	row->peer = strtod(row->text[PEER_TIME], NULL);
	row->bare = strtod(row->text[BARE_TIME], NULL);
	row->gain = strtod(row->text[GAIN], NULL);
	row->noise = strtod(row->text[NOISE], NULL);
	row->goal = strtod(row->text[GOAL], NULL);
	row->verdict = judge(row);
	count++;
}

static void print_heading(FILE *to)
{
	fprintf(to, "%-11s %-31s %-19s %-17s %-9s %10s %12s %12s %12s %7s %6s %5s\n", "group",
		"call", "flags", "place", "pace", "size", "ours ns", "peer ns", "bare ns", "gain",
		"noise", "goal");
}

static void print_row(FILE *to, const struct row *row)
{
	char *const *text = row->text;

	fprintf(to, "%-11s %-31s %-19s %-17s %-9s %10s %12s %12s %12s %7.2f %6.2f %5s %s\n",
		text[GROUP], text[CALL], text[FLAGS], text[PLACE], text[PACE], text[SIZE],
		text[TIME], text[PEER_TIME], text[BARE_TIME], row->gain, row->noise, text[GOAL],
		row->verdict);
}

static void write_table(const char *name)
{
	FILE *file = fopen(name, "w");

	if (!file)
		err(1, "%s", name);
	print_heading(file);
	for (size_t i = 0; i < count; i++)
		print_row(file, &rows[i]);
	if (fclose(file))
		err(1, "%s", name);
}

/*
 * Rows contain only numbers and words of this project's benchmarks, so nothing in them needs
 * escaping in JSON.
 */
static void write_json(const char *name)
{
	FILE *file = fopen(name, "w");

	if (!file)
		err(1, "%s", name);
	for (size_t i = 0; i < count; i++) {
		fprintf(file, "%s\n  {", i ? "," : "[");
		for (int column = 0; column < COLUMNS; column++) {
			const char *text = rows[i].text[column];
			if (column < SIZE)
				fprintf(file, "\"%s\": \"%s\", ", names[column], text);
			else
				fprintf(file, "\"%s\": %s, ", names[column],
					strcmp(text, "-") ? text : "null");
		}
		fprintf(file, "\"verdict\": \"%s\"}", rows[i].verdict);
	}
	fprintf(file, "%s\n]\n", count ? "" : "[");
	if (fclose(file))
		err(1, "%s", name);
}

static bool alike(const struct row *a, const struct row *b)
{
	return !strcmp(a->text[GROUP], b->text[GROUP]) && !strcmp(a->text[CALL], b->text[CALL]) &&
	       !strcmp(a->text[FLAGS], b->text[FLAGS]);
}

/*
 * Prints a summary of the rows from number `first` on that have the same group, call and flags.
 * Returns the number of the row after these.
 */
static size_t summarize(size_t first, double *logs, size_t *grid)
{
	double gain = 0, bare = 0, worst = HUGE_VAL, best = 0;
	size_t i = first, bares = 0, shorts = 0;
	bool in_grid = !strncmp(rows[first].text[GROUP], "pmem", 4);

	for (; i < count && alike(&rows[i], &rows[first]); i++) {
		gain += log(fmax(rows[i].gain, 0.01));
		if (rows[i].bare > 0 && ++bares)
			bare += log(rows[i].ours / rows[i].bare);
		worst = rows[i].gain < worst ? rows[i].gain : worst;
		best = rows[i].gain > best ? rows[i].gain : best;
		shorts += !strcmp(rows[i].verdict, "SHORT");
	}
	if (in_grid) {
		*logs += gain;
		*grid += i - first;
	}
	printf("%-11s %-31s %-19s %5zu %7.2f %7.2f %7.2f ", rows[first].text[GROUP],
		rows[first].text[CALL], rows[first].text[FLAGS], i - first,
		exp(gain / (double)(i - first)), worst, best);
	if (bares)
		printf("%7.2f", exp(bare / (double)bares));
	else
		printf("%7s", "-");
	printf(" %6zu\n", shorts);
	return i;
}

static size_t with_verdict(const char *verdict)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += !strcmp(rows[i].verdict, verdict);
	return found;
}

int main(int argc, char **argv)
{
	char line[4096];
	double logs = 0;
	size_t grid = 0;

	if (argc != 3)
		errx(2, "usage: report TABLE JSON <ROWS");
	while (count < ROWS && fgets(line, sizeof(line), stdin))
		parse(line);
	if (!count)
		errx(1, "there are no rows on standard input");
	write_table(argv[1]);
	write_json(argv[2]);
	printf("Gain: the peer's time / ours. Over bare: our time / the bare sequence's.\n\n"
	       "%-11s %-31s %-19s %5s %7s %7s %7s %7s %6s\n",
		"group", "call", "flags", "rows", "gain", "worst", "best", "/ bare", "short");
	for (size_t i = 0; i < count;)
		i = summarize(i, &logs, &grid);
	if (grid)
		printf("\nThe grid, %zu rows: gain %.3f.", grid, exp(logs / (double)grid));
	printf("\nAll %zu rows: %zu ok, %zu within noise, %zu at the limit, %zu short.\n", count,
		with_verdict("ok"), with_verdict("noise"), with_verdict("limit"),
		with_verdict("SHORT"));
	return 0;
}
