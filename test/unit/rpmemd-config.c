/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings of rpmemd: what files and the command line say, and what is wrong with them. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "pool/pool.h"
#include "rpmemd/options.h"
#include "tap.h"

static struct config config;

static void defaults(void)
{
	config_fini(&config);
	if (config_init(&config))
		bail("config_init: %s", err_get());
}

static int parse(const char *text)
{
	defaults();
	return config_parse(&config, text, strlen(text), "x.conf");
}

static void without_any(void)
{
	setenv("HOME", "/home/somebody", 1);
	defaults();
	is_str(config.poolset_dir, "/home/somebody", "pool sets are in the home directory");
	is_str(config.log_file, "/var/log/rpmemd.log", "the log file");
	ok(config.use_syslog, "is not used, syslog is");
	is_int(config.log_level, LOG_ERROR, "for errors");
	ok(!config.persist_apm && !config.persist_general_given, "nothing is said of cards");
	is_int(config.max_lanes, 1024, "lanes");
	is_int(config.nthreads, 0, "threads");
	is_int(config.timeout_ms, 30000, "the deadline");
	is_int(config.poll_us, 50, "polling");
	ok(!config.port_low && !config.port_high, "any port");
	unsetenv("HOME");
	defaults();
	ok(config.poolset_dir[0] == '/' && strcmp(config.poolset_dir, "/home/somebody"),
		"without HOME, the system knows it");
	setenv("HOME", "/home/somebody", 1);
}

static void all_keys(void)
{
	is_int(parse("# a comment\n"
		     "\n"
		     "  poolset-dir\t=  /a/b  # another\n"
		     "log-level=notice\n"
		     "persist-apm = yes\n"
		     "persist-general = no\n"
		     "nthreads = 3\n"
		     "max-lanes = 17\r\n"
		     "port-range = 7000-7010\n"
		     "timeout = 1234\n"
		     "poll-us = 0\n"
		     "log-file = /var/log/a=b"),
		0, "all settings, with blanks, comments and no end of the last line");
	is_str(config.poolset_dir, "/a/b", "poolset-dir");
	is_int(config.log_level, LOG_NOTICE, "log-level");
	ok(config.persist_apm && config.persist_general_given, "persist-apm, persist-general");
	is_int(config.nthreads, 3, "config: nthreads");
	is_int(config.max_lanes, 17, "max-lanes");
	is_int(config.port_low * 10000 + config.port_high, 70007010, "port-range");
	is_int(config.timeout_ms, 1234, "timeout");
	is_int(config.poll_us, 0, "poll-us");
	is_str(config.log_file, "/var/log/a=b", "log-file, with an = in it");
	ok(!config.use_syslog, "which is used");
	is_int(parse("log-file = /x\nuse-syslog = yes\n"), 0, "syslog after a file");
	ok(config.use_syslog, "is used instead");
	is_int(parse("use-syslog = yes\nlog-file = /x\n"), 0, "and the other way round");
	ok(!config.use_syslog, "is not");
	is_int(parse("port-range = 65535\n"), 0, "one port");
	is_int(config.port_low + config.port_high, 2 * 65535, "is a range");
	static const char *const levels[] = {"err", "warn", "notice", "info", "debug"};
	for (size_t i = 0; i < 5; i++) {
		char line[40];
		snprintf(line, sizeof(line), "log-level = %s", levels[i]);
		is_int(parse(line), 0, "%s", line);
		is_int(config.log_level, i < 3 ? i + 1 : i, "and how much that is");
	}
}

static void home(void)
{
	parse("poolset-dir = $HOME/sets\nlog-file = $HOME/rpmemd.log\n");
	is_str(config.poolset_dir, "/home/somebody/sets", "$HOME in poolset-dir");
	is_str(config.log_file, "/home/somebody/rpmemd.log", "config: $HOME in log-file");
	parse("poolset-dir = /$HOMER/$HOME\nlog-file = /a$HOME$HOME\n");
	is_str(config.poolset_dir, "/$HOMER/$HOME", "not as a part of a longer name");
	is_str(config.log_file, "/a/home/somebody$HOME", "and once");
	is_int(parse("log-file = $HOME"), 0, "nothing but $HOME");
	is_str(config.log_file, "/home/somebody", "is the home directory");
}

