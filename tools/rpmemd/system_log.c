/* SPDX-License-Identifier: BSD-3-Clause */
#include "system_log.h"

#include <syslog.h>

/* The priority for syslog(3) for each enum log_level. */
static const int priorities[] = {LOG_ERR, LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_DEBUG};

void system_log_open(void)
{
	openlog("rpmemd", LOG_PID, LOG_USER);
}

void system_log_write(int level, const char *message)
{
	syslog(priorities[level], "%s", message);
}
