/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * oracle.c - test the user's check with files without a crash: the check must accept such files,
 * and refuse files in which stores are missing
 */
#include <stdlib.h>

#include "command.h"

/*
 * Files for testing the check: as before the run, as after the run, or all zeros. From LOOK_CANARY
 * on: as after the run, except that one of the cache lines that were stored to has the content from
 * before the run.
 */
enum look { LOOK_FIRST, LOOK_LAST, LOOK_ZERO, LOOK_CANARY };

#define CANARIES 32

/* The content of the image, as the functions below have made it. */
struct image {
	bool is_last; /* the content after the run, except `line` if has_line is true */
	bool has_line;
	struct put_back line;
	unsigned tried; /* number of files that the check was given */
};

/* Makes the content after the run; the whole trace is read only if the image has other content. */
static void make_last(struct run *run, struct image *image)
{
	if (!image->is_last)
		explore_last_image(&run->trace, &run->memories);
	else if (image->has_line)
		explore_put_forward(&run->memories, &image->line);
	image->is_last = true;
	image->has_line = false;
}

static int prepare(struct work *work, struct run *run, struct checker *checker, unsigned look,
	struct image *image)
{
	int status = STATUS_CLEAN;

	if (look == LOOK_ZERO)
		status = images_zero(work, run);
	else if (look == LOOK_FIRST)
		explore_first_image(&run->trace, &run->memories);
	else
		make_last(run, image);
	if (look >= LOOK_CANARY)
		image->has_line = explore_put_back(
			&run->trace, &run->memories, look - LOOK_CANARY, &image->line);
	checker_forget(checker);
	return status;
}

static int look_at(struct work *work, struct run *run, struct checker *checker, unsigned look,
	struct image *image, struct verdict *verdict)
{
	int error;

	*verdict =
		(struct verdict){.acknowledged = look == LOOK_FIRST ? 0 : run->trace.output_size};
	verdict->at_most = verdict->acknowledged;
	verdict->at = look == LOOK_FIRST ? 0 : run->trace.count;
	do {
		int status = prepare(work, run, checker, look, image);
		if (status)
			return status;
		progress_checked(image->tried++);
		error = checker_judge(checker, verdict);
		image->is_last &= error != JUDGE_AGAIN;
	} while (error == JUDGE_AGAIN);
	return error ? STATUS_NOTHING : STATUS_CLEAN;
}

static int must_pass(struct work *work, struct run *run, struct checker *checker, enum look look,
	struct image *image)
{
	struct verdict verdict;
	char status[64];
	int error = look_at(work, run, checker, look, image, &verdict);

	if (error || !verdict.status)
		return error;
	status_words(verdict.status, status, sizeof(status));
	complain(STATUS_ORACLE,
		"the check fails even without a crash, on the file as it was %s the program ran: %s%s%s",
		look == LOOK_FIRST ? "before" : "after", status, verdict.words ? ": " : "",
		verdict.words ? verdict.words : "");
	free(verdict.words);
	return STATUS_ORACLE;
}

/*
 * True if no file had any content before the run. Then the check need not accept the files from
 * before the run.
 */
static bool first_is_empty(const struct run *run)
{
	for (unsigned f = 0; f < run->trace.file_count; f++)
		for (uint64_t i = 0; file_is_tested(run, f + 1) && i < run->mapped[f] && i < 4096;
			i++)
			if (run->memories.first[f][i])
				return false;
	return true;
}

int oracle_check(
	struct work *work, struct run *run, struct checker *checker, bool *accepts_anything)
{
	struct image image = {0};
	struct verdict verdict;
	int status = first_is_empty(run) ? STATUS_CLEAN
					 : must_pass(work, run, checker, LOOK_FIRST, &image);

	if (!status)
		status = must_pass(work, run, checker, LOOK_LAST, &image);
	*accepts_anything = true;
	for (unsigned look = LOOK_CANARY; !status && *accepts_anything; look++) {
		if (look == LOOK_CANARY + CANARIES)
			look = LOOK_ZERO;
		status = look_at(work, run, checker, look, &image, &verdict);
		*accepts_anything = !verdict.status;
		free(verdict.words);
		if (look == LOOK_ZERO)
			break;
	}
	if (status)
		return status;
	status = images_restore(work, run, 0);
	checker_forget(checker);
	return status;
}
