/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "librpmem.h"
#include "librpmem/call.h"
#include "librpmem/export.h"
#include "librpmem/session.h"

static int ask_to_remove(struct session *session, uint32_t flags)
{
	struct control_named *named = calloc(1, sizeof(*named));
	uint8_t bytes[CONTROL_NAME_MAX + 16];
	struct writer out = writer_on(bytes, sizeof(bytes));

	if (!named)
		return err_set(-ENOMEM, "%s: out of memory", session->name);
	named->flags = flags;
	snprintf(named->name, sizeof(named->name), "%s", session->set);
	control_put_named(&out, named);
	free(named);
	return channel_call(session->channel, CONTROL_REMOVE, &out, "remove", NULL);
}

static int remove_pool(const char *target, const char *pool_set_name, int flags)
{
	const int known = RPMEM_REMOVE_FORCE | RPMEM_REMOVE_POOL_SET;
	struct session *session;
	char cause[ERR_SIZE];

	if (flags & ~known)
		return err_set(-EINVAL, "flags %#x are unknown", flags & ~known);
	int rc = session_new(&session, target, pool_set_name);
	if (rc)
		return rc;
	rc = session_start(session);
	if (!rc)
		rc = ask_to_remove(session, (uint32_t)flags);
	snprintf(cause, sizeof(cause), "%s", err_get());
	session_free(session);
	err_put_back(cause);
	return rc;
}

EXPORT(rpmem_remove)
int rpmem_remove(const char *target, const char *pool_set_name, int flags)
{
	struct call call = call_begin();

	return call_end(&call, remove_pool(target, pool_set_name, flags));
}
