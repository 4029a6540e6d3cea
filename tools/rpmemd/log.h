/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log.h - where the messages of rpmemd go
 *
 * All that is said through base/log.h, also by the floors below, goes to syslog or into a file, as
 * the configuration says; its level is obeyed by both.
 */
#ifndef RPMEMD_LOG_H
#define RPMEMD_LOG_H

#include "config.h"

/* From now on. 0; -errno with a sentence if the file cannot be opened. */
int daemon_log_open(const struct config *config);

#endif
