/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ledger.c - keep the lines of a stream in a log that survives kills and power cuts
 *
 * This file has the commands. log.c makes the log durable, and log.h describes its format.
 */
#include <argp.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "log.h"
#include "mirror.h"
#include "mirrors.h"

_Static_assert(INPUT_MAX <= LOG_RECORD_MAX, "each line of the input must fit in a record");

/*
 * Exit statuses. EXIT_WRONG: the log is damaged, is not a ledger, or differs from the input.
 * EXIT_TROUBLE: any other failure.
 */
enum { EXIT_WRONG = 1, EXIT_TROUBLE = 2 };

/* Maximum number of mirrors: more than any installation has. */
#define MIRRORS_MAX 16

struct command;

struct arguments {
	const struct command *command;
	const char *path;
	const char *mirror[MIRRORS_MAX];
	unsigned mirrors;  /* number of these */
	unsigned required; /* number of mirrors that acknowledged records must be on; 0: all */
	bool resume;
	bool format;
	bool prefix;
	size_t batch;
	size_t capacity;
};

static struct input input = {.fd = STDIN_FILENO};

static int exit_status(int ret)
{
	if (!ret)
		return EXIT_SUCCESS;
	return ret == -EBADMSG ? EXIT_WRONG : EXIT_TROUBLE;
}

static int input_failed(int ret)
{
	errno = -ret;
	warn("standard input");
	return ret;
}

/*
 * Compares the input with this piece of the log. Returns 0, or -EBADMSG after printing the first
 * byte that differs.
 */
static int compare(const struct log *log, const char *data, size_t length)
{
	while (length) {
		const char *want;
		size_t n, same = 0;
		int got = input_peek(&input, &want);

		if (got < 0)
			return input_failed(got);
		if (!got) {
			warnx("%s: the input ends at byte offset %" PRIu64
			      ", but the log continues with record %" PRIu64,
				log->path, input.offset, log->total.records);
			return -EBADMSG;
		}
		n = (size_t)got < length ? (size_t)got : length;
		while (same < n && data[same] == want[same])
			same++;
		input_take(&input, same);
		if (same < n) {
			warnx("%s: record %" PRIu64
			      " differs from the input at byte offset %" PRIu64,
				log->path, log->total.records, input.offset);
			return -EBADMSG;
		}
		data += n;
		length -= n;
	}
	return 0;
}

/* Reads the log to its end and, if `with_input`, compares it with the input. */
static int read_log(struct log *log, bool with_input)
{
	const void *data;
	int length, ret = 0;

	while (!ret && (length = log_next(log, &data)) != 0)
		ret = length < 0 ? length : with_input ? compare(log, data, (size_t)length) : 0;
	return ret;
}

/* Shows progress on a terminal, unless the acknowledgements go to the terminal. */
static void show_progress(const struct log *log, const char *end)
{
	if (isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO))
		fprintf(stderr, "\r%s: %" PRIu64 " records, %" PRIu64 " bytes durable%s", log->path,
			log->durable.records, log->durable.bytes, end);
}

/*
 * Acknowledges on standard output which records are durable now. Writes each line with one
 * write(2): a kill leaves only whole lines, each of them true.
 */
static int acknowledge(const struct log *log, struct log_total *told)
{
	char line[64];
	int length;

	if (told->records == log->durable.records)
		return 0;
	*told = log->durable;
	length = snprintf(line, sizeof(line), "durable %" PRIu64 " %" PRIu64 "\n",
		log->durable.records, log->durable.bytes);
	if (write(STDOUT_FILENO, line, (size_t)length) != length) {
		warn("standard output");
		return -EIO;
	}
	show_progress(log, "");
	return 0;
}

/* Commits the appended records, and acknowledges them. */
static int commit(struct log *log, struct log_total *told)
{
	int ret = log_commit(log);

	return ret ? ret : acknowledge(log, told);
}

static int append_input(struct log *log, size_t batch)
{
	struct log_total told = log->durable;
	int committed, length, ret = 0;
	const char *line;

	while (!ret) {
		/*
		 * The input has paused: commit the records that have arrived before waiting for
		 * more.
		 */
		if (input_would_wait(&input) && (ret = commit(log, &told)))
			break;
		length = input_line(&input, &line);
		if (length <= 0) {
			ret = length < 0 ? input_failed(length) : 0;
			break;
		}
		ret = log_append(log, line, (size_t)length);

		/*
		 * Commit a batch of records at once: that costs about as much as committing one
		 * record.
		 */
		if (!ret && log->total.bytes - log->durable.bytes >= batch)
			ret = log_commit(log);
		/* If the file had to grow, log_append() has committed records: acknowledge them. */
		if (!ret)
			ret = acknowledge(log, &told);
	}
	/* Commit also after an error: the records before it are worth keeping. */
	committed = commit(log, &told);
	show_progress(log, "\n");
	return ret ? ret : committed;
}

