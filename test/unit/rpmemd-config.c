/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rpmemd-config.c - test how rpmemd reads its configuration files and command line, also if they
 * are wrong
 */
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
	is_str(config.poolset_dir, "/home/somebody", "defaults: poolset-dir is the home directory");
	is_str(config.log_file, "/var/log/rpmemd.log", "defaults: log-file is /var/log/rpmemd.log");
	ok(config.use_syslog, "defaults: messages go to syslog, not to the log file");
	is_int(config.log_level, LOG_ERROR, "defaults: only errors are logged");
	ok(!config.persist_apm && !config.persist_general_given,
		"defaults: persist-apm is off, and persist-general is not set");
	ok(config.data_over_ssh, "defaults: pool data may be sent over the ssh connection");
	is_int(config.max_lanes, 1024, "defaults: max-lanes is 1024");
	is_int(config.nthreads, 0, "defaults: nthreads is 0");
	is_int(config.timeout_ms, 30000, "defaults: timeout is 30000 ms");
	is_int(config.poll_us, 50, "defaults: poll-us is 50");
	ok(config.learns,
		"defaults: the daemon learns from earlier messages when to poll for the next one");
	ok(!config.port_low && !config.port_high, "defaults: any port may be used");
	unsetenv("HOME");
	defaults();
	ok(config.poolset_dir[0] == '/' && strcmp(config.poolset_dir, "/home/somebody"),
		"defaults: without HOME, the home directory is taken from the user database");
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
		     "data-over-ssh = no\n"
		     "nthreads = 3\n"
		     "max-lanes = 17\r\n"
		     "port-range = 7000-7010\n"
		     "timeout = 1234\n"
		     "poll-us = 0\n"
		     "log-file = /var/log/a=b"),
		0,
		"config: all settings are read, with blanks, comments and no newline at the end");
	is_str(config.poolset_dir, "/a/b", "config: poolset-dir is read");
	is_int(config.log_level, LOG_NOTICE, "config: log-level is read");
	ok(config.persist_apm && config.persist_general_given,
		"config: persist-apm and persist-general are read");
	ok(!config.data_over_ssh, "config: data-over-ssh is read");
	is_int(config.nthreads, 3, "config: nthreads is read");
	is_int(config.max_lanes, 17, "config: max-lanes is read");
	is_int(config.port_low * 10000 + config.port_high, 70007010, "config: port-range is read");
	is_int(config.timeout_ms, 1234, "config: timeout is read");
	is_int(config.poll_us, 0, "config: poll-us is read");
	ok(!config.learns,
		"config: if poll-us is set, the daemon does not learn from earlier messages when to poll");
	is_str(config.log_file, "/var/log/a=b", "config: the name of log-file may have an = in it");
	ok(!config.use_syslog, "config: log-file switches syslog off");
	is_int(parse("log-file = /x\nuse-syslog = yes\n"), 0,
		"config: use-syslog after log-file is accepted");
	ok(config.use_syslog, "config: use-syslog after log-file switches syslog on");
	is_int(parse("use-syslog = yes\nlog-file = /x\n"), 0,
		"config: log-file after use-syslog is accepted");
	ok(!config.use_syslog, "config: log-file after use-syslog switches syslog off");
	is_int(parse("port-range = 65535\n"), 0, "config: port-range may be a single port");
	is_int(config.port_low + config.port_high, 2 * 65535,
		"config: a port-range of a single port has that port as first and last port");
	static const char *const levels[] = {"err", "warn", "notice", "info", "debug"};
	for (size_t i = 0; i < 5; i++) {
		char line[40];
		snprintf(line, sizeof(line), "log-level = %s", levels[i]);
		is_int(parse(line), 0, "config: %s is accepted", line);
		is_int(config.log_level, i < 3 ? i + 1 : i,
			"config: each name of a log-level gives the right level");
	}
}

