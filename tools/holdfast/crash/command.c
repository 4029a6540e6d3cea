/* SPDX-License-Identifier: BSD-3-Clause */
/* command.c - holdfast crash: options, and the order of the steps of a run */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "holdfast/tool.h"
#include "base/err.h"
#include "command.h"
#include "facts.h"

enum {
	OPTION_CHECK = 'c',
	OPTION_FILE = 'f',
	OPTION_TIME = 't',
	OPTION_OUTPUT = 'o',
	OPTION_JOBS = 'j',
	OPTION_BUDGET = 256,
	OPTION_IMAGES,
	OPTION_SEED,
	OPTION_EXHAUSTIVE,
	OPTION_DEADLINE,
	OPTION_IN_PLACE,
	OPTION_STRICT,
	OPTION_SAVE,
	OPTION_REPLAY,
	OPTION_FORMAT,
	OPTION_MODEL,
	OPTION_RECOVER,
	OPTION_ATOM,
	OPTION_REALLY,
	OPTION_DUMP,
	OPTION_IMAGE,
	OPTION_TEAR,
	OPTION_SVG,
	OPTION_WATCH,
	OPTION_FS,
	OPTION_NO_PROBES,
};

static const struct argp_option options[] = {
	{"check", OPTION_CHECK, "COMMAND", 0,
		"Run COMMAND on each image, whose name replaces {}; exit status 0 means that the "
		"image is good",
		0},
	{"file", OPTION_FILE, "FILE", 0,
		"Test a copy of FILE, whose name replaces FILE among the arguments of PROGRAM; "
		"it need not exist yet. May be repeated. Without it, all arguments that name "
		"files",
		0},
	{"in-place", OPTION_IN_PLACE, NULL, 0,
		"Let PROGRAM work on the files themselves, and test all files that it maps", 0},
	{"dump", OPTION_DUMP, "COMMAND", 0,
		"Run COMMAND on each image, whose name replaces {}: what it prints must be what it prints "
		"without a crash, before or after the operation that was under way",
		0},
	{"watch", OPTION_WATCH, "DIR", 0,
		"Test the files in a copy of DIR, with their names and sizes; its name replaces DIR "
		"among the arguments of PROGRAM. Assumes the model page",
		0},
	{"fs", OPTION_FS, "KIND", 0,
		"Assume for watched files a file system that keeps the order of names and sizes, ordered "
		"(unless given), or one that does not, posix",
		1},
	{"recover", OPTION_RECOVER, NULL, 0,
		"Run PROGRAM itself on each image instead of a COMMAND: it must end, by itself, with "
		"exit status 0",
		0},
	{"really", OPTION_REALLY, NULL, 0,
		"Execute flushes and syncs of PROGRAM, besides recording them, so that it sees their "
		"errors",
		0},
	{"no-probes", OPTION_NO_PROBES, NULL, 0,
		"Do not observe flushes, fences and streaming stores that PROGRAM executes without a library",
		0},
	{"model", OPTION_MODEL, "MODEL", 0,
		"Lose in a crash the stores that MODEL says: cache-line (the default), byte, process, "
		"page or armv8",
		1},
	{"atom", OPTION_ATOM, "8", 0,
		"Assume also that memory may tear lines, and keeps only 8 bytes whole; for the models "
		"cache-line and armv8",
		1},
	{"tear", OPTION_TEAR, "512", 0,
		"Assume also that storage may tear pages, and keeps only 512 bytes whole; for the "
		"model page",
		1},
	{"time", OPTION_TIME, "SECONDS", 0, "Stop looking after SECONDS (60); 0: never", 1},
	{"budget", OPTION_BUDGET, "N", 0,
		"Try N images the first time that stores from the same places are pending (64), "
		"then a quarter, and so on",
		1},
	{"images", OPTION_IMAGES, "N", 0, "Try at most N images", 1},
	{"exhaustive", OPTION_EXHAUSTIVE, NULL, 0, "Try every image that is possible", 1},
	{"seed", OPTION_SEED, "N", 0, "Draw random images in another order", 1},
	{"deadline", OPTION_DEADLINE, "SECONDS", 0,
		"Let a check fail that takes longer than SECONDS (10); 0: no limit", 1},
	{"jobs", OPTION_JOBS, "N", 0,
		"Run N checks in parallel (1); the report does not depend on N", 1},
	{"strict", OPTION_STRICT, NULL, 0, "Exit with 6 if something could not be observed", 2},
	{"format", OPTION_FORMAT, "FORMAT", 0, "Report as text, json, sarif or junit", 2},
	{"svg", OPTION_SVG, "FILE", 0, "Draw the events that led to each bug into FILE, as SVG", 2},
	{"save", OPTION_SAVE, "TRACE", 0, "Keep the recorded run in the file TRACE", 2},
	{"replay", OPTION_REPLAY, "TRACE", 0,
		"Test the run recorded in TRACE, instead of running PROGRAM", 2},
	{"image", OPTION_IMAGE, "ID", 0,
		"Test nothing; only write the image of TRACE that a report names ID", 2},
	{"output", OPTION_OUTPUT, "FILE", 0, "Write the image to FILE", 2},
	{0},
};

