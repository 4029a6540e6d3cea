/* SPDX-License-Identifier: BSD-3-Clause */
/* libpmem-messages.c - tests pmem_check_version(), pmem_errormsg(), and the logs of libpmem */
#include <pthread.h>
#include <stdatomic.h>

#include "api/libpmem.h"

#define FAIL() pmem_map_file(NULL, 0, 0, 0, NULL, NULL)

static void versions(void)
{
	ok(!pmem_check_version(PMEM_MAJOR_VERSION, PMEM_MINOR_VERSION),
		"pmem_check_version: the library's own version is accepted");
	ok(!pmem_check_version(1, 0), "pmem_check_version: version 1.0 is accepted");
	is_str(pmem_check_version(1, 2), "libpmem minor version mismatch (need 2, found 1)",
		"pmem_check_version: version 1.2 is refused, as the library has 1.1");
	is_str(pmem_check_version(2, 0), "libpmem major version mismatch (need 2, found 1)",
		"pmem_check_version: version 2.0 is refused");
	is_str(pmem_check_version(0, 9), "libpmem major version mismatch (need 0, found 1)",
		"pmem_check_version: version 0.9 is refused");
	is_str(pmem_check_version(UINT32_MAX, 0),
		"libpmem major version mismatch (need 4294967295, found 1)",
		"pmem_check_version: the highest possible major version is refused");
	is_str(pmem_errormsg(), pmem_check_version(UINT32_MAX, 0),
		"pmem_check_version: the text that it returns is also that of pmem_errormsg()");
}

static void *first_message(void *text)
{
	strcpy(text, pmem_errormsg());
	FAIL();
	return NULL;
}

static void errors(void)
{
	char text[100] = "?";
	pthread_t thread;

	FAIL();
	is_str(pmem_errormsg(), "the path is NULL",
		"pmem_errormsg: a failed call leaves a message");
	is_int(pmem_msync(NULL, 0), 0, "pmem_msync: an empty range succeeds");
	is_str(pmem_errormsg(), "the path is NULL",
		"pmem_errormsg: success does not clear the message");
	pmem_map_file("/nonexistent/x", 0, 0, 0, NULL, NULL);
	has_str(pmem_errormsg(), "/nonexistent/x",
		"pmem_errormsg: the next failure replaces the message");
	pthread_create(&thread, NULL, first_message, text);
	pthread_join(thread, NULL);
	is_str(text, "", "pmem_errormsg: another thread has no message at first");
	has_str(pmem_errormsg(), "/nonexistent/x",
		"pmem_errormsg: a failure in another thread does not change this thread's message");
}

/*
 * Records the last call of hear(), the log function of this test, and the number of its calls since
 * the last count().
 */
static struct {
	atomic_int calls;
	enum pmem_log_level level;
	bool has_place;
	char message[600];
} heard;

static void hear(enum pmem_log_level level, const char *file, unsigned line, const char *function,
	const char *message)
{
	heard.level = level;
	heard.has_place = file && strstr(file, ".c") && line && function && *function;
	snprintf(heard.message, sizeof(heard.message), "%s", message);
	atomic_fetch_add(&heard.calls, 1);
	errno = 99; /* the library must restore errno before it returns to the program */
}

static int count(void)
{
	return atomic_exchange(&heard.calls, 0);
}

