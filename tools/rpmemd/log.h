/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log.h - send the log messages of rpmemd to syslog or to a file
 *
 * All messages that any module logs through base/log.h go to syslog or to a file, as the
 * configuration says. The configured log level applies to both.
 */
#ifndef RPMEMD_LOG_H
#define RPMEMD_LOG_H

#include "config.h"

/*
 * Send log messages to the configured file or to syslog from now on. Returns 0, or -errno with an
 * error message if the file cannot be opened.
 */
int daemon_log_open(const struct config *config);

#endif