static const char doc[] =
	"Run PROGRAM once, record what it stores to mapped files and makes durable, and have COMMAND check "
	"the files that a power cut could have left behind at any moment.\v"
	"Flushes, fences and msync(2) of PROGRAM are recorded and not executed for the files under "
	"test: PROGRAM must not depend on their effect. Standard output of PROGRAM is shown on standard error.\n\n"
	"Exit status: 0 no bug was found; 1 some were; 2 wrong command line; 3 PROGRAM failed by "
	"itself; 4 nothing could be tested; 5 the check fails without a crash; 6 with --strict, "
	"not all stores of PROGRAM could be observed.";

/* ---- the command line */

static double seconds(const char *text, struct argp_state *state)
{
	char *end;
	double number = strtod(text, &end);

	if (!*text || *end || !(number >= 0 && number < 1e9))
		argp_error(state, "\"%s\" is not a number of seconds", text);
	return number;
}

static uint64_t whole_number(const char *text, uint64_t least, struct argp_state *state)
{
	char *end;

	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || number < least)
		argp_error(state, "\"%s\" is not a whole number from %llu on", text,
			(unsigned long long)least);
	return number;
}

static void set_format(struct options *chosen, const char *word, struct argp_state *state)
{
	static const char *const words[] = {
		[FORMAT_TEXT] = "text",
		[FORMAT_JSON] = "json",
		[FORMAT_SARIF] = "sarif",
		[FORMAT_JUNIT] = "junit",
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i])) {
			chosen->format = (enum report_format)i;
			return;
		}
	argp_error(state, "\"%s\" is not a format; use text, json, sarif or junit", word);
}

static void set_model(struct options *chosen, const char *word, struct argp_state *state)
{
	chosen->explore.model = model_of(word);
	if (chosen->explore.model == MODELS)
		argp_error(state,
			"\"%s\" is not a model; use cache-line, byte, process, page or armv8",
			word);
}

static void set_torn(struct options *chosen, bool is_page, const char *word, const char *wanted,
	struct argp_state *state)
{
	if (strcmp(word, wanted))
		argp_error(state, "--%s=%s: only %s is known", is_page ? "tear" : "atom", word,
			wanted);
	chosen->explore.is_torn = true;
	chosen->tears_pages = is_page;
}

static void check_torn(const struct options *chosen, struct argp_state *state)
{
	bool is_page = chosen->explore.model == MODEL_PAGE;

	if (!chosen->explore.is_torn)
		return;
	if (chosen->tears_pages && !is_page)
		argp_error(state, "--tear needs --model=page");
	if (!chosen->tears_pages && (is_page || !model_can_tear(chosen->explore.model)))
		argp_error(state, "--atom needs the model cache-line or armv8");
}

static void check_image(const struct options *chosen, struct argp_state *state)
{
	if (!chosen->image != !chosen->output)
		argp_error(state, "--image and --output need each other");
	if (chosen->image && !chosen->replay)
		argp_error(state, "--image needs --replay");
	if (chosen->image && (chosen->check || chosen->dump))
		argp_error(state, "--image excludes --check and --dump");
}

