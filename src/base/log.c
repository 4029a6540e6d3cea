/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"

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

/* Two threads may be here at once: the one that stores last sees what the other one changed. */
static void update_threshold(void)
{
	int level;

	do {
		level = wanted();
		atomic_store(&log_threshold, level);
	} while (level != wanted());
}

void log_init(const char *prefix)
{
	char name[32];
	long long level;

	log_prefix = prefix;
	snprintf(name, sizeof(name), "%s_LOG_LEVEL", prefix);
	if (!env_number(name, &level) || level <= LOG_NONE)
		return;
	log_environment = level > LOG_DEBUG ? LOG_DEBUG : (int)level;
	update_threshold();

	snprintf(name, sizeof(name), "%s_LOG_FILE", prefix);
	const char *path = env_get(name);
	if (!path || !*path)
		return;
	int fd = log_open(path);
	if (fd >= 0)
		log_fd = fd;
	else
		log_error("cannot open %s=%s: %m; logging to standard error", name, path);
}

void log_receive(log_receiver *receiver, enum log_level threshold)
{
	atomic_store(&log_program, receiver);
	atomic_store(&log_program_threshold, (int)threshold);
	update_threshold();
}

/* The line is ended where it is full. */
static void write_line(char line[LOG_LINE], size_t length)
{
	if (length > LOG_LINE - 2)
		length = LOG_LINE - 2;
	line[length++] = '\n';
	/* A log that cannot be written must not stop the program that asked for it. */
	ssize_t written = write(log_fd, line, length);
	(void)written;
}

void log_write(enum log_level level, const struct log_place *from, const char *format, ...)
{
	static const char *const names[] = {"", "error", "warning", "notice", "debug"};
	log_receiver *receiver = atomic_load(&log_program);
	bool environment = (int)level <= log_environment;
	char line[LOG_LINE];
	int saved = errno;
	va_list ap;

	int head = snprintf(
		line, sizeof(line), "%s[%d] %s: ", log_prefix, (int)getpid(), names[level]);
	va_start(ap, format);
	errno = saved; /* for %m */
	int body = vsnprintf(line + head, sizeof(line) - (size_t)head, format, ap);
	va_end(ap);

	if (receiver && (int)level <= atomic_load(&log_program_threshold))
		receiver(level, from, line + head, environment);
	if (environment)
		write_line(line, (size_t)head + (body > 0 ? (size_t)body : 0));
	errno = saved;
}
