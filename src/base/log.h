/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log.h - what the library does, for whoever asks: silent unless somebody does
 *
 * The user asks through the environment:
 *
 * PREFIX_LOG_LEVEL	0 nothing (default), 1 errors, 2 warnings, 3 notices, 4 everything
 * PREFIX_LOG_FILE	where to: a path, with the process id appended if it ends in "-"; standard
 *			error if unset
 *
 * where PREFIX is PMEM, PMEM2 or RPMEM. A line is one write(2), so lines of threads do not mix;
 * one that cannot be written is lost, and ends nothing (say.h). The program asks by means of a
 * receiver, which a public face installs for it.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

enum log_level { LOG_NONE, LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_DEBUG };

/* Read the environment. Called once, when the library is loaded; `prefix` must be a literal. */
void log_init(const char *prefix);

/* The place that a message comes from; `file` NULL if that is not told. */
struct log_place {
	const char *file;
	unsigned line;
	const char *function;
};

/*
 * Gets every message of `threshold` and below that anybody makes, on the thread that makes it, and
 * without prefix or newline, and without control characters (printable.h). errno is restored after
 * it. Any thread may install or change it; `environment` tells it whether the environment's log has
 * the message too.
 */
typedef void log_receiver(
	enum log_level level, const struct log_place *from, const char *message, bool environment);
void log_receive(log_receiver *receiver, enum log_level threshold);

/* The highest level that anybody wants to hear. Read it through log_wants(). */
extern atomic_int log_threshold;

#define log_wants(level)                                                                           \
	__builtin_expect(                                                                          \
		atomic_load_explicit(&log_threshold, memory_order_relaxed) >= (int)(level), 0)

void log_write(enum log_level level, const struct log_place *from, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));

/* An error with its sentence made, and its code if that is not 0. Takes next to no stack. */
void log_failure(const struct log_place *from, const char *sentence, int code);

#define log_at(level, ...)                                                                         \
	do {                                                                                       \
		if (log_wants(level))                                                              \
			log_write((level),                                                         \
				&(const struct log_place){__FILE__, __LINE__, __func__},           \
				__VA_ARGS__);                                                      \
	} while (0)

#define log_error(...)   log_at(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_at(LOG_NOTICE, __VA_ARGS__)
#define log_debug(...)   log_at(LOG_DEBUG, __VA_ARGS__)

#endif
