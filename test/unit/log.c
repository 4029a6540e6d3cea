/* SPDX-License-Identifier: BSD-3-Clause */
/* log.c - PMEM2_LOG_LEVEL: what is logged if it is empty, 0 or malformed */
#include "base/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

static char name[] = "/tmp/holdfast-log-XXXXXX";

static const char *contents(void)
{
	static char text[512];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	text[got > 0 ? got : 0] = '\0';
	close(fd);
	return text;
}

static const char *logged(const char *level)
{
	if (truncate(name, 0))
		bail("truncate: %m");
	setenv("PMEM2_LOG_LEVEL", level, 1);
	log_init("PMEM2");
	log_error("an error");
	return contents();
}

int main(void)
{
	int fd = mkostemp(name, O_CLOEXEC);

	if (fd < 0)
		bail("mkostemp: %m");
	close(fd);
	setenv("PMEM2_LOG_FILE", name, 1);
	is_str(logged(""), "", "PMEM2_LOG_LEVEL: an empty level logs nothing");
	is_str(logged("0"), "", "PMEM2_LOG_LEVEL: 0 logs nothing");
	unsetenv("PMEM2_LOG_FILE");
	is_str(logged("nonsense"), "",
		"PMEM2_LOG_LEVEL: a malformed level without PMEM2_LOG_FILE logs nothing");
	setenv("PMEM2_LOG_FILE", name, 1);
	const char *text = logged("nonsense");
	has_str(text, "PMEM2_LOG_LEVEL=nonsense is not a number",
		"PMEM2_LOG_LEVEL: the log reports a level that is not a number");
	has_str(text, "an error", "PMEM2_LOG_LEVEL: a level that is not a number logs errors");
	log_error("one\nPMEM2[1] error: made up");
	text = contents();
	has_str(text, "error: one?PMEM2[1]",
		"log: a newline in a message does not begin another line");
	unlink(name);
	return tap_done();
}
