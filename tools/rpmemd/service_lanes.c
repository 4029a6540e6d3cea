/* SPDX-License-Identifier: BSD-3-Clause */
#include "service_lanes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/env.h"
#include "base/err.h"
#include "stream/stream.h"

_Static_assert(CONTROL_SECRET_SIZE == FABRIC_SECRET_SIZE, "secrets");

/*
 * With tcp, the kernel copies data into the CPU's caches, so that a delivered write is durable only
 * if the caches are durable. With RDMA, data bypasses the caches if the machine is configured for
 * that, as the setting persist-apm says. Only the memory of a DAX device can be registered with an
 * RDMA adapter.
 */
enum holdfast_method service_method(const struct config *config, enum holdfast_provider provider,
	enum pmem2_granularity granularity, enum service_memory memory)
{
	if (memory == SERVICE_GUARDED || provider == HOLDFAST_PROVIDER_SSH)
		return HOLDFAST_METHOD_MESSAGE;
	if (provider == HOLDFAST_PROVIDER_VERBS) {
		if (memory != SERVICE_DEVICE)
			return HOLDFAST_METHOD_MESSAGE;
		return config->persist_apm ? HOLDFAST_METHOD_WRITE_READ
					   : HOLDFAST_METHOD_WRITE_MESSAGE;
	}
	if (config->persist_apm && granularity == PMEM2_GRANULARITY_BYTE)
		return HOLDFAST_METHOD_WRITE_DELIVERED;
	if (config->persist_apm)
		log_notice(
			"persist-apm has no effect: over tcp, a write is durable only if the CPU's caches are durable");
	return HOLDFAST_METHOD_WRITE_MESSAGE;
}

enum service_memory service_memory(const struct pool *pool)
{
	if (pool_is_device(pool))
		return SERVICE_DEVICE;
	return pool_has_room(pool) ? SERVICE_FILES : SERVICE_GUARDED;
}

/*
 * Get the address of this machine to which the ssh client has connected. It is in the environment
 * variable SSH_CONNECTION: "client-address port server-address port".
 */
