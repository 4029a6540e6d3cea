/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log.h - what the library does, for whoever asks: silent unless the environment says otherwise
 *
 * PREFIX_LOG_LEVEL	0 nothing (default), 1 errors, 2 warnings, 3 notices, 4 everything
 * PREFIX_LOG_FILE	where to: a path, with the process id appended if it ends in "-"; standard
 *			error if unset
 *
 * where PREFIX is PMEM, PMEM2 or RPMEM. A line is one write(2), so lines of threads do not mix.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_NONE, LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_DEBUG };

/* Read the environment. Called once, when the library is loaded; `prefix` must be a literal. */
void log_init(const char *prefix);

extern enum log_level log_threshold; /* set by log_init, constant after it */

void log_write(enum log_level level, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

#define log_at(level, ...)                                                                         \
	do {                                                                                       \
		if (__builtin_expect(log_threshold >= (level), 0))                                 \
			log_write((level), __VA_ARGS__);                                           \
	} while (0)

#define log_error(...)   log_at(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_at(LOG_NOTICE, __VA_ARGS__)
#define log_debug(...)   log_at(LOG_DEBUG, __VA_ARGS__)

#endif