static void mistakes(void)
{
	static const struct {
		const char *text, *sentence;
	} bad[] = {
		{"poolset-dir = /a\nlog-lvel = err\n",
			"x.conf:2: there is no setting \"log-lvel\""},
		{"\n\nlog-level = error\n",
			"x.conf:3: \"error\" is not a log level; use err, warn"},
		{"log-level = ERR\n", "x.conf:1: \"ERR\" is not a log level"},
		{"log-level =\n", "x.conf:1: \"\" is not a log level"},
		{"persist-apm = YES\n", "x.conf:1: \"YES\" is neither yes nor no"},
		{"persist-apm = 1\n", "x.conf:1: \"1\" is neither yes nor no"},
		{"persist-general = maybe\n", "x.conf:1: \"maybe\" is neither"},
		{"use-syslog = \n", "x.conf:1: \"\" is neither"},
		{"use-syslog\n", "x.conf:1: \"use-syslog\" is not KEY = VALUE"},
		{"= yes\n", "x.conf:1: there is no setting \"\""},
		{"poolset-dir = sets\n", "x.conf:1: \"sets\" is not an absolute path"},
		{"poolset-dir = x$HOME\n", "x.conf:1: \"x/home/somebody\" is not an absolute path"},
		{"poolset-dir =\n", "x.conf:1: a path is missing"},
		{"log-file = # none\n", "x.conf:1: a path is missing"},
		{"remove = x.set\n", "x.conf:1: there is no setting \"remove\""},
		{"help = yes\n", "x.conf:1: there is no setting \"help\""},
		{"max-lanes = 0\n", "x.conf:1: \"0\" is not a number from 1 to 4096"},
		{"max-lanes = 4097\n", "not a number from 1 to 4096"},
		{"max-lanes = -1\n", "not a number"},
		{"max-lanes = 99999999999999999999\n", "not a number"},
		{"nthreads = x\n", "x.conf:1: \"x\" is not a number from 0 to 1024"},
		{"nthreads = 1 2\n", "\"1 2\" is not a number"},
		{"nthreads = 1k\n", "\"1k\" is not a number"},
		{"timeout = 0\n", "not a number from 1 to 86400000"},
		{"poll-us = 1000001\n", "not a number from 0 to 1000000"},
		{"port-range = 0-10\n", "\"0\" is not a number from 1 to 65535"},
		{"port-range = 10-65536\n", "\"65536\" is not a number"},
		{"port-range = 10-9\n", "x.conf:1: port 10 is above port 9"},
		{"port-range = -9\n", "not a number"},
		{"port-range = 9-\n", "not a number"},
		{"port-range = 000000000000009\n", "is not LOW-HIGH"},
		{"port-range = 000000000000009-10\n", "is not LOW-HIGH"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_int(parse(bad[i].text), -EINVAL, "refused:");
		has_str(err_get(), bad[i].sentence, "%s", bad[i].sentence);
	}
	is_int(config_parse(&config, "a\0b", 3, "x.conf"), -EINVAL, "a NUL");
	has_str(err_get(), "it is not text", "is no text");
	char *text = malloc(70000);
	memset(text, '#', 70000);
	is_int(config_parse(&config, text, 70000, "x.conf"), -EINVAL, "too much");
	has_str(err_get(), "more than 65536 bytes", "and how much it may be");
	free(text);
}

static char dir[64];

static const char *write_file(const char *name, const char *text)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		bail("cannot write %s: %m", path);
	return path;
}

static int configure(int argc, const char *const argv[])
{
	struct options options;

	config_fini(&config);
	options_parse(&options, argc, (char **)argv);
	return options_configure(&options, &config);
}

#define CONFIGURE(...)                                                                             \
	configure(sizeof((const char *[]){"rpmemd", __VA_ARGS__}) / sizeof(char *),                \
		(const char *[]){"rpmemd", __VA_ARGS__, NULL})