static void functions(void)
{
	is_int(pmem_log_set_function(hear), 0,
		"pmem_log_set_function: a function of the program is accepted");
	ok(count() == 1 && heard.level == PMEM_LOG_LEVEL_HARK,
		"log function: it gets one message of level HARK as soon as it is set");
	has_str(heard.message, "Holdfast", "log function: the first message names the library");
	errno = 0;
	FAIL();
	is_int(errno, EINVAL,
		"log function: a change of errno in the log function does not change the errno of a failed call");
	ok(count() == 1 && heard.level == PMEM_LOG_LEVEL_ERROR && heard.has_place,
		"log function: it gets the message of an error, with file and line");
	has_str(heard.message, "the path is NULL",
		"log function: the message of an error is that of pmem_errormsg()");
	ok(!strchr(heard.message, '\n'), "log function: a message has no newline");
	char *addr = map_of("file", 4096);
	is_int(count(), 0, "log function: it is not called if a call succeeds");
	pmem_log_set_threshold(PMEM_LOG_THRESHOLD, PMEM_LOG_LEVEL_NOTICE);
	pmem_unmap(addr, 4096);
	addr = map_of("file", 4096);
	ok(count() >= 1 && heard.level == PMEM_LOG_LEVEL_NOTICE,
		"log function: with threshold NOTICE it gets a notice of a call that succeeded: %s",
		heard.message);
	pmem_log_set_threshold(PMEM_LOG_THRESHOLD, PMEM_LOG_LEVEL_FATAL);
	FAIL();
	is_int(count(), 0, "log function: with threshold FATAL it is not called for an error");
	is_str(pmem_errormsg(), "the path is NULL",
		"pmem_errormsg: it has the message of an error that the threshold keeps out of the log");
	pmem_log_set_threshold(PMEM_LOG_THRESHOLD, PMEM_LOG_LEVEL_HARK);
	is_int(pmem_log_set_function(hear), 0,
		"pmem_log_set_function: the same function is accepted again");
	is_int(count(), 1,
		"log function: with threshold HARK it gets a message as soon as it is set");
	pmem_log_set_threshold(PMEM_LOG_THRESHOLD, PMEM_LOG_LEVEL_WARNING);
	is_int(pmem_log_set_function(PMEM_LOG_USE_DEFAULT_FUNCTION), 0,
		"pmem_log_set_function: PMEM_LOG_USE_DEFAULT_FUNCTION is accepted");
	FAIL();
	is_int(count(), 0,
		"log function: the program's function is not called after the default function was set");
	pmem_unmap(addr, 4096);
}

static void thresholds(void)
{
	enum pmem_log_level level = PMEM_LOG_LEVEL_DEBUG;

	is_int(pmem_log_get_threshold(PMEM_LOG_THRESHOLD, &level), 0,
		"pmem_log_get_threshold: it returns the value that was set for PMEM_LOG_THRESHOLD");
	is_int(level, PMEM_LOG_LEVEL_WARNING,
		"pmem_log_get_threshold: PMEM_LOG_THRESHOLD is WARNING by default");
	is_int(pmem_log_get_threshold(PMEM_LOG_THRESHOLD_AUX, &level), 0,
		"pmem_log_get_threshold: it returns the value that was set for PMEM_LOG_THRESHOLD_AUX");
	is_int(level, PMEM_LOG_LEVEL_HARK,
		"pmem_log_get_threshold: PMEM_LOG_THRESHOLD_AUX is HARK by default");
	for (int i = PMEM_LOG_LEVEL_HARK; i <= PMEM_LOG_LEVEL_DEBUG; i++) {
		pmem_log_set_threshold(PMEM_LOG_THRESHOLD, (enum pmem_log_level)i);
		pmem_log_get_threshold(PMEM_LOG_THRESHOLD, &level);
		is_int(level, i, "pmem_log_set_threshold: level %d is accepted", i);
	}
	errno = 0;
	is_int(pmem_log_set_threshold(PMEM_LOG_THRESHOLD, (enum pmem_log_level)7), 1,
		"pmem_log_set_threshold: level 7 is refused");
	is_int(errno, EINVAL, "pmem_log_set_threshold: errno is EINVAL for level 7");
	errno = 0;
	is_int(pmem_log_set_threshold(PMEM_LOG_THRESHOLD, (enum pmem_log_level) - 1), 1,
		"pmem_log_set_threshold: level -1 is refused");
	is_int(errno, EINVAL, "pmem_log_set_threshold: errno is EINVAL for level -1");
	errno = 0;
	is_int(pmem_log_set_threshold((enum pmem_log_threshold)2, PMEM_LOG_LEVEL_HARK), 1,
		"pmem_log_set_threshold: an unknown threshold is refused");
	is_int(errno, EINVAL, "pmem_log_set_threshold: errno is EINVAL for an unknown threshold");
	errno = 0;
	is_int(pmem_log_get_threshold((enum pmem_log_threshold)2, &level), 1,
		"pmem_log_get_threshold: an unknown threshold is refused");
	is_int(errno, EINVAL, "pmem_log_get_threshold: errno is EINVAL for an unknown threshold");
	errno = 0;
	is_int(pmem_log_get_threshold(PMEM_LOG_THRESHOLD, NULL), 1,
		"pmem_log_get_threshold: NULL is refused");
	is_int(errno, EINVAL, "pmem_log_get_threshold: errno is EINVAL for NULL");
	pmem_log_get_threshold(PMEM_LOG_THRESHOLD, &level);
	is_int(level, PMEM_LOG_LEVEL_DEBUG,
		"pmem_log_set_threshold: refused calls leave the threshold as it was");
	pmem_log_set_threshold(PMEM_LOG_THRESHOLD, PMEM_LOG_LEVEL_WARNING);
}

