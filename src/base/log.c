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

enum log_level log_threshold = LOG_NONE;

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

void log_init(const char *prefix)
{
	char name[32];
	long long level;

	log_prefix = prefix;
	snprintf(name, sizeof(name), "%s_LOG_LEVEL", prefix);
	if (!env_number(name, &level) || level <= LOG_NONE)
		return;
	log_threshold = level > LOG_DEBUG ? LOG_DEBUG : (enum log_level)level;

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

void log_write(enum log_level level, const char *format, ...)
{
	static const char *const names[] = {"", "error", "warning", "notice", "debug"};
	char line[LOG_LINE];
	int saved = errno;
	va_list ap;

	int head = snprintf(
		line, sizeof(line), "%s[%d] %s: ", log_prefix, (int)getpid(), names[level]);
	va_start(ap, format);
	int body = vsnprintf(line + head, sizeof(line) - (size_t)head, format, ap);
	va_end(ap);

	size_t length = (size_t)head + (body > 0 ? (size_t)body : 0);
	if (length > sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';
	/* A log that cannot be written must not stop the program that asked for it. */
	ssize_t written = write(log_fd, line, length);
	(void)written;
	errno = saved;
}