static void set_file_system(struct options *chosen, const char *word, struct argp_state *state)
{
	chosen->explore.is_posix = !strcmp(word, "posix");
	if (!chosen->explore.is_posix && strcmp(word, "ordered"))
		argp_error(
			state, "\"%s\" is not a kind of file system; use ordered or posix", word);
}

static void check_together(const struct options *chosen, struct argp_state *state)
{
	check_image(chosen, state);
	if (!chosen->check && !chosen->dump && !chosen->recover && !chosen->image)
		argp_error(state, "--check is missing");
	if (!!chosen->check + !!chosen->dump + chosen->recover > 1)
		argp_error(state, "--check, --dump and --recover exclude each other");
	if (chosen->replay && chosen->recover)
		argp_error(state, "--recover needs PROGRAM: use --check with --replay");
	if (chosen->replay && chosen->program)
		argp_error(state, "--replay takes no PROGRAM");
	if (!chosen->replay && !chosen->program)
		argp_error(state, "PROGRAM is missing");
	check_torn(chosen, state);
	if (chosen->in_place && chosen->file_count)
		argp_error(state, "--in-place and --file exclude each other");
	if (chosen->watch && chosen->file_count)
		argp_error(state, "--watch and --file exclude each other");
	if (chosen->watch && chosen->explore.is_torn)
		argp_error(state, "--watch and --tear exclude each other");
	if (chosen->watch && chosen->explore.model != MODEL_PAGE)
		argp_error(state, "--watch needs --model=page");
}

#define MOST_JOBS 64u