/* Brings the mirrors up to date. From here on commits go to the mirrors, too. */
static int begin_mirrors(
	const struct arguments *arguments, struct log *log, struct mirrors *mirrors)
{
	int ret = log_mirror(log, mirrors);

	for (unsigned i = 0; !ret && i < arguments->mirrors; i++)
		if (mirrors_has(mirrors, i))
			warnx("%s: %" PRIu64 " records, %" PRIu64 " bytes are on the mirror %s",
				log->path, log->durable.records, log->durable.bytes,
				arguments->mirror[i]);
	return ret;
}

static int append_to(const struct arguments *arguments, struct mirrors *mirrors)
{
	struct log log;
	enum log_mode mode = arguments->format ? LOG_FORMAT : LOG_APPEND;
	int ret = log_open(&log, arguments->path, mode, arguments->capacity);

	if (ret)
		return ret;
	warnx("%s: %s", log.path, log_promise(&log));
	ret = read_log(&log, arguments->resume);
	if (!ret && mirrors)
		ret = begin_mirrors(arguments, &log, mirrors);
	if (!ret)
		ret = append_input(&log, arguments->batch);
	log_close(&log);
	return ret;
}

static int append(const struct arguments *arguments)
{
	struct mirrors *mirrors = NULL;
	unsigned required = arguments->required ? arguments->required : arguments->mirrors;
	int ret = 0;

	if (arguments->mirrors)
		ret = mirrors_new(&mirrors, arguments->mirror, arguments->mirrors, required);
	if (!ret)
		ret = append_to(arguments, mirrors);
	mirrors_free(&mirrors);
	return ret;
}

static int restore(const struct arguments *arguments)
{
	struct mirror *mirror;
	struct log log;
	int ret = mirror_new(&mirror, arguments->mirror[0]);

	if (ret)
		return ret;
	ret = log_restore(&log, arguments->path, mirror);
	mirror_free(&mirror);
	if (ret)
		return ret;
	printf("%s: %" PRIu64 " records, %" PRIu64
	       " bytes, all checksums right, restored from %s\n",
		log.path, log.total.records, log.total.bytes, arguments->mirror[0]);
	log_close(&log);
	return 0;
}

static int verify(const struct arguments *arguments)
{
	const char *rest;
	struct log log;
	int more, ret = log_open(&log, arguments->path, LOG_READ, 0);

	if (ret)
		return ret;
	ret = read_log(&log, true);
	if (ret)
		goto out;
	more = input_peek(&input, &rest);
	if (more < 0) {
		ret = input_failed(more);
	} else if (more && !arguments->prefix) {
		warnx("%s: the log ends after %" PRIu64
		      " records, but the input continues at byte offset %" PRIu64,
			log.path, log.total.records, input.offset);
		ret = -EBADMSG;
	} else {
		printf("%s: %" PRIu64 " records, %" PRIu64
		       " bytes, all checksums right, %s the input\n",
			log.path, log.total.records, log.total.bytes,
			more ? "a beginning of" : "identical to");
	}
out:
	log_close(&log);
	return ret;
}

static int show(const struct arguments *arguments)
{
	const void *data;
	struct log log;
	int length, ret = log_open(&log, arguments->path, LOG_READ, 0);

	if (ret)
		return ret;
	while ((length = log_next(&log, &data)) > 0)
		if (fwrite(data, (size_t)length, 1, stdout) != 1)
			break;
	log_close(&log);
	return length < 0 ? length : 0; /* main() checks stdout for errors */
}

enum { MIRROR_NEVER, MIRROR_MAY_BE, MIRROR_MUST_BE };

static const struct command {
	const char *name;
	int (*run)(const struct arguments *arguments);
	int mirror; /* the command requires a mirror, which is named before the log */
} commands[] = {
	{"append", append, MIRROR_MAY_BE},
	{"verify", verify, MIRROR_NEVER},
	{"show", show, MIRROR_NEVER},
	{"restore", restore, MIRROR_MUST_BE},
};

enum {
	OPTION_RESUME = 256,
	OPTION_BATCH,
	OPTION_CAPACITY,
	OPTION_FORMAT,
	OPTION_MIRROR,
	OPTION_PREFIX,
	OPTION_REQUIRE,
};

