/* SPDX-License-Identifier: BSD-3-Clause */
/* record.c - get the run to test: record the program, or load a recorded run */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "command.h"
#include "holdfast/tool.h"

/* Returns the program's command line as one string in which each word is quoted. */
static char *recover_command(char **program)
{
	struct collected words;
	FILE *to = collect_begin(&words);

	for (unsigned i = 0; program[i]; i++)
		fprintf(to, "%s\"%s\"", i ? " " : "", program[i]);
	return collect_end(&words);
}

/* Replaces the first occurrence of `old` in `words`. Returns new memory and frees `words`. */
static char *replace_words(char *words, const char *old, const char *new)
{
	char *found = words ? strstr(words, old) : NULL, *next = NULL;

	if (!found || asprintf(&next, "%.*s%s%s", (int)(found - words), words, new,
			      found + strlen(old)) < 0)
		return words;
	free(words);
	return next;
}

/*
 * Replaces the name of the tested file in the command by {}; if several files are tested, replaces
 * their names by {}/NAME.
 */
static int replace_by_image(
	const struct run *run, const char *watched, const char *command, struct options *chosen)
{
	char *words = strdup(command);

	if (*watched)
		words = replace_words(words, watched, "{}");
	for (unsigned f = 0; words && !*watched && f < run->trace.file_count; f++) {
		const char *name = run->trace.files[f].name;
		char *found = name ? strstr(words, name) : NULL, *next = NULL;
		if (!found || !file_is_tested(run, f + 1) ||
			asprintf(&next, "%.*s{}%s%s%s", (int)(found - words), words,
				files_tested(run) > 1 ? "/" : "",
				files_tested(run) > 1 ? file_base_name(&run->trace, f + 1) : "",
				found + strlen(name)) < 0)
			continue;
		free(words);
		words = next;
	}
	chosen->check = words;
	return !words ? complain(STATUS_NOTHING, "out of memory")
	       : strstr(words, "{}")
		       ? STATUS_CLEAN
		       : complain(STATUS_NOTHING,
				 "--recover: no argument of %s names a file that is tested",
				 chosen->program[0]);
}

int run_record(struct work *work, struct options *chosen, struct run *run)
{
	int status = work_copy_files(work, chosen);
	run->tests_mirrors = chosen->explore.model == MODEL_MIRROR;
	char *command = chosen->recover ? recover_command(chosen->program) : NULL;

	if (!status && trace_init(&run->trace, TRACE_SLOTS_MANY))
		status = complain(STATUS_NOTHING, "%s", err_get());
	if (!status && chosen->watch)
		status = watch_begin(work, &run->trace);
	if (!status)
		status = target_run(work, chosen, run);
	work_drop_copies(work);
	if (!status)
		status = images_make(work, run);
	if (!status && chosen->recover)
		status = replace_by_image(run, work->watched, command, chosen);
	free(command);
	if (!status && chosen->save && trace_save(&run->trace, run->memories.first, chosen->save))
		status = complain(STATUS_NOTHING, "%s", err_get());
	return status ? status : side_choose(run, chosen);
}

int run_load(struct work *work, const struct options *chosen, struct run *run)
{
	unsigned char *first[EVENT_FILES];
	struct stat stat_;

	if (stat(chosen->replay, &stat_))
		return complain(STATUS_USAGE, "%s: %s", chosen->replay, strerror(errno));
	if (trace_load(&run->trace, first, chosen->replay))
		return complain(STATUS_NOTHING, "%s", err_get());
	run->tests_mirrors = chosen->explore.model == MODEL_MIRROR;
	int status = images_load(work, run, first);
	for (unsigned f = 0; f < run->trace.file_count; f++)
		trace_file_free(first[f], run->trace.files[f].size);
	return status ? status : side_choose(run, chosen);
}