/*
 * Runs fails_somehow(which) in a new process with these environment variables. Returns the text
 * that the process prints on standard error.
 */
static const char *printed(const char *which, const char *const *variables)
{
	static char text[2000];
	int pipe_ends[2], saved = dup(STDERR_FILENO);

	if (pipe(pipe_ends) || dup2(pipe_ends[1], STDERR_FILENO) < 0)
		bail("cannot make a pipe: %m");
	close(pipe_ends[1]);
	int status = again(which, variables);
	dup2(saved, STDERR_FILENO);
	close(saved);
	ssize_t got = read(pipe_ends[0], text, sizeof(text) - 1);
	close(pipe_ends[0]);
	text[got < 0 ? 0 : got] = '\0';
	is_int(status, 0, "log test: a child process that makes a failing call exits with 0: %s",
		which);
	return text;
}

static int lines(const char *text)
{
	int count_ = 0;

	for (; *text; text++)
		count_ += *text == '\n';
	return count_;
}

static int fails_somehow(const char *which)
{
	if (strstr(which, "aux"))
		pmem_log_set_threshold(PMEM_LOG_THRESHOLD_AUX, PMEM_LOG_LEVEL_ERROR);
	if (strstr(which, "low"))
		pmem_log_set_threshold(PMEM_LOG_THRESHOLD, PMEM_LOG_LEVEL_FATAL);
	if (strstr(which, "own"))
		pmem_log_set_function(hear);
	FAIL();
	return 0;
}

static void printing(void)
{
	static const char *const errors_[] = {"PMEM_LOG_LEVEL=1", NULL};
	static const char *const all[] = {"PMEM_LOG_LEVEL=4", NULL};
	char file[100];
	const char *const to_file[] = {"PMEM_LOG_LEVEL=1", file, NULL};

	snprintf(file, sizeof(file), "PMEM_LOG_FILE=%s", at("log"));
	is_str(printed("default", NULL), "", "standard error: nothing is printed by default");
	is_str(printed("own", NULL), "",
		"standard error: nothing is printed if the program has a log function");
	is_str(printed("aux", NULL), "libpmem: the path is NULL (-22)\n",
		"standard error: an error is printed if PMEM_LOG_THRESHOLD_AUX is ERROR");
	is_str(printed("aux and low", NULL), "",
		"standard error: an error is not printed if PMEM_LOG_THRESHOLD is FATAL");
	const char *text = printed("default", errors_);
	has_str(text, "error: the path is NULL",
		"standard error: with PMEM_LOG_LEVEL=1 an error is printed");
	is_int(lines(text), 1, "standard error: with PMEM_LOG_LEVEL=1 only the error is printed");
	is_int(lines(printed("aux", errors_)), 1,
		"standard error: with PMEM_LOG_LEVEL=1 and PMEM_LOG_THRESHOLD_AUX=ERROR an error is printed once, not twice");
	is_int(lines(printed("own", errors_)), 1,
		"standard error: with PMEM_LOG_LEVEL=1 an error is printed despite a log function");
	ok(lines(printed("default", all)) > 1,
		"standard error: with PMEM_LOG_LEVEL=4 more messages than the error are printed");
	is_str(printed("default", to_file), "",
		"standard error: nothing is printed if PMEM_LOG_FILE names a file");
	ok(size_of(at("log")) > 10, "PMEM_LOG_FILE: the file has the messages");
}

