/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * logged.c - tests that the log reports a program's mistakes in calls that have no return value
 *
 * The library sets up its log when it is loaded: so this program runs itself again, and the
 * argument names the mistake to make.
 */
#include <signal.h>
#include <sys/wait.h>

#include "api/fixture.h"

static int do_outside(void)
{
	struct pmem2_map *map = map_of(page_size(), "PAGE");
	char *memory = malloc(page_size());

	pmem2_get_persist_fn(map)(memory, 100);
	return pmem2_map_delete(&map);
}

static int do_forced(void)
{
	struct pmem2_map *map = map_of(page_size(), "LINE");

	return pmem2_map_delete(&map);
}

/*
 * Calls pmem2_perror() while standard error is a pipe without a reader: the message is lost, and
 * the program must continue.
 */
static int do_perror(void)
{
	int ends[2];

	pmem2_source_from_fd(NULL, 0);
	if (pipe(ends) || dup2(ends[1], STDERR_FILENO) < 0 || close(ends[0]))
		return 99;
	signal(SIGPIPE, SIG_DFL);
	pmem2_perror("%s", "a message without a reader");
	return 0;
}

static const struct {
	const char *name;
	int (*function)(void);
} deeds[] = {{"outside", do_outside}, {"forced", do_forced}, {"perror", do_perror}};

static int child(const char *name)
{
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		if (!strcmp(name, deeds[i].name))
			return deeds[i].function();
	return 98;
}

/*
 * Runs this program again, with log level `level`. Returns the log. The program must exit with 0.
 */
static const char *log_of(char *program, const char *deed, const char *level)
{
	static char text[8192];
	char file[] = "/tmp/holdfast-logged-XXXXXX", *end;
	int status = -1, fd = mkstemp(file);
	pid_t pid = fd < 0 ? -1 : fork();

	if (pid < 0)
		bail("cannot make a log file, or fork: %m");
	if (!pid) {
		setenv("PMEM2_LOG_FILE", file, 1);
		setenv("PMEM2_LOG_LEVEL", level, 1);
		exec_again((char *[]){program, strdup(deed), NULL});
		_exit(97);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0,
		"log: a child process exits with 0 after a mistake that the library logs: %s",
		deed);
	ssize_t length = read(fd, text, sizeof(text) - 1);
	end = text + (length > 0 ? length : 0);
	*end = '\0';
	close(fd);
	unlink(file);
	return text;
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return child(argv[1]);
	has_str(log_of(argv[0], "outside", "2"), " bytes at 0x",
		"a persist outside of every map: the log has the address and the length of the range");
	has_str(log_of(argv[0], "outside", "2"), "are in no live map: nothing to write back",
		"a persist outside of every map: the log says that nothing is written back");
	is_str(log_of(argv[0], "outside", "1"), "",
		"a persist outside of every map: at a log level for errors only, nothing is logged");
	has_str(log_of(argv[0], "forced", "2"),
		"PMEM2_FORCE_GRANULARITY=LINE is not a granularity: ignored",
		"PMEM2_FORCE_GRANULARITY=LINE: the log says that this value is ignored");
	has_str(log_of(argv[0], "outside", "nonsense"), "PMEM2_LOG_LEVEL=nonsense is not a number",
		"PMEM2_LOG_LEVEL=nonsense: the log says that the value is not a number");
	log_of(argv[0], "perror", "0");
	return tap_done();
}
