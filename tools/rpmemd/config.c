/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/err.h"

#define LOG_FILE "/var/log/rpmemd.log"

#define LANES_MAXIMUM   4096
#define THREADS_MAXIMUM 1024
#define TIMEOUT_MAXIMUM (24 * 60 * 60 * 1000) /* a day, in milliseconds */
#define POLL_MAXIMUM    1000000               /* a second, in microseconds */

static int no_memory(void)
{
	return err_set(-ENOMEM, "out of memory for the configuration");
}

static int replace(char **place, char *with)
{
	if (!with)
		return no_memory();
	free(*place);
	*place = with;
	return 0;
}

/*
 * Replace the first $HOME, unless it is the beginning of a longer name. Returns a new string, or
 * NULL without memory.
 */
static char *with_home(const char *value, const char *home)
{
	const char *at = strstr(value, "$HOME");
	char *result;

	if (!at || isalnum((unsigned char)at[strlen("$HOME")]))
		return strdup(value);
	if (asprintf(&result, "%.*s%s%s", (int)(at - value), value, home, at + strlen("$HOME")) < 0)
		return NULL;
	return result;
}

static int set_path(const struct config *config, char **place, const char *value)
{
	if (!*value)
		return err_set(-EINVAL, "a path is missing");
	return replace(place, with_home(value, config->home));
}

static int set_bool(bool *place, const char *value)
{
	bool yes = !strcmp(value, "yes");

	if (!yes && strcmp(value, "no"))
		return err_set(-EINVAL, "\"%.100s\" is neither yes nor no", value);
	*place = yes;
	return 0;
}

/* Parse a number of decimal digits only, from `least` to `most`. */
static int number(const char *value, unsigned least, unsigned most, unsigned *result)
{
	unsigned found = 0;
	bool fits = *value;

	for (const char *digit = value; *digit && fits; digit++)
		fits = isdigit((unsigned char)*digit) &&
		       !__builtin_mul_overflow(found, 10U, &found) &&
		       !__builtin_add_overflow(found, (unsigned)(*digit - '0'), &found);
	if (!fits || found < least || found > most)
		return err_set(
			-EINVAL, "\"%.100s\" is not a number from %u to %u", value, least, most);
	*result = found;
	return 0;
}

static int set_folder(const struct config *config, char **place, const char *value)
{
	char *old = *place, *new = NULL;
	int error = set_path(config, &new, value);

	if (error)
		return error;
	if (*new != '/') {
		error = err_set(-EINVAL, "\"%.200s\" is not an absolute path", new);
		free(new);
		return error;
	}
	*place = new;
	free(old);
	return 0;
}

static int set_poolset_dir(struct config *config, const char *value)
{
	return set_folder(config, &config->poolset_dir, value);
}

static int set_state_dir(struct config *config, const char *value)
{
	return set_folder(config, &config->state_dir, value);
}

/* Set the log file. Messages then go to this file instead of syslog. */
static int set_log_file(struct config *config, const char *value)
{
	int error = set_path(config, &config->log_file, value);

	if (!error)
		config->use_syslog = false;
	return error;
}

static int set_use_syslog(struct config *config, const char *value)
{
	return set_bool(&config->use_syslog, value);
}

static int set_log_level(struct config *config, const char *value)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = {
		{"err", LOG_ERROR},
		{"warn", LOG_WARNING},
		{"notice", LOG_NOTICE},
		{"info", LOG_NOTICE},
		{"debug", LOG_DEBUG},
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (!strcmp(value, levels[i].name)) {
			config->log_level = levels[i].level;
			return 0;
		}
	return err_set(-EINVAL,
		"\"%.100s\" is not a log level; use err, warn, notice, info or debug", value);
}

static int set_persist_apm(struct config *config, const char *value)
{
	return set_bool(&config->persist_apm, value);
}

static int set_data_over_ssh(struct config *config, const char *value)
{
	return set_bool(&config->data_over_ssh, value);
}

static int set_persist_general(struct config *config, const char *value)
{
	bool ignored;
	int error = set_bool(&ignored, value);

	if (!error)
		config->persist_general_given = true;
	return error;
}

static int set_nthreads(struct config *config, const char *value)
{
	return number(value, 0, THREADS_MAXIMUM, &config->nthreads);
}

static int set_max_lanes(struct config *config, const char *value)
{
	return number(value, 1, LANES_MAXIMUM, &config->max_lanes);
}

static int set_timeout(struct config *config, const char *value)
{
	unsigned timeout;
	int error = number(value, 1, TIMEOUT_MAXIMUM, &timeout);

	if (!error)
		config->timeout_ms = (int)timeout;
	return error;
}

static int set_poll_us(struct config *config, const char *value)
{
	config->learns = false;
	return number(value, 0, POLL_MAXIMUM, &config->poll_us);
}

/* Parse a range of ports "LOW-HIGH", or a single port. */
static int set_port_range(struct config *config, const char *value)
{
	const char *dash = strchr(value, '-');
	char low[8];
	unsigned from, to;
	int length = snprintf(
		low, sizeof(low), "%.*s", dash ? (int)(dash - value) : (int)sizeof(low), value);

	if (length >= (int)sizeof(low))
		return err_set(-EINVAL, "\"%.100s\" is not LOW-HIGH, a range of ports", value);
	int error = number(low, 1, UINT16_MAX, &from);
	if (!error)
		error = number(dash ? dash + 1 : low, 1, UINT16_MAX, &to);
	if (!error && from > to)
		error = err_set(-EINVAL, "port %u is above port %u", from, to);
	if (error)
		return error;
	config->port_low = (uint16_t)from;
	config->port_high = (uint16_t)to;
	return 0;
}

static const struct {
	const char *name;
	int (*set)(struct config *config, const char *value);
} keys[] = {
	{"log-file", set_log_file},
	{"poolset-dir", set_poolset_dir},
	{"state-dir", set_state_dir},
	{"persist-apm", set_persist_apm},
	{"data-over-ssh", set_data_over_ssh},
	{"persist-general", set_persist_general},
	{"use-syslog", set_use_syslog},
	{"log-level", set_log_level},
	{"nthreads", set_nthreads},
	{"max-lanes", set_max_lanes},
	{"port-range", set_port_range},
	{"timeout", set_timeout},
	{"poll-us", set_poll_us},
};

int config_set(struct config *config, const char *key, const char *value)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(key, keys[i].name))
			return keys[i].set(config, value);
	return err_set(-EINVAL, "there is no setting \"%.100s\"", key);
}

/*
 * Returns the user's home directory: $HOME, or if that is not set, the directory in the user
 * database.
 */
static char *find_home(void)
{
	const char *home = env_get("HOME");
	const struct passwd *user;

	if (home && *home == '/')
		return strdup(home);
	user = getpwuid(getuid());
	return strdup(user && user->pw_dir && *user->pw_dir == '/' ? user->pw_dir : "/");
}

int config_init(struct config *config)
{
	*config = (struct config){
		.home = find_home(),
		.log_file = strdup(LOG_FILE),
		.use_syslog = true,
		.log_level = LOG_ERROR,
		.data_over_ssh = true,
		.max_lanes = 1024,
		.timeout_ms = 30000,
		.poll_us = 50,
		.learns = true,
	};
	if (config->home)
		config->poolset_dir = strdup(config->home);
	if (config->log_file && config->poolset_dir)
		return 0;
	config_fini(config);
	return no_memory();
}

void config_fini(struct config *config)
{
	free(config->home);
	free(config->log_file);
	free(config->poolset_dir);
	free(config->state_dir);
	*config = (struct config){.home = NULL};
}