static void home(void)
{
	parse("poolset-dir = $HOME/sets\nlog-file = $HOME/rpmemd.log\n");
	is_str(config.poolset_dir, "/home/somebody/sets",
		"config: $HOME in poolset-dir is replaced");
	is_str(config.log_file, "/home/somebody/rpmemd.log",
		"config: $HOME in log-file is replaced");
	parse("poolset-dir = /$HOMER/$HOME\nlog-file = /a$HOME$HOME\n");
	is_str(config.poolset_dir, "/$HOMER/$HOME",
		"config: $HOME is not replaced inside the path, or if it begins a longer name ($HOMER)");
	is_str(config.log_file, "/a/home/somebody$HOME",
		"config: a second $HOME in a value is not replaced");
	is_int(parse("log-file = $HOME"), 0, "config: log-file may be $HOME alone");
	is_str(config.log_file, "/home/somebody", "config: $HOME alone is the home directory");
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
		is_int(parse(bad[i].text), -EINVAL, "config: a file with a mistake is refused");
		has_str(err_get(), bad[i].sentence, "config: the message says \"%s\"",
			bad[i].sentence);
	}
	is_int(config_parse(&config, "a\0b", 3, "x.conf"), -EINVAL,
		"config: a NUL byte is refused");
	has_str(err_get(), "it is not text",
		"config: the message says that a file with a NUL byte is not text");
	char *text = malloc(70000);
	memset(text, '#', 70000);
	is_int(config_parse(&config, text, 70000, "x.conf"), -EINVAL,
		"config: a file of more than 65536 bytes is refused");
	has_str(err_get(), "more than 65536 bytes",
		"config: the message says how large a file may be");
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
	is_int(CONFIGURE("-t", "4"), 0, "command line: -t without --config is accepted");
	is_str(config.log_file, "/users", "command line: without --config, ~/.rpmemd.conf is read");
	is_int(config.nthreads * 10 + config.max_lanes, 45, "command line: -t sets nthreads");
	is_int(CONFIGURE("--config", file, "--max-lanes=9"), 0,
		"command line: --config with another option is accepted");
	is_str(config.log_file, "/var/log/rpmemd.log",
		"command line: with --config, ~/.rpmemd.conf is not read");
	is_int(config.timeout_ms * 10 + config.max_lanes, 779,
		"command line: settings of the file of --config and of other options apply");
	is_int(CONFIGURE("--max-lanes=9"), 0,
		"command line: an option may be given although ~/.rpmemd.conf exists");
	is_int(config.max_lanes, 9, "command line: an option overrules ~/.rpmemd.conf");
	ok(!config.use_syslog, "command line: log-file of ~/.rpmemd.conf switches syslog off");
	is_int(CONFIGURE("--use-syslog", "--persist-apm", "--persist-general"), 0,
		"command line: options such as --use-syslog need no value");
	ok(config.use_syslog && config.persist_apm && config.persist_general_given,
		"command line: --use-syslog without a value means yes");
	is_int(CONFIGURE("--log-level=loud"), -EINVAL, "command line: a bad log level is refused");
	has_str(err_get(), "--log-level: \"loud\" is not a log level",
		"command line: the message names the option that is wrong");
	is_int(CONFIGURE("-c", "/nowhere/at.all"), -ENOENT,
		"command line: a missing file for -c is refused");
	has_str(err_get(), "/nowhere/at.all",
		"command line: the message names the file of -c that is missing");
	is_int(CONFIGURE("-c", dir), -EISDIR, "command line: a directory for -c is refused");
	write_file(".rpmemd.conf", "\nnothing\n");
	is_int(CONFIGURE("-t4"), -EINVAL, "config: a mistake in ~/.rpmemd.conf is refused");
	has_str(err_get(), "/.rpmemd.conf:2: \"nothing\" is not KEY = VALUE",
		"config: the message has the file and the line of the mistake");
	write_file(".rpmemd.conf", "");
}

/* Returns rpmemd's exit status with this option, or 77 if it would go on and run as a daemon. */
static int status_of(const char *option)
{
	const char *argv[] = {"rpmemd", option, NULL};
	struct options options;
	int status;
	pid_t child = fork();

	if (!child) {
		int null = open("/dev/null", O_WRONLY);
		dup2(null, STDERR_FILENO);
		/*
		 * Standard output is closed, because only the initiator may get bytes on it: an
		 * option must not print there.
		 */
		close(STDOUT_FILENO);
		options_parse(&options, option ? 2 : 1, (char **)argv);
		_exit(77);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void statuses(void)
{
	is_int(status_of(NULL), 77, "rpmemd: without options, the daemon starts");
	is_int(status_of("--help"), 0, "rpmemd: --help exits with status 0");
	is_int(status_of("-h"), 0, "rpmemd: -h exits with status 0");
	is_int(status_of("--version"), 0, "rpmemd: --version exits with status 0");
	is_int(status_of("-V"), 0, "rpmemd: -V exits with status 0");
	is_int(status_of("--usage"), 0, "rpmemd: --usage exits with status 0");
	is_int(status_of("--nothing"), 255, "rpmemd: an unknown long option exits with status 255");
	is_int(status_of("-x"), 255, "rpmemd: an unknown short option exits with status 255");
	is_int(status_of("word"), 255,
		"rpmemd: a word that is not an option exits with status 255");
	is_int(status_of("--remove"), 255,
		"rpmemd: --remove without its argument exits with status 255");
	is_int(status_of("--force"), 255, "rpmemd: --force without --remove exits with status 255");
	is_int(status_of("-s"), 255, "rpmemd: -s without --remove exits with status 255");
	is_int(status_of("--persist-apm=yes"), 255,
		"rpmemd: an argument for an option that takes none exits with status 255");
}

static void removal(void)
{
	struct options options;
	const char *argv[] = {"rpmemd", "-fs", "-r", "x.set", NULL};

	options_parse(&options, 4, (char **)argv);
	is_str(options.remove, "x.set", "options: --remove names the pool set");
	is_int(options.remove_flags, POOL_REMOVE_FORCE | POOL_REMOVE_SET_FILE,
		"options: -f means --force, and -s means --pool-set");
	const char *names[] = {"rpmemd", "--remove=y.set", "--pool-set", NULL};
	options_parse(&options, 3, (char **)names);
	is_str(options.remove, "y.set", "options: --remove=NAME names the pool set");
	is_int(options.remove_flags, POOL_REMOVE_SET_FILE,
		"options: --pool-set sets the flag POOL_REMOVE_SET_FILE");
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
