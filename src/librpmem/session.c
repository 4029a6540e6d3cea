/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/err.h"

/*
 * Refuse a privileged program: PATH decides which ssh runs, FI_PROVIDER_PATH what libfabric loads.
 */
static int check_rights(void)
{
	if (!getauxval(AT_SECURE))
		return 0;
	return err_set(-EPERM,
		"this program has more rights than its user (set-user-ID?), and the user could choose which ssh it runs: it may not connect to other machines");
}

int session_new(struct session **made, const char *target, const char *set)
{
	int rc = check_rights();

	if (rc)
		return rc;
	if (!target)
		return err_set(-EINVAL, "target is NULL");
	if (!set)
		return err_set(-EINVAL, "%s: pool_set_name is NULL", target);
	if (!*set)
		return err_set(-EINVAL, "%s: the name of the pool set is empty", target);
	if (strlen(set) > CONTROL_NAME_MAX)
		return err_set(-EINVAL, "%s: the name of the pool set is longer than %d bytes",
			target, CONTROL_NAME_MAX);
	for (const char *c = set; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return err_set(-EINVAL,
				"%s: the name of the pool set has a control character", target);
	size_t length = strlen(target) + strlen(": ") + strlen(set) + 1;
	struct session *session = calloc(1, sizeof(*session) + length);
	if (!session)
		return err_set(-ENOMEM, "%s: %s: out of memory", target, set);
	rc = target_parse(target, &session->target);
	if (!rc)
		rc = settings_read(&session->settings);
	if (rc) {
		free(session);
		return rc;
	}
	snprintf(session->name, length, "%s: %s", target, set);
	session->set = session->name + length - 1 - strlen(set);
	*made = session;
	return 0;
}

int session_failed(const struct session *session, int rc)
{
	char cause[ERR_SIZE];

	snprintf(cause, sizeof(cause), "%s", err_get());
	return err_set(rc, "%s: %.700s", session->name, cause);
}

int session_start(struct session *session)
{
	int rc = channel_open(
		&session->channel, session->name, &session->target, &session->settings);

	if (!rc)
		channel_set_counters(session->channel, &session->counters);
	return rc;
}

int session_again(const struct session *old, struct session **made)
{
	size_t length = strlen(old->name) + 1;
	struct session *session = calloc(1, sizeof(*session) + length);

	if (!session)
		return err_set(-ENOMEM, "%s: out of memory", old->name);
	session->target = old->target;
	memcpy(session->name, old->name, length);
	session->set = session->name + (old->set - old->name);
	int rc = settings_read(&session->settings);
	if (rc)
		free(session);
	else
		*made = session;
	return rc;
}

void session_stop(struct session *session)
{
	if (session->channel)
		channel_stop(session->channel);
}

void session_free(struct session *session)
{
	if (session->channel)
		channel_close(session->channel);
	free(session);
}

void session_abandon(struct session *session)
{
	if (session->channel)
		channel_abandon(session->channel);
	free(session);
}
