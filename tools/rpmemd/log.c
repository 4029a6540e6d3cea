/* SPDX-License-Identifier: BSD-3-Clause */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "system_log.h"

#define LINE 1400

static int log_fd = -1;

/* The time in UTC, such as "2026-11-21T09:30:00.123Z". */
static void say_when(char *text, size_t size)
{
	struct timespec now;
	struct tm parts;
	char seconds[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text, size, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
}

/* Each line is a single write(2), so that lines of several processes do not mix. */
static void to_file(
	enum log_level level, const struct log_place *from, const char *message, bool environment)
{
	static const char *const names[] = {"", "error", "warning", "notice", "debug"};
	char line[LINE], when[48];

	(void)from, (void)environment;
	say_when(when, sizeof(when));
	snprintf(line, sizeof(line) - 1, "%s rpmemd[%d] %s: %s", when, (int)getpid(), names[level],
		message);
	size_t end = strlen(line);
	line[end] = '\n';
	/* Ignore failures: a log that cannot be written must not stop the daemon. */
	ssize_t written = write(log_fd, line, end + 1);
	(void)written;
}

static void to_syslog(
	enum log_level level, const struct log_place *from, const char *message, bool environment)
{
	(void)from, (void)environment;
	system_log_write(level, message);
}

int daemon_log_open(const struct config *config)
{
	if (config->use_syslog) {
		system_log_open();
		log_receive(to_syslog, config->log_level);
		return 0;
	}
	log_fd = open(config->log_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (log_fd < 0) {
		int error = err_sys("cannot open the log file %s", config->log_file);
		/* Convert ENOENT, because it tells an initiator that a pool set does not exist. */
		return error == -ENOENT || error == -ENOTDIR ? -EREMOTEIO : error;
	}
	log_receive(to_file, config->log_level);
	return 0;
}
