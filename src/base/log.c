/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/printable.h"
#include "base/racecheck.h"
#include "base/say.h"

#define LOG_LINE 512

atomic_int log_threshold = LOG_NONE;

static int log_environment = LOG_NONE; /* the user's threshold, constant after log_init() */
static _Atomic(log_receiver *) log_program;
static atomic_int log_program_threshold = LOG_NONE;
static int log_fd = STDERR_FILENO;
static const char *log_prefix = "";

static int log_open(const char *path)
{
	char with_pid[1024];
	size_t length = strlen(path);

	if (length && path[length - 1] == '-') {
		int full = snprintf(with_pid, sizeof(with_pid), "%s%d", path, (int)getpid());
		if (full < 0 || (size_t)full >= sizeof(with_pid)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		path = with_pid;
	}
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static int wanted(void)
{
	int program = atomic_load(&log_program) ? atomic_load(&log_program_threshold) : LOG_NONE;

	return program > log_environment ? program : log_environment;
}

/*
 * Stores the threshold that is wanted now. Repeats until that no longer changes: two threads may
 * run this function at once, and the thread that stores last must have seen the changes of both.
 */
static void update_threshold(void)
{
	int level;

	do {
		level = wanted();
		atomic_store(&log_threshold, level);
	} while (level != wanted());
}

/*
 * Make the name of a variable, such as "PMEM_LOG_LEVEL", from a short prefix. It does not use
 * printf(3), which would touch four more pages of memory when a program starts, and take about 5
 * us longer.
 */
static void name_variable(char name[32], const char *prefix, const char *what)
{
	stpcpy(stpcpy(name, prefix), what);
}

/*
 * Returns the value of the variable PREFIX_LOG_FILE, or NULL if it is unset or empty. Stores the
 * name of this variable in `name`.
 */
static const char *file_wanted(const char *prefix, char name[32])
{
	name_variable(name, prefix, "_LOG_FILE");
	const char *path = env_get(name);
	return path && *path ? path : NULL;
}

static void open_file(const char *prefix)
{
	char name[32];
	const char *path = file_wanted(prefix, name);
	int fd = path ? log_open(path) : -1;

	if (fd >= 0)
		log_fd = fd;
	else if (path)
		log_error("cannot open %s=%s: %m; logging to standard error", name, path);
}

/* Report a log level that is not a number; only in a log file, never on standard error. */
static void refuse_level(const char *prefix, const char *name, const char *text)
{
	char file[32];

	if (!file_wanted(prefix, file))
		return;
	log_environment = LOG_ERROR;
	update_threshold();
	open_file(prefix);
	log_error("%s=%s is not a number: only errors are logged", name, text);
}

void log_init(const char *prefix)
{
	char name[32];
	long long level;

	racecheck_ignore(&log_threshold, sizeof(log_threshold));
	racecheck_ignore(&log_program, sizeof(log_program));
	racecheck_ignore(&log_program_threshold, sizeof(log_program_threshold));
	log_prefix = prefix;
	name_variable(name, prefix, "_LOG_LEVEL");
	const char *text = env_get(name);
	if (text && *text && !strpbrk(text, "0123456789")) {
		refuse_level(prefix, name, text);
		return;
	}
	if (!env_number(name, &level) || level <= LOG_NONE)
		return;
	log_environment = level > LOG_DEBUG ? LOG_DEBUG : (int)level;
	update_threshold();
	open_file(prefix);
}

void log_receive(log_receiver *receiver, enum log_level threshold)
{
	atomic_store(&log_program, receiver);
	atomic_store(&log_program_threshold, (int)threshold);
	update_threshold();
}

/*
 * The line of the log that is being made. It is not on the stack, and its head ("PMEM2[1234]
 * error: ") is not made by printf(3): a program may call the library when little of its stack is
 * left.
 */
static __thread char log_line[LOG_LINE];
static __thread bool log_busy;

static char *add_text(char *to, const char *text)
{
	return stpcpy(to, text);
}

static char *add_number(char *to, unsigned number)
{
	char digits[12], *digit = digits + sizeof(digits) - 1;

	*digit = '\0';
	do
		*--digit = (char)('0' + number % 10);
	while (number /= 10);
	return add_text(to, digit);
}

/* Write the head of a line, "PMEM2[1234] error: ", to log_line; returns its end. */
static char *begin_line(enum log_level level)
{
	static const char *const names[] = {"", "error", "warning", "notice", "debug"};
	char *end = add_text(log_line, log_prefix);

	end = add_number(add_text(end, "["), (unsigned)getpid());
	return add_text(add_text(add_text(end, "] "), names[level]), ": ");
}

/* Write log_line and a newline; a line that is too long is cut. */
static void write_line(void)
{
	size_t length = strlen(log_line);

	if (length > LOG_LINE - 2)
		length = LOG_LINE - 2;
	log_line[length] = '\n';
	say(log_fd, log_line, length + 1);
}

/* Give the message to the receiver and to the log. `body` is log_line without its head. */
static void deliver(enum log_level level, const struct log_place *from, const char *body)
{
	log_receiver *receiver = atomic_load(&log_program);
	bool environment = (int)level <= log_environment;

	if (receiver && (int)level <= atomic_load(&log_program_threshold))
		receiver(level, from, body, environment);
	if (environment)
		write_line();
}

void log_write(enum log_level level, const struct log_place *from, const char *format, ...)
{
	int saved = errno;
	va_list ap;

	/*
	 * Drop messages that the library makes while a receiver runs. Otherwise each of them would
	 * call the receiver again, which may cause the next message, without end.
	 */
	if (log_busy)
		return;
	log_busy = true;
	char *body = begin_line(level);
	va_start(ap, format);
	errno = saved; /* `format` may contain %m */
	vsnprintf(body, (size_t)(log_line + LOG_LINE - body), format, ap);
	va_end(ap);
	printable(body);
	deliver(level, from, body);
	log_busy = false;
	errno = saved;
}

void log_failure(const struct log_place *from, const char *sentence, int code)
{
	const size_t tail = sizeof(" (-4294967295)");
	int saved = errno;

	if (log_busy)
		return;
	log_busy = true;
	char *body = begin_line(LOG_ERROR);
	size_t length = strnlen(sentence, (size_t)(log_line + LOG_LINE - body) - tail);
	char *end = (char *)mempcpy(body, sentence, length);
	*end = '\0';
	if (code)
		add_text(add_number(add_text(end, code < 0 ? " (-" : " ("), (unsigned)abs(code)),
			")");
	deliver(LOG_ERROR, from, body);
	log_busy = false;
	errno = saved;
}
