/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rpmemd.c - a fuzzer of configuration files of rpmemd: all accepted values are within their
 * limits
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "fuzz.h"
#include "rpmemd/config.h"

static void check(const struct config *config)
{
	must(config->poolset_dir && config->poolset_dir[0] == '/');
	must(config->log_file && config->log_file[0]);
	must(config->log_level >= LOG_ERROR && config->log_level <= LOG_DEBUG);
	must(config->max_lanes >= 1 && config->max_lanes <= 4096);
	must(config->nthreads <= 1024);
	must(config->timeout_ms >= 1 && config->timeout_ms <= 24 * 60 * 60 * 1000);
	must(config->poll_us <= 1000000);
	must(config->port_low <= config->port_high && !config->port_low == !config->port_high);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;

	setenv("HOME", "/home/somebody", 1);
	must(!config_init(&config));
	int error = config_parse(&config, (const char *)data, size, "x.conf");
	must(error <= 0);
	if (error)
		must(strstr(err_get(), "x.conf"));
	check(&config);
	config_fini(&config);
	return 0;
}
