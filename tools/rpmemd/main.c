/* SPDX-License-Identifier: BSD-3-Clause */
/* rpmemd - keep a copy of another machine's memory */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "log.h"
#include "map/map.h"
#include "options.h"
#include "pool/pool.h"

/* For whoever has started this, on this machine or through ssh. */
static int complain(int status)
{
	fprintf(stderr, "rpmemd: %s\n", err_get());
	return status;
}

static int start(const struct config *config)
{
	int error = daemon_log_open(config);

	cpu_init();
	if (!error)
		error = map_init();
	if (!error && config->persist_general_given)
		log_warning("persist-general has no effect: how bytes become durable follows from "
			    "the pool and the provider");
	return error;
}

/* The status of a removal that failed is the errno. */
static int run(const struct options *options, const struct config *config)
{
	if (!options->remove) {
		err_set(-EINVAL, "there is nothing to do: --remove is missing");
		return complain(OPTIONS_EXIT_USAGE);
	}
	int error = pool_remove(config->poolset_dir, options->remove, options->remove_flags);
	return error ? complain(-error) : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct options options;
	struct config config;

	options_parse(&options, argc, argv);
	if (options_configure(&options, &config))
		return complain(EXIT_FAILURE);
	int status = start(&config) ? complain(EXIT_FAILURE) : run(&options, &config);
	config_fini(&config);
	return status;
}
