/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * system_log.h - write to syslog. Separate from base/log.h, whose names of log levels clash with
 * those of <syslog.h>.
 */
#ifndef RPMEMD_SYSTEM_LOG_H
#define RPMEMD_SYSTEM_LOG_H

void system_log_open(void);

/* `level` is an enum log_level. */
void system_log_write(int level, const char *message);

#endif