static error_t parse_number(int key, char *argument, struct argp_state *state)
{
	struct options *chosen = state->input;

	switch (key) {
	case OPTION_TIME:
		chosen->time = seconds(argument, state);
		return 0;
	case OPTION_DEADLINE:
		chosen->deadline = seconds(argument, state);
		return 0;
	case OPTION_BUDGET:
		chosen->explore.budget = whole_number(argument, 1, state);
		return 0;
	case OPTION_IMAGES:
		chosen->explore.images = whole_number(argument, 1, state);
		return 0;
	case OPTION_SEED:
		chosen->explore.seed = whole_number(argument, 0, state);
		return 0;
	case OPTION_JOBS:
		if (whole_number(argument, 1, state) > MOST_JOBS)
			argp_error(state, "--jobs is at most %u", MOST_JOBS);
		chosen->jobs = (unsigned)whole_number(argument, 1, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *chosen = state->input;

	switch (key) {
	case OPTION_CHECK:
		chosen->check = argument;
		return 0;
	case OPTION_DUMP:
		chosen->dump = argument;
		return 0;
	case OPTION_FILE:
		chosen->files[chosen->file_count++] = argument;
		return 0;
	case OPTION_IN_PLACE:
		chosen->in_place = true;
		return 0;
	case OPTION_REALLY:
		chosen->really = true;
		return 0;
	case OPTION_EXHAUSTIVE:
		chosen->explore.exhaustive = true;
		return 0;
	case OPTION_STRICT:
		chosen->strict = true;
		return 0;
	case OPTION_FORMAT:
		set_format(chosen, argument, state);
		return 0;
	case OPTION_MODEL:
		chosen->has_model = true;
		set_model(chosen, argument, state);
		return 0;
	case OPTION_ATOM:
		set_torn(chosen, false, argument, "8", state);
		return 0;
	case OPTION_TEAR:
		set_torn(chosen, true, argument, "512", state);
		return 0;
	case OPTION_RECOVER:
		chosen->recover = true;
		return 0;
	case OPTION_IMAGE:
		chosen->image = argument;
		return 0;
	case OPTION_OUTPUT:
		chosen->output = argument;
		return 0;
	case OPTION_NO_PROBES:
		chosen->no_probes = true;
		return 0;
	case OPTION_SAVE:
		chosen->save = argument;
		return 0;
	case OPTION_REPLAY:
		chosen->replay = argument;
		return 0;
	case OPTION_SVG:
		chosen->svg = argument;
		return 0;
	case OPTION_WATCH:
		chosen->watch = argument;
		return 0;
	case OPTION_FS:
		set_file_system(chosen, argument, state);
		return 0;
	case ARGP_KEY_ARG: /* the remaining words are the program's */
		chosen->program = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (chosen->watch && !chosen->has_model)
			chosen->explore.model = MODEL_PAGE;
		check_together(chosen, state);
		chosen->is_dump = chosen->dump;
		if (chosen->is_dump)
			chosen->check = chosen->dump;
		return 0;
	default:
		return parse_number(key, argument, state);
	}
}

/* ---- signals */

static struct work *work_to_remove;

static void stop(int number)
{
	(void)number;
	is_stopped = 1;
}

/* Handles SIGBUS: there was no room for a page of an image. */
static _Noreturn void no_room(int number)
{
	static const char words[] = "holdfast: no room for images; HOLDFAST_CRASH_DIR names "
				    "another directory\n";

	(void)number;
	signal(SIGBUS, SIG_DFL);
	if (write(STDERR_FILENO, words, sizeof(words) - 1) > 0 && work_to_remove)
		work_remove(work_to_remove);
	_exit(STATUS_NOTHING);
}

/* Called before the program ends because there is no memory. */
static void no_memory(void)
{
	end_children();
	if (work_to_remove)
		work_remove(work_to_remove);
	_exit(STATUS_NOTHING);
}

void set_signals(struct work *work)
{
	static const int stopping[] = {SIGINT, SIGTERM, SIGHUP};

	work_to_remove = work;
	without_memory = no_memory;
	for (size_t i = 0; i < sizeof(stopping) / sizeof(stopping[0]); i++)
		sigaction(stopping[i], &(struct sigaction){.sa_handler = stop}, NULL);
	signal(SIGBUS, no_room);
	signal(SIGPIPE, SIG_IGN);
}

/* ---- checking the check, on files without a crash */

/*
 * Files without a crash that the check judges. From LOOK_CANARY on: the last image, with one of
 * the written lines reset to its first content.
 */
enum look { LOOK_FIRST, LOOK_LAST, LOOK_ZERO, LOOK_CANARY };

#define CANARIES 32

static int prepare(struct work *work, struct run *run, struct checker *checker, unsigned look)
{
	int status = STATUS_CLEAN;

	if (look == LOOK_ZERO)
		status = images_zero(work, run);
	else if (look == LOOK_FIRST)
		explore_first_image(&run->trace, &run->memories);
	else
		explore_last_image(&run->trace, &run->memories);
	if (look >= LOOK_CANARY)
		explore_put_back(&run->trace, &run->memories, look - LOOK_CANARY);
	checker_forget(checker);
	return status;
}

static int look_at(struct work *work, struct run *run, struct checker *checker, unsigned look,
	struct verdict *verdict)
{
	int error;

	*verdict =
		(struct verdict){.acknowledged = look == LOOK_FIRST ? 0 : run->trace.output_size};
	verdict->at_most = verdict->acknowledged;
	verdict->at = look == LOOK_FIRST ? 0 : run->trace.count;
	do {
		int status = prepare(work, run, checker, look);
		if (status)
			return status;
		error = checker_judge(checker, verdict);
	} while (error == JUDGE_AGAIN);
	return error ? STATUS_NOTHING : STATUS_CLEAN;
}

static int must_pass(struct work *work, struct run *run, struct checker *checker, enum look look)
{
	struct verdict verdict;
	char status[64];
	int error = look_at(work, run, checker, look, &verdict);

	if (error || !verdict.status)
		return error;
	status_words(verdict.status, status, sizeof(status));
	complain(STATUS_ORACLE,
		"the check fails without a crash, on the file %s the program ran: %s%s%s",
		look == LOOK_FIRST ? "before" : "after", status, verdict.words ? ": " : "",
		verdict.words ? verdict.words : "");
	free(verdict.words);
	return STATUS_ORACLE;
}

/* Did the file not exist before the program, or was it empty? Then it need not pass the check. */
static bool first_is_empty(const struct run *run)
{
	for (unsigned f = 0; f < run->trace.file_count; f++)
		for (uint64_t i = 0; i < run->mapped[f] && i < 4096; i++)
			if (run->memories.first[f][i])
				return false;
	return true;
}

static int check_oracle(
	struct work *work, struct run *run, struct checker *checker, bool *accepts_anything)
{
	struct verdict verdict;
	int status = first_is_empty(run) ? STATUS_CLEAN : must_pass(work, run, checker, LOOK_FIRST);

	if (!status)
		status = must_pass(work, run, checker, LOOK_LAST);
	*accepts_anything = true;
	for (unsigned look = LOOK_CANARY; !status && *accepts_anything; look++) {
		if (look == LOOK_CANARY + CANARIES)
			look = LOOK_ZERO;
		status = look_at(work, run, checker, look, &verdict);
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

/* ---- one run */

/* The command line of the program as one string, with each word quoted. */
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
 * Replaces the names of tested files in the command by {}; if there are several files, by {}/NAME.
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
		if (!found ||
			asprintf(&next, "%.*s{}%s%s%s", (int)(found - words), words,
				run->trace.file_count > 1 ? "/" : "",
				run->trace.file_count > 1 ? file_base_name(&run->trace, f + 1) : "",
				found + strlen(name)) < 0)
			continue;
		free(words);
		words = next;
	}
	chosen->check = words;
	return !words ? complain(STATUS_NOTHING, "no memory")
	       : strstr(words, "{}")
		       ? STATUS_CLEAN
		       : complain(STATUS_NOTHING,
				 "--recover: no argument of %s names a file that is tested",
				 chosen->program[0]);
}

static int record(struct work *work, struct options *chosen, struct run *run)
{
	int status = work_copy_files(work, chosen);
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
	return status;
}

static int load(struct work *work, const struct options *chosen, struct run *run)
{
	unsigned char *first[EVENT_FILES];
	struct stat stat_;

	if (stat(chosen->replay, &stat_))
		return complain(STATUS_USAGE, "%s: %s", chosen->replay, strerror(errno));
	if (trace_load(&run->trace, first, chosen->replay))
		return complain(STATUS_NOTHING, "%s", err_get());
	int status = images_load(work, run, first);
	for (unsigned f = 0; f < run->trace.file_count; f++)
		trace_file_free(first[f], run->trace.files[f].size);
	return status;
}

static bool is_reported; /* set: a report was written to standard output */

/* Is standard output a terminal with colours, and NO_COLOR not set? */
static bool is_coloured(void)
{
	const char *terminal = getenv("TERM"), *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") && !(no && *no);
}

static bool write_report(const struct facts *facts, enum report_format format, FILE *to)
{
	is_reported = true;
	switch (format) {
	case FORMAT_JSON:
		return report_json(facts, to);
	case FORMAT_SARIF:
		return report_sarif(facts, to);
	case FORMAT_JUNIT:
		return report_junit(facts, to);
	case FORMAT_TEXT:
	default:
		report_text(facts, is_coloured(), to);
		return true;
	}
}

/*
 * Reports a failed run in the formats SARIF and JUnit, too, so that a server does not show an old
 * report.
 */
static void report_failure(enum report_format format, int status)
{
	char message[512];

	snprintf(message, sizeof(message), "%s", last_message());
	words_clean(message);
	if (is_reported || status == STATUS_CLEAN)
		return;
	if (format == FORMAT_SARIF)
		report_sarif_failure(status, message, stdout);
	if (format == FORMAT_JUNIT)
		report_junit_failure(status, message, stdout);
}

static int draw(const struct facts *facts, struct memories *memories, const char *path)
{
	FILE *to = fopen(path, "we");
	bool is_good = to && report_svg(facts, memories, to);

	if (to && fclose(to))
		is_good = false;
	return is_good ? STATUS_CLEAN
		       : complain(STATUS_NOTHING, "%s could not be written: %s", path,
				 strerror(errno));
}

static int report(const struct findings *findings, struct memories *memories)
{
	struct facts facts;

	facts_make(findings, &facts);
	bool is_good = write_report(&facts, findings->options->format, stdout);
	int status = findings->options->svg ? draw(&facts, memories, findings->options->svg)
					    : STATUS_CLEAN;
	facts_free(&facts);
	if (!is_good || fflush(stdout) || ferror(stdout))
		return complain(STATUS_NOTHING, "the report could not be written");
	if (status || findings->explored->bug_count)
		return status ? status : STATUS_BUGS;
	return findings->options->strict && is_blind(findings) ? STATUS_BLIND : STATUS_CLEAN;
}

static int explore_with(const struct judge *judge, struct findings *findings, struct run *run,
	struct explored *explored)
{
	int error =
		explore(&run->trace, &run->memories, &findings->options->explore, judge, explored);

	if (error && error < -STATUS_BLIND)
		complain(STATUS_NOTHING, "%s", err_get());
	return error ? STATUS_NOTHING : STATUS_CLEAN;
}

static int explore_alone(struct checker *checker, struct findings *findings, struct run *run,
	struct explored *explored)
{
	struct judge judge = {.judge = checker_judge, .enough = checker_enough, .context = checker};
	int status = explore_with(&judge, findings, run, explored);

	findings->way = checker_way(checker);
	return status;
}

static int explore_together(struct work *work, struct way way, double until,
	struct findings *findings, struct run *run, struct explored *explored)
{
	struct crew *crew = NULL;
	int status = crew_start(work, run, findings->options, way, until, &crew);

	if (!status) {
		struct judge judge = {.judge = crew_judge,
			.enough = crew_enough,
			.context = crew,
			.workers = findings->options->jobs,
			.begin = crew_begin,
			.end = crew_end};
		status = explore_with(&judge, findings, run, explored);
		findings->way = crew_way(crew);
	}
	crew_stop(crew);
	return status;
}

static int test(struct work *work, struct run *run, const struct options *chosen)
{
	struct explored explored = {0};
	struct checker *checker = NULL;
	struct dump *dump = NULL;
	struct findings findings = {.options = chosen, .run = run, .explored = &explored};
	double begin = now(), until = chosen->time > 0 ? begin + chosen->time : 0;
	int status = checker_start(work, run, chosen, 0, &checker);

	if (!status && chosen->is_dump)
		status = dump_learn(work, run, checker, &dump);
	run->dump = dump;
	if (!status)
		status = check_oracle(work, run, checker, &findings.accepts_anything);
	if (!status && chosen->jobs == 1)
		status = explore_alone(checker, &findings, run, &explored);
	struct way way = checker ? checker_way(checker) : (struct way){0};
	checker_stop(checker); /* ends all child processes: no crew may have been started yet */
	if (!status && chosen->jobs > 1)
		status = explore_together(work, way, until, &findings, run, &explored);
	findings.seconds = now() - begin;
	if (!status)
		status = report(&findings, &run->memories);
	dump_free(dump);
	explored_fini(&explored);
	return status;
}

/* Writes the image that a report has named (--image). */
static int write_image(struct work *work, const struct options *chosen, struct run *run)
{
	int error =
		explore_image(&run->trace, &run->memories, chosen->explore.model, chosen->image);

	if (error)
		return complain(error == -EINVAL ? STATUS_USAGE : STATUS_NOTHING, "%s", err_get());
	return images_write(work, run, chosen->output);
}

int crash_main(int argc, char **argv)
{
	static const struct argp argp = {.options = options,
		.parser = parse,
		.args_doc = "-- PROGRAM [ARGUMENT...]\n--replay=TRACE\n"
			    "--replay=TRACE --image=ID -o FILE",
		.doc = doc};
	struct options chosen = {.time = 60,
		.deadline = 10,
		.jobs = 1,
		.explore = {.budget = 64},
		.files = calloc((size_t)argc + 1, sizeof(char *))};
	struct work work = {0};
	static struct run run;

	if (!chosen.files)
		return complain(STATUS_NOTHING, "no memory");
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &chosen);
	set_signals(&work);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	int status = work_make(&work);
	if (!status)
		status = chosen.replay ? load(&work, &chosen, &run) : record(&work, &chosen, &run);
	if (!status)
		status = chosen.image ? write_image(&work, &chosen, &run)
				      : test(&work, &run, &chosen);
	run_forget(&run);
	end_children();
	work_remove(&work);
	free(chosen.files);
	if (is_stopped && status == STATUS_CLEAN)
		status = STATUS_NOTHING;
	report_failure(chosen.format, status);
	return status;
}
