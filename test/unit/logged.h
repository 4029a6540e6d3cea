/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * logged.h - the library's log in a temporary file
 *
 *	logged_open();
 *	log_init("PMEM2");
 *	...
 *	has_str(logged(), "4096 bytes", "...");
 *	logged_close();
 */
#ifndef TEST_UNIT_LOGGED_H
#define TEST_UNIT_LOGGED_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "tap.h"

static char logged_file[] = "/tmp/holdfast-logged-XXXXXX";

/* Makes an empty log file, and sets PMEM2_LOG_FILE to its name. */
static void logged_open(void)
{
	int fd = mkostemp(logged_file, O_CLOEXEC);

	if (fd < 0)
		bail("mkostemp: %m");
	close(fd);
	setenv("PMEM2_LOG_FILE", logged_file, 1);
}

/* The first bytes of the log. They stay valid until the next call. */
static const char *logged(void)
{
	static char text[512];
	int fd = open(logged_file, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	text[got > 0 ? got : 0] = '\0';
	close(fd);
	return text;
}

static void logged_close(void)
{
	unlink(logged_file);
}

#endif
