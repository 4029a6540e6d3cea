/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/err.h"
#include "wire/control.h"

#define DAEMON "rpmemd"

/*
 * The commands of RPMEM_CMD. The list is constant after loading; only the current position
 * changes.
 */
static char *commands;
static atomic_uint turn;
static unsigned loaded_nlanes = UINT_MAX;
static unsigned loaded_window;

/*
 * Parse a positive decimal number into *number; a number greater than `max` gives `max`. For other
 * text, returns false and leaves *number unchanged.
 */
static bool positive(const char *text, unsigned long max, unsigned *number)
{
	char *end;

	if (!text || !*text || strspn(text, "0123456789") != strlen(text))
		return false;
	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (!value)
		return false;
	*number = (unsigned)(value > max ? max : value);
	return true;
}

void settings_init(void)
{
	const char *set = env_get("RPMEM_CMD");

	/* If strdup() fails here, later connections fail with ENOMEM. */
	commands = strdup(set ? set : DAEMON);
	positive(env_get("RPMEM_MAX_NLANES"), UINT_MAX, &loaded_nlanes);
	positive(env_get("RPMEM_WORK_QUEUE_SIZE"), UINT_MAX, &loaded_window);
	/*
	 * Use a window of at least two messages, so that one is filled while the other is being
	 * sent. With a window of one, flushes would wait.
	 */
	if (loaded_window == 1)
		loaded_window = 2;
}

/* Returns the command at the current position, and moves on to the next. */
char *settings_next_command(void)
{
	unsigned count = 1;

	if (!commands)
		return NULL;
	for (const char *c = commands; *c; c++)
		count += *c == '|';
	unsigned skip = atomic_fetch_add(&turn, 1) % count;
	const char *command = commands;
	while (skip--)
		command = strchr(command, '|') + 1;
	size_t length = strcspn(command, "|");
	return length ? strndup(command, length) : strdup(DAEMON);
}

/* A provider is allowed unless its variable says otherwise. */
static bool allowed(const char *set)
{
	return !set || strtol(set, NULL, 10) != 0;
}

static int read_providers(struct settings *settings)
{
	const char *forced = env_get("RPMEM_PROVIDER");
	unsigned allowed_ones = 0;

	settings->chosen = forced && *forced;
	if (allowed(env_get("RPMEM_ENABLE_VERBS")))
		allowed_ones |= HOLDFAST_PROVIDER_VERBS;
	if (allowed(env_get("RPMEM_ENABLE_SOCKETS")))
		allowed_ones |= HOLDFAST_PROVIDER_TCP;
	if (settings->chosen) {
		if (!strcmp(forced, "verbs"))
			allowed_ones &= HOLDFAST_PROVIDER_VERBS;
		else if (!strcmp(forced, "tcp"))
			allowed_ones &= HOLDFAST_PROVIDER_TCP;
		else if (!strcmp(forced, "ssh"))
			allowed_ones = HOLDFAST_PROVIDER_SSH;
		else
			return err_set(-EINVAL, "RPMEM_PROVIDER=%s: not verbs, tcp or ssh", forced);
	}
	if (!allowed_ones)
		return err_set(-ENOMEDIUM, "environment variables disable all transport providers");
	settings->providers = allowed_ones;
	return 0;
}

static int read_fallback(struct settings *settings)
{
	const char *set = env_get("RPMEM_FALLBACK");

	if (set && *set && strcmp(set, "ssh"))
		return err_set(-EINVAL, "RPMEM_FALLBACK=%s: not ssh", set);
	settings->ssh_if_refused = set && *set && !settings->chosen;
	return 0;
}

static int read_number(const char *name, const char *set, unsigned max, unsigned *number)
{
	if (!set || !*set || !strcmp(set, "0"))
		return 0;
	if (!positive(set, max, number))
		return err_set(-EINVAL, "%s=%s: not a number", name, set);
	return 0;
}

int settings_read(struct settings *settings)
{
	const char *ssh = env_get("RPMEM_SSH");
	const char *poll = env_get("RPMEM_POLL_US");
	unsigned timeout_ms = SETTINGS_TIMEOUT_MS, poll_us = SETTINGS_POLL_US;
	int rc;

	settings->ssh = ssh && *ssh ? ssh : "ssh";
	settings->max_nlanes = loaded_nlanes;
	settings->window = loaded_window;
	rc = read_providers(settings);
	if (!rc)
		rc = read_fallback(settings);
	if (!rc)
		rc = read_number(
			"RPMEM_TIMEOUT_MS", env_get("RPMEM_TIMEOUT_MS"), INT_MAX / 2, &timeout_ms);
	if (!rc)
		rc = read_number("RPMEM_POLL_US", poll, 1000000, &poll_us);
	settings->timeout_ms = (int)timeout_ms;
	/* read_number() takes 0 for the default, but RPMEM_POLL_US=0 means not to poll. */
	settings->poll_us = poll && !strcmp(poll, "0") ? 0 : poll_us;
	settings->learns = !poll || !*poll;
	return rc;
}
