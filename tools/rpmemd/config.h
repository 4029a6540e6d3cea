/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * config.h - what the administrator says of how rpmemd works
 *
 * In files, lines `key = value'; `#' begins a comment:
 *
 *	/etc/rpmemd/rpmemd.conf, and after it $HOME/.rpmemd.conf
 *
 * and on the command line, as options of the same names, which overrule them.
 *
 * Functions return 0, or -errno with a sentence.
 */
#ifndef RPMEMD_CONFIG_H
#define RPMEMD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

#define CONFIG_SYSTEM_FILE "/etc/rpmemd/rpmemd.conf"
#define CONFIG_USER_FILE   ".rpmemd.conf"

struct config {
	char *poolset_dir; /* absolute */
	char *log_file;    /* absolute or not; used unless use_syslog */
	bool use_syslog;
	enum log_level log_level;
	bool persist_apm;
	bool persist_general_given;   /* it was named, and has no effect */
	unsigned nthreads;            /* 0: as many as there are CPUs */
	unsigned max_lanes;           /* of one connection */
	uint16_t port_low, port_high; /* of the data path; 0, 0: any */
	int timeout_ms;
	unsigned poll_us;

	char *home; /* what $HOME stands for */
};

/* The defaults. */
int config_init(struct config *config);
void config_fini(struct config *config);

/* `key` as in a file. -EINVAL; -ENOMEM. */
int config_set(struct config *config, const char *key, const char *value);

/* All lines of a text; `name` is for sentences, which name it and the line. */
int config_parse(struct config *config, const char *text, size_t length, const char *name);

/* The file; with `optional`, there need not be one. */
int config_read(struct config *config, const char *path, bool optional);

/* The files that are read where the command line names none. */
int config_read_defaults(struct config *config);

#endif
