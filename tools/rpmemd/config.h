/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * config.h - the administrator's settings for rpmemd
 *
 * Settings come from two files, the second of which overrules the first:
 *
 *	/etc/rpmemd/rpmemd.conf
 *	$HOME/.rpmemd.conf
 *
 * with lines `key = value' and comments that begin with `#'; and from options of the same names on
 * the command line, which overrule the files.
 *
 * Functions return 0, or -errno with an error message.
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
	char *state_dir;   /* absolute path; NULL: ".rpmemd" beside each pool set */
	char *log_file;    /* absolute or relative path; ignored if use_syslog is set */
	bool use_syslog;
	enum log_level log_level;
	bool persist_apm;
	bool data_over_ssh;           /* an initiator may send its data through ssh */
	bool persist_general_given;   /* persist-general was given, which has no effect */
	unsigned nthreads;            /* 0: one per CPU */
	unsigned max_lanes;           /* per connection */
	uint16_t port_low, port_high; /* range of ports to listen at for data; 0, 0: any port */
	int timeout_ms;
	unsigned poll_us;
	bool learns; /* poll-us was not set: also poll when a message is expected */

	char *home; /* the value of $HOME */
};

/* Set the defaults. */
int config_init(struct config *config);
void config_fini(struct config *config);

/* Apply one setting. `key` is its name in a configuration file. Returns 0, -EINVAL or -ENOMEM. */
int config_set(struct config *config, const char *key, const char *value);

/* Apply all lines of a text. Error messages begin with `name` and the number of the line. */
int config_parse(struct config *config, const char *text, size_t length, const char *name);

/* Read a configuration file. If `optional` is true, the file may be missing. */
int config_read(struct config *config, const char *path, bool optional);

/* Read the two default files. Call it if the command line does not name a file. */
int config_read_defaults(struct config *config);

#endif