static const struct argp_option options[] = {
	{NULL, 0, NULL, 0, "append:", 1},
	{"resume", OPTION_RESUME, NULL, 0,
		"The input begins with the records of LOG: compare these, and append the rest", 1},
	{"batch", OPTION_BATCH, "BYTES", 0,
		"Commit after this many bytes (default 16K), or when the input pauses", 1},
	{"capacity", OPTION_CAPACITY, "BYTES", 0,
		"Allocate a file of this size at once, rather than growing it step by step", 1},
	{"format", OPTION_FORMAT, NULL, 0,
		"LOG is a DAX device: overwrite its contents with an empty log", 1},
	{"mirror", OPTION_MIRROR, "MIRROR", 0,
		"Keep a copy on another machine: [USER@]HOST[:PORT]:POOLSET; acknowledged records are durable in both places. May be given several times",
		1},
	{"require-mirrors", OPTION_REQUIRE, "N", 0,
		"Acknowledge records that are durable here and on N of the mirrors (default all). The others may fail or fall behind, and catch up later",
		1},
	{NULL, 0, NULL, 0, "verify:", 2},
	{"prefix", OPTION_PREFIX, NULL, 0, "LOG may end before the input does", 2},
	{NULL, 0, NULL, 0, "All:", -1},
	{0},
};

static size_t parse_bytes(const char *text, struct argp_state *state)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;
	uintmax_t n;
	int shift = 0;

	errno = 0;
	n = strtoumax(text, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		shift = 10 * (int)(unit - units + 1);
		end++;
	}
	if (errno || *end || *text < '0' || *text > '9' || !n ||
		n > (uintmax_t)PTRDIFF_MAX / 4 >> shift)
		argp_error(state, "%s is not a number of bytes", text);
	return (size_t)n << shift;
}

static unsigned parse_count(const char *text, struct argp_state *state)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '1' || *text > '9' || *end || n > MIRRORS_MAX)
		argp_error(state, "%s is not a number of mirrors", text);
	return (unsigned)n;
}

static const struct command *find_command(const char *name, struct argp_state *state)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	argp_error(state, "%s: no such command", name);
	return NULL;
}

static error_t parse_word(struct arguments *arguments, char *word, struct argp_state *state)
{
	const struct command *command = arguments->command;

	if (!command)
		arguments->command = find_command(word, state);
	else if (command->mirror == MIRROR_MUST_BE && !arguments->mirrors)
		arguments->mirror[arguments->mirrors++] = word;
	else if (!arguments->path)
		arguments->path = word;
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static void check_words(const struct arguments *arguments, struct argp_state *state)
{
	if (!arguments->path)
		argp_error(state, "a command or a log is missing");
	if (arguments->mirrors && arguments->command->mirror == MIRROR_NEVER)
		argp_error(state, "command %s does not use a mirror", arguments->command->name);
	if (arguments->required > arguments->mirrors)
		argp_error(state, "%u mirrors are required, but only %u named", arguments->required,
			arguments->mirrors);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case OPTION_RESUME:
		arguments->resume = true;
		break;
	case OPTION_BATCH:
		arguments->batch = parse_bytes(value, state);
		break;
	case OPTION_CAPACITY:
		arguments->capacity = parse_bytes(value, state);
		break;
	case OPTION_FORMAT:
		arguments->format = true;
		break;
	case OPTION_MIRROR:
		if (arguments->mirrors == MIRRORS_MAX)
			argp_error(state, "more than %d mirrors", MIRRORS_MAX);
		arguments->mirror[arguments->mirrors++] = value;
		break;
	case OPTION_REQUIRE:
		arguments->required = parse_count(value, state);
		break;
	case OPTION_PREFIX:
		arguments->prefix = true;
		break;
	case ARGP_KEY_ARG:
		return parse_word(arguments, value, state);
	case ARGP_KEY_END:
		check_words(arguments, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "append LOG\nverify LOG\nshow LOG\nrestore MIRROR LOG",
	.doc = "Keep the lines of standard input in LOG, a mapped file or DAX device that survives kills and power cuts.\v"
	       "append reports each batch that has become durable with a line `durable RECORDS BYTES', the totals of the log. "
	       "verify checks every record and compares LOG with standard input, byte for byte. show prints the records of LOG. restore makes LOG from its mirror.\n\n"
	       "A mirror is a pool on another machine that can be reached by ssh and has rpmemd: [USER@]HOST[:PORT]:POOLSET. "
	       "The pool set must have OPTION NOHDRS, and must be large enough for the file LOG; append makes a pool from this set, or continues with an existing pool.\n\n"
	       "Exit status: 0 success; 1 LOG or its mirror is damaged, not a ledger, or differs; 2 wrong usage, or an error of a file, a device or the other machine.",
};

int main(int argc, char **argv)
{
	struct arguments arguments = {.batch = 16384};
	int ret;

	argp_program_version = "ledger (Holdfast), log format 1";
	argp_err_exit_status = EXIT_TROUBLE;
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);

	ret = arguments.command->run(&arguments);
	if (fflush(stdout) || ferror(stdout)) {
		warn("standard output");
		ret = ret ? ret : -EIO;
	}
	return exit_status(ret);
}
