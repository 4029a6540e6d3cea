/* SPDX-License-Identifier: BSD-3-Clause */
/* mirror.c - holdfast mirror: compare a local file with a pool on another machine, its mirror */
#include <argp.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "mirror.h"

enum {
	OPTION_DRY_RUN = 'n',
	OPTION_JSON = 'j',
	OPTION_QUIET = 'q',
	OPTION_SMALLER = 's',
};

static const struct argp_option options[] = {
	{"dry-run", OPTION_DRY_RUN, NULL, 0,
		"With sync, say what would be sent, and change nothing", 0},
	{"json", OPTION_JSON, NULL, 0, "Print one JSON object, for programs", 0},
	{"quiet", OPTION_QUIET, NULL, 0, "Print nothing but errors", 0},
	{"smaller", OPTION_SMALLER, NULL, 0,
		"Allow a LOCAL that is smaller than the pool: compare the pool's first bytes with it",
		0},
	{0},
};

static const char doc[] =
	"Compare a file or DAX device on this machine with the pool on another machine that mirrors it, or make the pool equal to it.\v"
	"  check   compare, and change nothing\n"
	"  sync    compare, and send the pages that differ\n\n"
	"Both machines hash blocks, and only what differs is sent. HOST is [USER@]NAME[:PORT], reached by ssh; rpmemd there reads the pool, which no program may have open. "
	"A sync that was interrupted is finished by another sync.\n\n"
	"Exit status: 0 if the pool is equal to LOCAL, after a sync; 1 if it differs, or is marked as inconsistent; "
	"2 if that could not be found out, or the sync failed, or the command line is wrong.";

/* -- the command line -- */

static void set_command(struct mirror_job *job, const char *word, struct argp_state *state)
{
	job->sync = !strcmp(word, "sync");
	if (!job->sync && strcmp(word, "check"))
		argp_error(state, "\"%s\" is not a command of mirror; use check or sync", word);
}

static void set_argument(struct mirror_job *job, char *argument, struct argp_state *state)
{
	switch (state->arg_num) {
	case 0:
		set_command(job, argument, state);
		return;
	case 1:
		job->local = argument;
		return;
	case 2:
		job->remote = argument;
		return;
	default:
		argp_error(state, "there are too many arguments");
	}
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct mirror_job *job = state->input;

	switch (key) {
	case OPTION_DRY_RUN:
		job->dry_run = true;
		return 0;
	case OPTION_JSON:
		job->json = true;
		return 0;
	case OPTION_QUIET:
		job->quiet = true;
		return 0;
	case OPTION_SMALLER:
		job->may_be_smaller = true;
		return 0;
	case ARGP_KEY_ARG:
		set_argument(job, argument, state);
		return 0;
	case ARGP_KEY_END:
		if (state->arg_num < 3)
			argp_error(state, "a command, LOCAL and HOST:POOLSET are needed");
		if (job->dry_run && !job->sync)
			argp_error(state, "--dry-run is for sync: check changes nothing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* -- loading librpmem when it is needed (remote.c says why not earlier) -- */

static struct {
	__typeof__(&holdfast_mirror_check) check;
	__typeof__(&holdfast_mirror_sync) sync;
	__typeof__(&rpmem_errormsg) errormsg;
} rpmem;

/* Loads librpmem. Returns NULL, or a message that says what is missing. */
static const char *load(void)
{
	void *library = dlopen("librpmem.so.1", RTLD_NOW);

	if (!library)
		return dlerror();
	rpmem.check = (__typeof__(rpmem.check))dlsym(library, "holdfast_mirror_check");
	rpmem.sync = (__typeof__(rpmem.sync))dlsym(library, "holdfast_mirror_sync");
	rpmem.errormsg = (__typeof__(rpmem.errormsg))dlsym(library, "rpmem_errormsg");
	if (rpmem.check && rpmem.sync && rpmem.errormsg)
		return NULL;
	return "librpmem.so.1 on this machine is not from Holdfast 3.1 or newer, and cannot compare";
}

/* -- the work -- */

static int on_progress(const struct holdfast_mirror_state *state, void *argument)
{
	struct mirror_job *job = argument;

	job->state = *state;
	mirror_file_drop(&job->file, state->header_size + state->compared);
	mirror_progress(job, false);
	return 0;
}

static void compare(struct mirror_job *job, const char *host, const char *set)
{
	const struct holdfast_mirror_options how = {
		.struct_size = sizeof(how),
		.flags = job->may_be_smaller ? 0 : HOLDFAST_MIRROR_SAME_SIZE,
		.progress = on_progress,
		.argument = job,
	};
	__typeof__(rpmem.check) call = job->sync && !job->dry_run ? rpmem.sync : rpmem.check;

	job->state.struct_size = sizeof(job->state);
	if (call(host, set, job->file.addr, job->file.size, &how, &job->state))
		job->error = must_copy(rpmem.errormsg());
	mirror_progress(job, true);
}

/* Sets the error message, which begins with the name of the local file. */
static void fail_local(struct mirror_job *job, char *why)
{
	if (asprintf(&job->error, "%s: %s", job->local, why) < 0)
		must_copy(NULL);
	free(why);
}

static void work(struct mirror_job *job)
{
	char *host = must_copy(job->remote), *colon = strrchr(host, ':'), *why;

	if (!colon || colon == host || !colon[1]) {
		if (asprintf(&job->error, "%s: the argument must have the form HOST:POOLSET",
			    job->remote) < 0)
			must_copy(NULL);
	} else if ((why = mirror_file_open(&job->file, job->local))) {
		fail_local(job, why);
	} else {
		const char *missing = load();
		*colon = '\0';
		if (missing)
			job->error = must_copy(missing);
		else
			compare(job, host, colon + 1);
	}
	free(host);
}

static enum outcome outcome_of(const struct mirror_job *job)
{
	const struct holdfast_mirror_state *state = &job->state;
	bool changed = job->sync && !job->dry_run;

	if (job->error)
		return OUTCOME_UNKNOWN;
	return !changed && (state->different || state->inconsistent) ? OUTCOME_NO : OUTCOME_YES;
}

int mirror_main(int argc, char **argv)
{
	static const struct argp argp = {.options = options,
		.parser = parse,
		.args_doc = "check LOCAL HOST:POOLSET\nsync LOCAL HOST:POOLSET",
		.doc = doc};
	struct mirror_job job = {.sync = false};

	argp_parse(&argp, argc, argv, 0, NULL, &job);
	work(&job);
	if (job.error) {
		printable(job.error);
		fprintf(stderr, "holdfast: %s\n", job.error);
	}
	enum outcome outcome = mirror_tell(&job) ? outcome_of(&job) : OUTCOME_UNKNOWN;
	free(job.error);
	return outcome;
}
