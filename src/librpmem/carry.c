/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/carry.h"

#include <errno.h>
#include <stdio.h>

#include "librpmem/data_host.h"

/*
 * If libfabric is missing, send the data over ssh, unless RPMEM_PROVIDER asks for another
 * provider.
 */
static int without_libfabric(const struct session *session, int rc, unsigned *providers)
{
	if (session->settings.chosen)
		return session_failed(session, rc);
	log_notice("%s: the data goes over ssh: %s", session->name, err_get());
	*providers = HOLDFAST_PROVIDER_SSH;
	return 0;
}

static int fabric_ones(const struct session *session, unsigned *providers)
{
	const struct settings *settings = &session->settings;
	int rc = fabric_load();

	if (rc)
		return without_libfabric(session, rc, providers);
	const char *host = data_host_is_known(session->target.host) ? session->target.host : NULL;
	rc = fabric_providers(host, settings->providers, providers);
	if (rc)
		return session_failed(session, rc);
	/* Offer the provider ssh, too, for a target that does not have libfabric. */
	if (!settings->chosen)
		*providers |= HOLDFAST_PROVIDER_SSH;
	return 0;
}

int carry_providers(const struct session *session, unsigned *providers)
{
	unsigned found = HOLDFAST_PROVIDER_SSH;
	int rc = session->settings.providers == found ? 0 : fabric_ones(session, &found);

	if (rc)
		return rc;
	if (channel_minor(session->channel) < CONTROL_MINOR_SSH)
		found &= ~(unsigned)HOLDFAST_PROVIDER_SSH;
	if (!found)
		return err_set(-EMEDIUMTYPE,
			"%s: the target cannot carry data over ssh: its protocol is %s",
			session->name, channel_version(session->channel));
	*providers = found;
	return 0;
}

enum holdfast_provider carry_expected(const struct session *session, unsigned at_target)
{
	unsigned here;

	if (carry_providers(session, &here))
		return HOLDFAST_PROVIDER_NONE;
	here &= at_target;
	/*
	 * The target chooses the provider verbs if verbs works there, and ssh only if it has no
	 * other of the offered providers.
	 */
	if (here & HOLDFAST_PROVIDER_VERBS)
		return HOLDFAST_PROVIDER_VERBS;
	if (here & HOLDFAST_PROVIDER_TCP)
		return HOLDFAST_PROVIDER_TCP;
	return here ? HOLDFAST_PROVIDER_SSH : HOLDFAST_PROVIDER_NONE;
}

int carry_lanes(RPMEMpool *pool, void *addr, size_t size)
{
	const struct session *session = pool->session;
	const struct settings *settings = &session->settings;
	const struct control_started *told = &pool->told;
	bool shorter = settings->window && settings->window < told->window;
	const struct stream_client_args args = {
		.name = session->name,
		.nlanes = told->nlanes,
		.local = addr,
		.size = size,
		.guard = told->guard,
		.window = shorter ? settings->window : told->window,
		.message_size = told->message_size,
		.timeout_ms = settings->timeout_ms,
		.tallies = pool->tallies,
		.pipe = channel_pipe(session->channel),
	};

	if (!settings->chosen)
		log_notice("%s: the data goes over ssh", session->name);
	snprintf(pool->host, sizeof(pool->host), "%s", session->target.host);
	return stream_client_open(&args, &pool->lanes);
}

/* Ask the target to make the lanes again, this time in the control channel. */
static int ask_for_lanes(RPMEMpool *pool)
{
	const struct control_lanes lanes = {pool->nlanes, HOLDFAST_PROVIDER_SSH};
	const struct session *session = pool->session;
	struct control_started told;
	uint8_t bytes[16];
	struct writer out = writer_on(bytes, sizeof(bytes));
	struct reader reply;

	control_put_lanes(&out, &lanes);
	int rc = channel_call(session->channel, CONTROL_LANES, &out, "lanes over ssh", &reply);
	if (rc)
		return rc;
	if ((rc = control_get_started(&reply, &told)))
		return session_failed(session, rc);
	if (told.provider != HOLDFAST_PROVIDER_SSH || told.nlanes > pool->nlanes ||
		told.guard != pool->told.guard || told.pool_size != pool->told.pool_size)
		return err_set(-EPROTO,
			"%s: the target breaks the protocol: it does not grant the lanes that were requested",
			session->name);
	pool->told = told;
	pool->nlanes = told.nlanes;
	return 0;
}

/*
 * Returns true if the error means that the target's port cannot be reached, as behind a firewall.
 */
static bool is_unreachable(int rc)
{
	return rc == -ECONNREFUSED || rc == -ETIMEDOUT || rc == -EHOSTUNREACH ||
	       rc == -ENETUNREACH || rc == -ECONNRESET || rc == -ECONNABORTED;
}

int carry_instead(RPMEMpool *pool, void *addr, size_t size, int rc)
{
	const struct session *session = pool->session;
	char cause[ERR_SIZE];

	if (!is_unreachable(rc) || channel_error(session->channel) ||
		channel_minor(session->channel) < CONTROL_MINOR_SSH)
		return rc;
	snprintf(cause, sizeof(cause), "%s", err_get());
	if (!session->settings.ssh_if_refused)
		return err_set(rc, "%.800s; RPMEM_PROVIDER=ssh sends the data inside ssh", cause);
	log_warning("%.800s; RPMEM_FALLBACK=ssh: the data goes over ssh", cause);
	rc = ask_for_lanes(pool);
	return rc ? rc : carry_lanes(pool, addr, size);
}
