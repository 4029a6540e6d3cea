/* SPDX-License-Identifier: BSD-3-Clause */
#include "service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/err.h"
#include "stream/stream.h"
#include "survival.h"

/* Time for another session's initiator to answer. */
#define ANSWER_MS 2000

_Static_assert(CONTROL_SECRET_SIZE == FABRIC_SECRET_SIZE, "secrets");

/*
 * Over tcp the kernel copies into the CPU's caches, so a delivered write is durable only if the
 * caches are durable. RDMA bypasses the caches if the machine is configured for it, which the
 * setting persist-apm states. Only the memory of a DAX device can be given to an adapter.
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
		log_notice("persist-apm has no effect: over tcp, a write is durable only if the "
			   "CPU's caches are");
	return HOLDFAST_METHOD_WRITE_MESSAGE;
}

enum service_memory service_memory(const struct pool *pool)
{
	if (pool_is_device(pool))
		return SERVICE_DEVICE;
	return pool_has_room(pool) ? SERVICE_FILES : SERVICE_GUARDED;
}

/*
 * Get the address of this machine that ssh has reached, from SSH_CONNECTION: "client-address port
 * server-address port".
 */
static bool own_address(char *address, size_t size)
{
	const char *connection = env_get("SSH_CONNECTION");
	char format[32];

	snprintf(format, sizeof(format), "%%*s %%*s %%%zus", size - 1);
	/* The format is not a literal, but safe: only the size of the buffer was put into it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (connection && sscanf(connection, format, address) == 1)
		return true;
#pragma GCC diagnostic pop
	log_notice("SSH_CONNECTION names no address to listen on: listening on all");
	address[0] = '\0';
	return false;
}

static int make_secrets(unsigned nlanes, uint8_t **made)
{
	size_t size = (size_t)nlanes * FABRIC_SECRET_SIZE;
	uint8_t *secrets = malloc(size);

	if (!secrets)
		return err_set(-ENOMEM, "no memory for %u lanes", nlanes);
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

/* Serve the lanes in the control channel. */
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

/* Listen with one provider. */
static int listen_by(struct service *service, unsigned provider, unsigned wanted,
	struct control_started *told, uint8_t **made)
{
	const struct config *config = service->config;
	unsigned nlanes = grant(config, provider, wanted);
	uint8_t *secrets = NULL;

	if (!nlanes)
		return err_set(-EMFILE, "too few descriptors are left for a lane");
	int rc = make_secrets(nlanes, &secrets);
	if (rc)
		return rc;
	bool any = !own_address(told->address, sizeof(told->address));
	struct fabric_server_args args = {
		.provider = provider,
		/* "::" accepts IPv4, too; without IPv6 on this machine, only IPv4. */
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
 * Decide if the lanes are in the control channel: if the initiator wants nothing else, or if there
 * is no libfabric here. The data is not sent this way because another one fails.
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

/* Listen with the best of the offered providers that works on this machine. */
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

/* Make the lanes by the best provider that both ends have and that works on this machine. */
static int make_lanes(struct service *service, unsigned offered, unsigned nlanes,
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

static int open_set(
	const struct service_start *request, const struct pool_set *set, struct pool **pool)
{
	const struct control_start *start = request->start;

	if (request->type != CONTROL_CREATE)
		return pool_open(set, start->size, pool);
	return pool_create(set, start->size, start->has_attr ? &start->attr : NULL, pool);
}

/*
 * The pool's own errors. Network file systems fail with ESTALE, and damaged ones with EUCLEAN,
 * which would tell the initiator something else.
 */
static int of_pool(int rc)
{
	char cause[ERR_SIZE];

	if (rc != -ESTALE && rc != -EUCLEAN)
		return rc;
	snprintf(cause, sizeof(cause), "%s", err_get());
	return err_set(-EREMOTEIO, "%s", cause);
}

/*
 * End the session's daemon, if it still has the pool, and open the pool. Opening waits a moment for
 * a daemon that is ending by itself and has let the session go; a second time, since a daemon may
 * have begun the session after the first look.
 */
static int open_resumed(
	struct service *service, const struct service_start *request, const struct pool_set *set)
{
	const struct config *config = service->config;
	int rc = -EBUSY;

	for (int tries = 0; rc == -EBUSY && tries < 2; tries++) {
		rc = writers_take_over(config, request->start->name, request->session);
		if (!rc)
			rc = of_pool(open_set(request, set, &service->pool));
	}
	return rc;
}

static int open_pool(struct service *service, const struct service_start *request)
{
	struct pool_set *set;
	int rc = writers_load_set(service->config, request->start->name, &set);

	if (rc)
		return of_pool(rc);
	if (request->type == CONTROL_RESUME)
		rc = open_resumed(service, request, set);
	else
		rc = of_pool(open_set(request, set, &service->pool));
	if (!rc)
		publish_open(&service->publish, set);
	pool_set_free(set);
	return rc;
}

/* Read or make the state of the open pool. */
static int open_writers(struct service *service, const struct service_start *request)
{
	const struct config *config = service->config;
	struct writers *writers = &service->writers;
	const char *name = request->start->name;
	bool created = request->type == CONTROL_CREATE;
	int rc = created ? writers_create(writers, config, name)
			 : writers_open(writers, service->pool, config, name,
				   request->type != CONTROL_OPEN);

	if (!rc && request->type == CONTROL_RESUME)
		rc = writers_check(writers, service->pool, request->session);
	return rc;
}

/*
 * A session that is resumed goes on; that of an initiator that does not send BEGIN begins. This
 * comes when nothing else can fail: a request that is refused leaves the state as it was.
 */
static int begin_session(struct service *service, const struct service_start *request)
{
	if (request->type == CONTROL_RESUME)
		return writers_resume(&service->writers, service->pool);
	return service->begins ? 0 : writers_begin(&service->writers, service->pool, NULL);
}

static void tell_pool(const struct service *service, struct control_started *told)
{
	memset(told, 0, sizeof(*told));
	told->pool_size = pool_size(service->pool);
	told->guard = (uint32_t)pool_guard(service->pool);
	told->granularity = (uint8_t)service->store.granularity;
	told->has_attr = pool_attributes(service->pool, &told->attr);
}

static int serve_pool(struct service *service, const struct service_start *request,
	struct control_started *told, uint8_t **secrets)
{
	int rc = open_writers(service, request);

	if (rc)
		return rc;
	store_init(&service->store, service->pool);
	tell_pool(service, told);
	rc = make_lanes(service, request->start->providers, request->start->nlanes, told, secrets);
	return rc ? rc : begin_session(service, request);
}

/* Close the pool, and keep the error message. */
static void undo_start(struct service *service, uint8_t **secrets)
{
	char cause[ERR_SIZE];

	snprintf(cause, sizeof(cause), "%s", err_get());
	service_end(service);
	free(*secrets);
	*secrets = NULL;
	err_put_back(cause);
}

int service_start(struct service *service, const struct service_start *request,
	struct control_started *told, uint8_t **secrets)
{
	int rc = open_pool(service, request);

	if (rc)
		return rc;
	service->created = request->type == CONTROL_CREATE;
	service->kept = false;
	rc = serve_pool(service, request, told, secrets);
	if (rc) {
		undo_start(service, secrets);
		return rc;
	}
	log_notice("%s %s: %zu bytes, %u lanes by %s, %s", control_type_name(request->type),
		request->start->name, pool_size(service->pool), told->nlanes,
		wire_provider_name(told->provider), wire_method_name(told->method));
	return 0;
}

static void end_lanes(struct service *service)
{
	if (service->server)
		lanes_server_close(service->server);
	service->server = NULL;
	service->in_stream = false;
	service->provider = HOLDFAST_PROVIDER_NONE;
}

int service_relane(struct service *service, const struct control_lanes *lanes,
	struct control_started *told, uint8_t **secrets)
{
	end_lanes(service);
	tell_pool(service, told);
	int rc = make_lanes(service, lanes->providers, lanes->nlanes, told, secrets);
	if (!rc)
		log_notice("lanes made again: %u by %s, %s", told->nlanes,
			wire_provider_name(told->provider), wire_method_name(told->method));
	return rc;
}

int service_set_attr(struct service *service, const struct control_set_attr *set)
{
	int rc = writers_begin(&service->writers, service->pool, NULL);

	return rc ? rc : pool_set_attributes(service->pool, set->has_attr ? &set->attr : NULL);
}

int service_begin(struct service *service, const uint8_t *secret, struct control_session *session)
{
	int rc = writers_begin(&service->writers, service->pool, secret);

	if (!rc)
		writers_session(&service->writers, session);
	return rc;
}

/* The state goes first: as long as the pool is locked, no other daemon can write another one. */
static void discard_pool(struct service *service)
{
	writers_discard(&service->writers);
	pool_discard(service->pool);
}

static int close_service(struct service *service, bool discard, bool properly)
{
	int rc = 0;

	if (!service->pool)
		return 0;
	publish_close(&service->publish);
	end_lanes(service);
	if (service->created && (discard || !service->kept)) {
		discard_pool(service);
	} else {
		int failed = writers_close(&service->writers, properly);
		rc = pool_close(service->pool);
		rc = rc ? rc : failed;
	}
	service->pool = NULL;
	service->looks = false;
	free(service->buffer);
	service->buffer = NULL;
	return rc;
}

int service_close(struct service *service, bool discard)
{
	return close_service(service, discard, true);
}

int service_end(struct service *service)
{
	return close_service(service, false, false);
}

int service_remove(const struct config *config, const struct control_named *named)
{
	unsigned flags = 0;

	if (named->flags & CONTROL_REMOVE_FORCE)
		flags |= POOL_REMOVE_FORCE;
	if (named->flags & CONTROL_REMOVE_POOL_SET)
		flags |= POOL_REMOVE_SET_FILE;
	return writers_remove(config, named->name, flags);
}

int service_counters(const struct config *config, const struct control_named *named,
	struct wire_session *session)
{
	int patience = config->timeout_ms / 2 < ANSWER_MS ? config->timeout_ms / 2 : ANSWER_MS;
	struct pool_set *set;
	int rc = writers_load_set(config, named->name, &set);

	if (rc)
		return rc;
	rc = publish_ask(set, patience, session);
	pool_set_free(set);
	return rc;
}

/* Fill in the fields of the reply that need an open pool. */
static void describe_pool(
	const struct config *config, const struct pool *pool, struct control_description *told)
{
	enum service_memory memory = service_memory(pool);
	unsigned providers = 0;

	told->created = true;
	told->size = pool_size(pool);
	told->guard = (uint32_t)pool_guard(pool);
	told->granularity = (uint8_t)pool_granularity(pool);
	told->has_attr = pool_attributes(pool, &told->attr);
	if (config->data_over_ssh)
		told->providers = HOLDFAST_PROVIDER_SSH;
	if (fabric_providers(NULL, HOLDFAST_PROVIDER_VERBS | HOLDFAST_PROVIDER_TCP, &providers))
		return;
	told->providers |= (uint8_t)providers;
	if (providers & HOLDFAST_PROVIDER_VERBS)
		told->method_verbs = (uint8_t)service_method(
			config, HOLDFAST_PROVIDER_VERBS, pool_granularity(pool), memory);
	if (providers & HOLDFAST_PROVIDER_TCP)
		told->method_tcp = (uint8_t)service_method(
			config, HOLDFAST_PROVIDER_TCP, pool_granularity(pool), memory);
}

/* True if a path has no control characters: other paths cannot be sent. */
static bool is_text(const char *path)
{
	for (; *path; path++)
		if ((unsigned char)*path < ' ' || *path == 0x7f)
			return false;
	return true;
}

/* Include one part: the least durable part decides, also parts that do not fit into the reply. */
static uint8_t survival_of_part(const char *path, struct control_description *told)
{
	enum holdfast_survival survival = survival_of(path);

	if (survival < told->survival)
		told->survival = (uint8_t)survival;
	return (uint8_t)survival;
}

/* List as many parts of the set as a reply can hold. */
static void describe_set(const struct pool_set *set, struct control_description *told)
{
	size_t room = CONTROL_BODY_MAX / 2;

	told->survival = HOLDFAST_SURVIVES;
	for (size_t i = 0; i < set->count; i++) {
		const struct pool_set_entry *entry = &set->entries[i];
		size_t length = strlen(entry->path);
		uint8_t survival = survival_of_part(entry->path, told);

		told->size += entry->size;
		if (told->nparts == CONTROL_PARTS_MAX || length > room || !is_text(entry->path))
			continue;
		room -= length;
		told->parts[told->nparts++] = (struct control_part){
			entry->size, survival, (const uint8_t *)entry->path, (uint16_t)length};
	}
}

/*
 * Open the pool for a look. It is not a failure if another process has it open or it does not
 * exist.
 */
static int try_pool(
	const struct config *config, const struct pool_set *set, struct control_description *told)
{
	struct pool *pool;
	int rc = pool_look(set, &pool);

	if (rc == -EBUSY) {
		told->created = told->busy = true;
		return 0;
	}
	if (rc == -ENOENT)
		return 0;
	if (rc)
		return rc;
	describe_pool(config, pool, told);
	return pool_close(pool);
}

int service_describe(const struct config *config, const struct control_named *named,
	struct control_description *told, struct pool_set **loaded)
{
	struct pool_set *set;
	int rc = writers_load_set(config, named->name, &set);

	if (rc)
		return rc;
	memset(told, 0, sizeof(*told));
	told->max_lanes =
		config->max_lanes < CONTROL_LANES_MAX ? config->max_lanes : CONTROL_LANES_MAX;
	describe_set(set, told);
	rc = try_pool(config, set, told);
	if (rc) {
		pool_set_free(set);
		return rc;
	}
	*loaded = set;
	return 0;
}
