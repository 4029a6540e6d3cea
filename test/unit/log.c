/* SPDX-License-Identifier: BSD-3-Clause */
/* log.c - PMEM2_LOG_LEVEL: what is logged if it is empty, 0 or malformed */
#include "unit/logged.h"

static const char *logged_at(const char *level)
{
	if (truncate(logged_file, 0))
		bail("truncate: %m");
	setenv("PMEM2_LOG_LEVEL", level, 1);
	log_init("PMEM2");
	log_error("an error");
	return logged();
}

int main(void)
{
	logged_open();
	is_str(logged_at(""), "", "PMEM2_LOG_LEVEL: an empty level logs nothing");
	is_str(logged_at("0"), "", "PMEM2_LOG_LEVEL: 0 logs nothing");
	unsetenv("PMEM2_LOG_FILE");
	is_str(logged_at("nonsense"), "",
		"PMEM2_LOG_LEVEL: a malformed level without PMEM2_LOG_FILE logs nothing");
	setenv("PMEM2_LOG_FILE", logged_file, 1);
	const char *text = logged_at("nonsense");
	has_str(text, "PMEM2_LOG_LEVEL=nonsense is not a number",
		"PMEM2_LOG_LEVEL: the log reports a level that is not a number");
	has_str(text, "an error",
		"PMEM2_LOG_LEVEL: with a level that is not a number, errors are logged");
	log_error("one\nPMEM2[1] error: made up");
	text = logged();
	has_str(text, "error: one?PMEM2[1]",
		"log: a newline in a message does not begin a new line of the log");
	logged_close();
	return tap_done();
}
