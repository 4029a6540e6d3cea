/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main.c - the daemon rpmemd, which keeps a copy of another machine's memory: starts, and ends with
 * an exit status
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "log.h"
#include "map/map.h"
#include "options.h"
#include "pool/fault.h"
#include "pool/pool.h"
#include "session.h"
#include "writers.h"

/*
 * Print the error message on standard error, for a local user, or for one who started rpmemd
 * through ssh.
 */
static int complain(int status)
{
	fprintf(stderr, "rpmemd: %s\n", err_get());
	return status;
}

/*
 * Limit the damage of bytes from the network that exploit a bug: programs that rpmemd might run
 * gain no rights, and no core file with pools and secrets is written. Also raise the limit of file
 * descriptors, which lanes need; rpmemd nowhere requires small descriptors, as select(2) would.
 */
static void harden(void)
{
	const struct rlimit none = {0, 0};
	struct rlimit files;

	/*
	 * If the size of files is limited (ulimit -f), writing to a part or to the log must fail
	 * with EFBIG, and not end the daemon.
	 */
	signal(SIGXFSZ, SIG_IGN);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int start(const struct config *config)
{
	int error = daemon_log_open(config);

	cpu_init();
	fault_init();
	if (!error)
		error = map_init();
	if (!error && config->persist_general_given)
		log_warning(
			"persist-general has no effect: how bytes become durable follows from the pool and the provider");
	return error;
}

/* Serve an initiator, or remove a pool set. If the removal fails, the exit status is the errno. */
static int run(const struct options *options, const struct config *config)
{
	if (!options->remove)
		return session_run(config);
	int error = writers_remove(config, options->remove, options->remove_flags);
	return error ? complain(-error) : EXIT_SUCCESS;
}

/* Report a failure of the start to standard error, and to the initiator. */
static int fail(const struct options *options, int error)
{
	char sentence[ERR_SIZE];

	snprintf(sentence, sizeof(sentence), "%s", err_get());
	complain(EXIT_FAILURE);
	return options->remove ? EXIT_FAILURE : session_refuse(error, sentence);
}

int main(int argc, char **argv)
{
	struct options options;
	struct config config;

	options_parse(&options, argc, argv);
	if (!options.remove && isatty(STDIN_FILENO)) {
		err_set(-ENOTTY,
			"librpmem starts this program over ssh, but standard input is a terminal; "
			"see --help");
		return complain(OPTIONS_EXIT_USAGE);
	}
	harden();
	int error = options_configure(&options, &config);
	/* A missing configuration file must not be reported as a missing pool set. */
	if (error)
		return fail(&options, error == -ENOENT ? -EINVAL : error);
	error = start(&config);
	int status = error ? fail(&options, error) : run(&options, &config);
	config_fini(&config);
	return status;
}