static bool own_address(char *address, size_t size)
{
	const char *connection = env_get("SSH_CONNECTION");
	char format[32];

	snprintf(format, sizeof(format), "%%*s %%*s %%%zus", size - 1);
	/*
	 * The format is not a literal, but safe: only the size of the buffer was inserted into it.
	 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (connection && sscanf(connection, format, address) == 1)
		return true;
#pragma GCC diagnostic pop
	log_notice("SSH_CONNECTION names no address to listen on: listening on all addresses");
	address[0] = '\0';
	return false;
}

static int make_secrets(unsigned nlanes, uint8_t **made)
{
	size_t size = (size_t)nlanes * FABRIC_SECRET_SIZE;
	uint8_t *secrets = malloc(size);

	if (!secrets)
		return err_set(-ENOMEM, "out of memory for %u lanes", nlanes);
	int rc = state_random(secrets, size);
	if (rc) {
		free(secrets);
		return rc;
	}
	*made = secrets;
	return 0;
}

static unsigned grant(const struct config *config, unsigned provider, unsigned wanted)
{
	if (wanted > config->max_lanes)
		wanted = config->max_lanes;
	if (wanted > CONTROL_LANES_MAX)
		wanted = CONTROL_LANES_MAX;
	return provider == HOLDFAST_PROVIDER_SSH ? wanted
						 : fabric_lanes_affordable(provider, wanted);
}

static int send_message(void *context, unsigned lane, const struct iovec *parts, unsigned count)
{
	return control_io_send_message(context, lane, parts, count);
}

/* Start a server for lanes in the control channel. */
static int serve_in_stream(struct service *service, unsigned wanted, struct control_started *told)
{
	const struct stream_server_args args = {
		.nlanes = grant(service->config, HOLDFAST_PROVIDER_SSH, wanted),
		.nthreads = service->config->nthreads,
		.store = store_functions(&service->store),
		.send = send_message,
		.context = service->io,
	};
	int rc = stream_server_open(&args, &service->server);

	if (rc)
		return rc;
	service->in_stream = true;
	told->provider = HOLDFAST_PROVIDER_SSH;
	told->method = HOLDFAST_METHOD_MESSAGE;
	told->nlanes = args.nlanes;
	told->window = (uint16_t)stream_server_window(service->server);
	told->message_size = (uint32_t)stream_server_message_size(service->server);
	return 0;
}

/* Start a server that listens with this provider. */
static int listen_by(struct service *service, unsigned provider, unsigned wanted,
	struct control_started *told, uint8_t **made)
{
	const struct config *config = service->config;
	unsigned nlanes = grant(config, provider, wanted);
	uint8_t *secrets = NULL;

	if (!nlanes)
		return err_set(-EMFILE, "too few file descriptors are left for a lane");
	int rc = make_secrets(nlanes, &secrets);
	if (rc)
		return rc;
	bool any = !own_address(told->address, sizeof(told->address));
	struct fabric_server_args args = {
		.provider = provider,
		/* "::" accepts IPv6 and IPv4, or only IPv4 if this machine has no IPv6. */
		.address = any ? "::" : told->address,
		.port_low = config->port_low,
		.port_high = config->port_high,
		.nlanes = nlanes,
		.nthreads = config->nthreads,
		.secrets = (const uint8_t(*)[FABRIC_SECRET_SIZE])secrets,
		.method = service_method(config, provider, service->store.granularity,
			service_memory(service->pool)),
		.timeout_ms = config->timeout_ms,
		.poll_us = config->poll_us,
		.learns = config->learns,
		.store = store_functions(&service->store),
	};
	rc = fabric_server_open(&args, &service->server);
	if (rc && any) {
		args.address = NULL;
		rc = fabric_server_open(&args, &service->server);
	}
	if (rc) {
		free(secrets);
		return rc;
	}
	told->provider = (uint8_t)provider;
	told->method = (uint8_t)args.method;
	told->nlanes = nlanes;
	told->port = fabric_server_port(service->server);
	told->secrets = *made = secrets;
	return 0;
}

/*
 * Decide whether the lanes are in the control channel. They are if the initiator offers no other
 * provider, or if this machine has no libfabric, but not because another provider failed.
 */
static int choose_stream(const struct config *config, unsigned offered, bool *chosen)
{
	bool is_only = offered == HOLDFAST_PROVIDER_SSH;

	*chosen = is_only ||
		  (offered & HOLDFAST_PROVIDER_SSH && config->data_over_ssh && fabric_load());
	if (is_only && !config->data_over_ssh)
		return err_set(-EMEDIUMTYPE,
			"the target does not carry data over ssh: its setting is data-over-ssh=no");
	if (*chosen && !is_only)
		log_notice("the data goes over ssh: %s", err_get());
	return 0;
}

/* Start a server with the best of the offered providers that works on this machine. */
static int listen_for(struct service *service, unsigned offered, unsigned nlanes,
	struct control_started *told, uint8_t **secrets)
{
	unsigned providers;
	int rc = fabric_providers(NULL, offered, &providers);

	if (rc) {
		char cause[ERR_SIZE / 2];
		snprintf(cause, sizeof(cause), "%s", err_get());
		return err_set(
			-EMEDIUMTYPE, "the target has none of the offered providers: %s", cause);
	}
	rc = -EMEDIUMTYPE;
	for (unsigned each = HOLDFAST_PROVIDER_VERBS; rc && each <= HOLDFAST_PROVIDER_TCP;
		each <<= 1)
		if (providers & each)
			rc = listen_by(service, each, nlanes, told, secrets);
	return rc;
}

int service_lanes_make(struct service *service, unsigned offered, unsigned nlanes,
	struct control_started *told, uint8_t **secrets)
{
	bool by_stream;
	int rc = choose_stream(service->config, offered, &by_stream);

	if (rc)
		return rc;
	rc = by_stream ? serve_in_stream(service, nlanes, told)
		       : listen_for(service, offered & ~(unsigned)HOLDFAST_PROVIDER_SSH, nlanes,
				 told, secrets);
	if (!rc)
		service->provider = told->provider;
	return rc;
}

void service_lanes_end(struct service *service)
{
	if (service->server)
		lanes_server_close(service->server);
	service->server = NULL;
	service->in_stream = false;
	service->provider = HOLDFAST_PROVIDER_NONE;
}
