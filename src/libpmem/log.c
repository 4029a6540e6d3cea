/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log.c - the log function and thresholds that a program can set
 *
 * The internal log passes on all messages that the program's thresholds may let through. This file
 * decides for each message whether the program gets it, and by which function. It uses no locks:
 * while one thread changes the log function or a threshold, messages of other threads may still
 * use the old one.
 */
#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/racecheck.h"
#include "base/say.h"
#include "libpmem.h"
#include "libpmem/export.h"
#include "libpmem/fail.h"
#include "libpmem/init.h"

static _Atomic(pmem_log_function *) function;
static atomic_int thresholds[] = {
	[PMEM_LOG_THRESHOLD] = PMEM_LOG_LEVEL_WARNING,
	[PMEM_LOG_THRESHOLD_AUX] = PMEM_LOG_LEVEL_HARK,
};

static enum pmem_log_level level_of(enum log_level level)
{
	switch (level) {
	case LOG_ERROR:
		return PMEM_LOG_LEVEL_ERROR;
	case LOG_WARNING:
		return PMEM_LOG_LEVEL_WARNING;
	case LOG_NOTICE:
		return PMEM_LOG_LEVEL_NOTICE;
	default:
		return PMEM_LOG_LEVEL_DEBUG;
	}
}

/*
 * Returns the most detailed level of the internal log whose messages a threshold of the program
 * lets through.
 */
static enum log_level passing(int threshold)
{
	enum log_level level = LOG_NONE;

	for (int more = LOG_ERROR; more <= LOG_DEBUG; more++)
		if ((int)level_of((enum log_level)more) <= threshold)
			level = (enum log_level)more;
	return level;
}

static void print(const char *message)
{
	char line[600];
	int length = snprintf(line, sizeof(line), "libpmem: %s\n", message);

	if (length >= (int)sizeof(line))
		length = (int)sizeof(line) - 1;
	say(STDERR_FILENO, line, (size_t)length);
}

static void deliver(
	enum log_level level, const struct log_place *from, const char *message, bool environment)
{
	pmem_log_function *program = atomic_load(&function);
	int theirs = level_of(level);

	if (theirs > atomic_load(&thresholds[PMEM_LOG_THRESHOLD]))
		return;
	if (program)
		program((enum pmem_log_level)theirs, from->file, from->line, from->function,
			message);
	else if (theirs <= atomic_load(&thresholds[PMEM_LOG_THRESHOLD_AUX]) && !environment)
		print(message);
}

static int wanted(void)
{
	int main = atomic_load(&thresholds[PMEM_LOG_THRESHOLD]);
	int aux = atomic_load(&thresholds[PMEM_LOG_THRESHOLD_AUX]);

	return atomic_load(&function) || main < aux ? main : aux;
}

/*
 * Tell the internal log which messages are wanted. Several threads may do this at once: the last
 * one takes the changes of all into account.
 */
static void listen(void)
{
	int level;

	do {
		level = wanted();
		log_receive(deliver, passing(level));
	} while (level != wanted());
}

void log_face_init(void)
{
	racecheck_ignore(&function, sizeof(function));
	racecheck_ignore(thresholds, sizeof(thresholds));
	listen();
}

static bool is_threshold(enum pmem_log_threshold threshold)
{
	if (threshold == PMEM_LOG_THRESHOLD || threshold == PMEM_LOG_THRESHOLD_AUX)
		return true;
	err_set(-EINVAL, "%d is not a log threshold", (int)threshold);
	errno = EINVAL;
	return false;
}

EXPORT(pmem_log_set_threshold)
int pmem_log_set_threshold(enum pmem_log_threshold threshold, enum pmem_log_level value)
{
	if (!is_threshold(threshold))
		return 1;
	if ((int)value < PMEM_LOG_LEVEL_HARK || value > PMEM_LOG_LEVEL_DEBUG) {
		err_set(-EINVAL, "%d is not a log level", (int)value);
		errno = EINVAL;
		return 1;
	}
	atomic_store(&thresholds[threshold], (int)value);
	listen();
	return 0;
}

EXPORT(pmem_log_get_threshold)
int pmem_log_get_threshold(enum pmem_log_threshold threshold, enum pmem_log_level *value)
{
	if (!is_threshold(threshold))
		return 1;
	if (!value) {
		err_set(-EINVAL, "value is NULL: there is no place to store the log level");
		errno = EINVAL;
		return 1;
	}
	*value = (enum pmem_log_level)atomic_load(&thresholds[threshold]);
	return 0;
}

EXPORT(pmem_log_set_function)
int pmem_log_set_function(pmem_log_function *log_function)
{
	atomic_store(&function, log_function);
	listen();
	if (log_function)
		log_function(PMEM_LOG_LEVEL_HARK, NULL, 0, NULL,
			"libpmem of Holdfast " HOLDFAST_VERSION);
	return 0;
}