static atomic_bool done;

static void *fail_again_and_again(void *nothing)
{
	while (!atomic_load(&done))
		FAIL();
	return nothing;
}

static void hear_many(enum pmem_log_level level, const char *file, unsigned line,
	const char *function, const char *message)
{
	atomic_fetch_add(&heard.calls, 1);
}

/*
 * Two threads set the log function and the threshold while two other threads log messages, so that
 * the thread sanitizer can find races.
 */
static void *set_again_and_again(void *nothing)
{
	for (int i = 0; i < 2000; i++) {
		pmem_log_set_function(i % 2 ? hear_many : NULL);
		pmem_log_set_threshold(PMEM_LOG_THRESHOLD, (enum pmem_log_level)(i % 7));
	}
	return nothing;
}

static void threads(void)
{
	pthread_t failing[2], setting[2];

	for (int i = 0; i < 2; i++) {
		pthread_create(&failing[i], NULL, fail_again_and_again, NULL);
		pthread_create(&setting[i], NULL, set_again_and_again, NULL);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(setting[i], NULL);
	atomic_store(&done, true);
	for (int i = 0; i < 2; i++)
		pthread_join(failing[i], NULL);
	pmem_log_set_function(hear_many);
	pmem_log_set_threshold(PMEM_LOG_THRESHOLD, PMEM_LOG_LEVEL_ERROR);
	count();
	FAIL();
	is_int(count(), 1,
		"log function: after four threads changed it, the function that was set last is called");
}

/*
 * Tests that messages name the file's path, not a descriptor: the program has not opened any, the
 * library has.
 */
static void names_path(const char *path, const char *what)
{
	size_t length;
	int is_pmem;

	ok(!pmem_map_file(path, 0, 0, 0, &length, &is_pmem), "pmem_map_file: %s cannot be mapped",
		what);
	has_str(pmem_errormsg(), path, "pmem_map_file: the message for %s names its path", what);
	ok(!strstr(pmem_errormsg(), "descriptor"),
		"pmem_map_file: the message for %s names no descriptor", what);
}

static void paths(void)
{
	const char *unmappable = "/sys/kernel/mm/ksm/run";

	if (mkfifo(at("pipe"), 0600))
		bail("cannot make a FIFO: %m");
	names_path(at("pipe"), "a pipe");
	names_path("/dev/null", "a character device");
	names_path(scratch, "a directory");
	if (access(unmappable, R_OK | W_OK)) {
		skip("pmem_map_file: the message for a file of sysfs names its path",
			"this user may not write to that file");
		return;
	}
	names_path(unmappable, "a file of sysfs");
	has_str(pmem_errormsg(), "its file system cannot map files",
		"pmem_map_file: the message for ENODEV says that the file system maps no files");
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return fails_somehow(argv[1]);
	scratch_open();
	is_str(pmem_errormsg(), "", "pmem_errormsg: it is empty before the first failure");
	versions();
	errors();
	thresholds();
	functions();
	paths();
	printing();
	threads();
	scratch_close();
	return tap_done();
}
