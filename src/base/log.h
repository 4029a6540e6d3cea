/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log.h - log messages of the library; silent unless the user or the program asks for them
 *
 * The user asks through the environment:
 *
 * PREFIX_LOG_LEVEL	0 nothing (default), 1 errors, 2 warnings, 3 notices, 4 everything
 * PREFIX_LOG_FILE	the path of the log, with the process id appended if it ends in "-"; standard
 *			error if unset
 *
 * where PREFIX is PMEM, PMEM2 or RPMEM. A line is one write(2), so lines of several threads do not
 * mix. A line that cannot be written is lost, and the failed write does not end the program
 * (say.h). The program asks by pmem_log_set_function(3), which installs a receiver.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

enum log_level { LOG_NONE, LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_DEBUG };

/* Read the environment. Called once, when the library is loaded; `prefix` must be a literal. */
void log_init(const char *prefix);

/* The source line of a message; `file` is NULL if it is not known. */
struct log_place {
	const char *file;
	unsigned line;
	const char *function;
};

/*
 * A receiver gets every message of level `threshold` and below, on the thread that makes the
 * message, without prefix, newline and control characters (printable.h). errno is restored after
 * the receiver has returned. Any thread may install or change the receiver. `environment`: true if
 * the message also goes to the log that the environment asks for.
 */
typedef void log_receiver(
	enum log_level level, const struct log_place *from, const char *message, bool environment);
void log_receive(log_receiver *receiver, enum log_level threshold);

/* The highest level that the user or the program asked for. Read it with log_wants(). */
extern atomic_int log_threshold;

#define log_wants(level)                                                                           \
	__builtin_expect(                                                                          \
		atomic_load_explicit(&log_threshold, memory_order_relaxed) >= (int)(level), 0)

void log_write(enum log_level level, const struct log_place *from, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));

/* Log an error whose text is complete, and `code` if it is not 0. Uses almost no stack. */
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
