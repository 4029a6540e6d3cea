/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * system_log.h - write to syslog; separate from base/log.h, because the names of their levels
 * clash
 */
#ifndef RPMEMD_SYSTEM_LOG_H
#define RPMEMD_SYSTEM_LOG_H

void system_log_open(void);

/* `level` is an enum log_level. */
void system_log_write(int level, const char *message);

#endif