static void order(void)
{
	char file[128];

	setenv("HOME", dir, 1);
	write_file(".rpmemd.conf", "log-file = /users\nmax-lanes = 5\n");
	snprintf(file, sizeof(file), "%s", write_file("only.conf", "timeout = 77\n"));
	is_int(CONFIGURE("-t", "4"), 0, "no file is named");
	is_str(config.log_file, "/users", "the user's is read");
	is_int(config.nthreads * 10 + config.max_lanes, 45, "-t is nthreads");
	is_int(CONFIGURE("--config", file, "--max-lanes=9"), 0, "one is");
	is_str(config.log_file, "/var/log/rpmemd.log", "the user's is not");
	is_int(config.timeout_ms * 10 + config.max_lanes, 779, "but that, and the command line");
	is_int(CONFIGURE("--max-lanes=9"), 0, "the command line overrules");
	is_int(config.max_lanes, 9, "the file");
	ok(!config.use_syslog, "which has switched syslog off");
	is_int(CONFIGURE("--use-syslog", "--persist-apm", "--persist-general"), 0, "switches");
	ok(config.use_syslog && config.persist_apm && config.persist_general_given, "mean yes");
	is_int(CONFIGURE("--log-level=loud"), -EINVAL, "a mistake on the command line");
	has_str(err_get(), "--log-level: \"loud\" is not a log level", "is said to be there");
	is_int(CONFIGURE("-c", "/nowhere/at.all"), -ENOENT, "the file that is named must be there");
	has_str(err_get(), "/nowhere/at.all", "and its name is said");
	is_int(CONFIGURE("-c", dir), -EISDIR, "and be a file");
	write_file(".rpmemd.conf", "\nnothing\n");
	is_int(CONFIGURE("-t4"), -EINVAL, "a mistake in the user's file");
	has_str(err_get(), "/.rpmemd.conf:2: \"nothing\" is not KEY = VALUE", "with its line");
	write_file(".rpmemd.conf", "");
}

/* What becomes of a process with that command line. */
static int status_of(const char *option)
{
	const char *argv[] = {"rpmemd", option, NULL};
	struct options options;
	int status;
	pid_t child = fork();

	if (!child) {
		int null = open("/dev/null", O_WRONLY);
		dup2(null, STDERR_FILENO);
		/* Standard output is the peer's: nothing may be written to it. */
		close(STDOUT_FILENO);
		options_parse(&options, option ? 2 : 1, (char **)argv);
		_exit(77);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void statuses(void)
{
	is_int(status_of(NULL), 77, "no options");
	is_int(status_of("--help"), 0, "--help");
	is_int(status_of("-h"), 0, "-h");
	is_int(status_of("--version"), 0, "--version");
	is_int(status_of("-V"), 0, "-V");
	is_int(status_of("--usage"), 0, "--usage");
	is_int(status_of("--nothing"), 255, "an option that is none");
	is_int(status_of("-x"), 255, "another one");
	is_int(status_of("word"), 255, "a word");
	is_int(status_of("--remove"), 255, "an argument is missing");
	is_int(status_of("--force"), 255, "--force without --remove");
	is_int(status_of("-s"), 255, "-s without --remove");
	is_int(status_of("--persist-apm=yes"), 255, "an argument where there is none");
}

static void removal(void)
{
	struct options options;
	const char *argv[] = {"rpmemd", "-fs", "-r", "x.set", NULL};

	options_parse(&options, 4, (char **)argv);
	is_str(options.remove, "x.set", "options: --remove names the pool set");
	is_int(options.remove_flags, POOL_REMOVE_FORCE | POOL_REMOVE_SET_FILE,
		"options: --force and --pool-set by their letters");
	const char *names[] = {"rpmemd", "--remove=y.set", "--pool-set", NULL};
	options_parse(&options, 3, (char **)names);
	is_str(options.remove, "y.set", "options: --remove by its long name");
	is_int(options.remove_flags, POOL_REMOVE_SET_FILE, "options: --pool-set by its long name");
}

int main(void)
{
	snprintf(dir, sizeof(dir), "/tmp/holdfast-rpmemd-XXXXXX");
	if (!mkdtemp(dir))
		bail("cannot make %s: %m", dir);
	without_any();
	all_keys();
	home();
	mistakes();
	order();
	statuses();
	removal();
	config_fini(&config);
	unlink(write_file(".rpmemd.conf", ""));
	unlink(write_file("only.conf", ""));
	rmdir(dir);
	return tap_done();
}
