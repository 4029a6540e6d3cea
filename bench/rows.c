/* SPDX-License-Identifier: BSD-3-Clause */
#include "rows.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

void rows_order(size_t order[], size_t contestants)
{
	static uint64_t state = 88172645463325252u;

	for (size_t i = 0; i < contestants; i++) {
		/* xorshift, a random number generator that is good enough to shuffle */
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		size_t j = state % (i + 1);
		order[i] = order[j];
		order[j] = i;
	}
}

/*
 * Returns how far the median of these ratios can be off by chance: the notch of a box plot, inside
 * of which 95 of 100 medians lie.
 */
static double notch(const struct samples *samples)
{
	static double ratios[ROUNDS_MAX];
	size_t n = samples->rounds;

	for (size_t i = 0; i < n; i++)
		ratios[i] = samples->of[PEER][i] / samples->of[PEER_AGAIN][i];
	qsort(ratios, n, sizeof(*ratios), compare_doubles);
	return 1.57 * (ratios[n * 3 / 4] - ratios[n / 4]) / sqrt((double)n);
}

/* Shows progress on a terminal while the rows go to a file. */
static void show_progress(const struct title *title)
{
	static size_t count;

	if (isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO))
		fprintf(stderr, "\r\033[Krow %zu: %s %s %s %zu", ++count, title->group, title->call,
			title->flags, title->size);
}

void rows_print(const struct title *title, struct samples *samples, size_t contestants)
{
	double medians[CONTESTANTS], spread = notch(samples), bare = 0;

	for (size_t i = 0; i < contestants; i++)
		medians[i] = median(samples->of[i], samples->rounds);
	for (size_t i = BARE; i < contestants; i++)
		if (i == BARE || medians[i] < bare)
			bare = medians[i];
	double noise = fabs(medians[PEER] / medians[PEER_AGAIN] - 1);
	printf("%s\t%s\t%s\t%s\t%s\t%zu\t%.1f\t%.1f\t", title->group, title->call, title->flags,
		title->place, title->pace, title->size, medians[OURS], medians[PEER]);
	if (contestants > BARE)
		printf("%.1f\t", bare);
	else
		printf("-\t");
	printf("%.4f\t%.4f\t", medians[PEER] / medians[OURS], noise > spread ? noise : spread);
	if (title->goal > 0)
		printf("%.2f\n", title->goal);
	else
		printf("-\n");
	fflush(stdout);
	show_progress(title);
}
