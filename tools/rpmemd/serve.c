/* SPDX-License-Identifier: BSD-3-Clause */
#include "serve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/env.h"
#include "base/err.h"

/* The two enums are the same numbers on the wire. */
_Static_assert((int)CONTROL_VERBS == FABRIC_VERBS && (int)CONTROL_TCP == FABRIC_TCP, "providers");
_Static_assert((int)CONTROL_MESSAGE == FABRIC_MESSAGE &&
		       (int)CONTROL_WRITE_DELIVERED == FABRIC_WRITE_DELIVERED,
	"methods");
_Static_assert(
	(int)CONTROL_BYTE == PMEM2_GRANULARITY_BYTE && (int)CONTROL_PAGE == PMEM2_GRANULARITY_PAGE,
	"granularities");
_Static_assert(CONTROL_SECRET_SIZE == FABRIC_SECRET_SIZE, "secrets");

static struct pool_attr attr_from(const struct control_attr *attr)
{
	struct pool_attr pool = {.major = attr->major,
		.compat = attr->compat,
		.incompat = attr->incompat,
		.ro_compat = attr->ro_compat};

	memcpy(pool.signature, attr->signature, sizeof(pool.signature));
	memcpy(pool.poolset_uuid, attr->poolset_uuid, sizeof(pool.poolset_uuid));
	memcpy(pool.uuid, attr->uuid, sizeof(pool.uuid));
	memcpy(pool.next_uuid, attr->next_uuid, sizeof(pool.next_uuid));
	memcpy(pool.prev_uuid, attr->prev_uuid, sizeof(pool.prev_uuid));
	memcpy(pool.user_flags, attr->user_flags, sizeof(pool.user_flags));
	return pool;
}

static bool attr_of(const struct pool *pool, struct control_attr *attr)
{
	struct pool_attr got;
	bool has_attr = pool_attributes(pool, &got);

	*attr = (struct control_attr){.major = got.major,
		.compat = got.compat,
		.incompat = got.incompat,
		.ro_compat = got.ro_compat};
	memcpy(attr->signature, got.signature, sizeof(attr->signature));
	memcpy(attr->poolset_uuid, got.poolset_uuid, sizeof(attr->poolset_uuid));
	memcpy(attr->uuid, got.uuid, sizeof(attr->uuid));
	memcpy(attr->next_uuid, got.next_uuid, sizeof(attr->next_uuid));
	memcpy(attr->prev_uuid, got.prev_uuid, sizeof(attr->prev_uuid));
	memcpy(attr->user_flags, got.user_flags, sizeof(attr->user_flags));
	return has_attr;
}

/*
 * Over tcp the kernel copies through the CPU's caches, so a write is durable with its delivery only
 * where the caches are. RDMA goes around them, if the machine is set up so, which persist-apm says;
 * and only a DAX device can be given to an adapter.
 */
enum fabric_method_id serve_method(const struct config *config, enum fabric_provider provider,
	enum pmem2_granularity granularity, bool is_device)
{
	if (provider == FABRIC_VERBS) {
		if (!is_device)
			return FABRIC_MESSAGE;
		return config->persist_apm ? FABRIC_WRITE_READ : FABRIC_WRITE_MESSAGE;
	}
	if (config->persist_apm && granularity == PMEM2_GRANULARITY_BYTE)
		return FABRIC_WRITE_DELIVERED;
	if (config->persist_apm)
		log_notice("persist-apm does not hold: over tcp, only caches that are durable "
			   "make a write durable");
	return FABRIC_WRITE_MESSAGE;
}

/* ssh's idea of which of our addresses was reached: "client-address port server-address port". */
static bool own_address(char *address, size_t size)
{
	const char *connection = env_get("SSH_CONNECTION");
	char format[32];

	snprintf(format, sizeof(format), "%%*s %%*s %%%zus", size - 1);
	/* The format's only number is the size of what it fills. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (connection && sscanf(connection, format, address) == 1)
		return true;
#pragma GCC diagnostic pop
	log_notice("SSH_CONNECTION names no address to listen on: any will do");
	address[0] = '\0';
	return false;
}

static int make_secrets(unsigned nlanes, uint8_t **made)
{
	size_t size = (size_t)nlanes * FABRIC_SECRET_SIZE;
	uint8_t *secrets = malloc(size);

	if (!secrets)
		return err_set(-ENOMEM, "no memory for %u lanes", nlanes);
	for (size_t done = 0; done < size;) {
		ssize_t got = getrandom(secrets + done, size - done, 0);
		if (got < 0 && errno != EINTR) {
			int rc = err_sys("no random numbers");
			free(secrets);
			return rc;
		}
		done += got > 0 ? (size_t)got : 0;
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
	return fabric_lanes_affordable(provider, wanted);
}

/* Listen by one provider. */
static int listen_by(struct serve *serve, unsigned provider, unsigned wanted,
	struct control_started *told, uint8_t **made)
{
	const struct config *config = serve->config;
	unsigned nlanes = grant(config, provider, wanted);
	uint8_t *secrets = NULL;

	if (!nlanes)
		return err_set(-EMFILE, "too few descriptors are left for a lane");
	int rc = make_secrets(nlanes, &secrets);
	if (rc)
		return rc;
	const struct fabric_server_args args = {
		.provider = provider,
		.address = own_address(told->address, sizeof(told->address)) ? told->address : NULL,
		.port_low = config->port_low,
		.port_high = config->port_high,
		.nlanes = nlanes,
		.nthreads = config->nthreads,
		.secrets = (const uint8_t(*)[FABRIC_SECRET_SIZE])secrets,
		.method = serve_method(
			config, provider, serve->store.granularity, pool_is_device(serve->pool)),
		.timeout_ms = config->timeout_ms,
		.poll_us = config->poll_us,
		.store = store_functions(&serve->store),
	};
	rc = fabric_server_open(&args, &serve->server);
	if (rc) {
		free(secrets);
		return rc;
	}
	told->provider = (uint8_t)provider;
	told->method = (uint8_t)args.method;
	told->nlanes = nlanes;
	told->port = fabric_server_port(serve->server);
	told->secrets = *made = secrets;
	return 0;
}

/* By the best provider that both ends have and that works here. */
static int listen_for(struct serve *serve, const struct control_start *start,
	struct control_started *told, uint8_t **secrets)
{
	unsigned providers;
	int rc = fabric_providers(NULL, start->providers, &providers);

	if (rc)
		return err_set(-EMEDIUMTYPE, "the target has none of the providers offered: %s%s%s",
			start->providers & CONTROL_VERBS ? "verbs" : "",
			start->providers == CONTROL_PROVIDERS ? ", " : "",
			start->providers & CONTROL_TCP ? "tcp" : "");
	rc = -EMEDIUMTYPE;
	for (unsigned each = CONTROL_VERBS; rc && each <= CONTROL_TCP; each <<= 1)
		if (providers & each)
			rc = listen_by(serve, each, start->nlanes, told, secrets);
	return rc;
}

static int open_pool(struct serve *serve, bool create, const struct control_start *start)
{
	struct pool_attr attr = attr_from(&start->attr);
	struct pool_set *set;
	int rc = pool_set_load(serve->config->poolset_dir, start->name, &set);

	if (rc)
		return rc;
	if (create)
		rc = pool_create(set, start->size, start->has_attr ? &attr : NULL, &serve->pool);
	else
		rc = pool_open(set, start->size, &serve->pool);
	pool_set_free(set);
	return rc;
}

int serve_start(struct serve *serve, bool create, const struct control_start *start,
	struct control_started *told, uint8_t **secrets)
{
	int rc = open_pool(serve, create, start);

	if (rc)
		return rc;
	serve->created = create;
	serve->kept = false;
	store_init(&serve->store, serve->pool);
	memset(told, 0, sizeof(*told));
	told->pool_size = pool_size(serve->pool);
	told->guard = (uint32_t)pool_guard(serve->pool);
	told->granularity = (uint8_t)serve->store.granularity;
	told->has_attr = attr_of(serve->pool, &told->attr);
	rc = listen_for(serve, start, told, secrets);
	if (rc) {
		char cause[ERR_SIZE];
		snprintf(cause, sizeof(cause), "%s", err_get());
		serve_close(serve, true);
		err_put_back(cause);
		return rc;
	}
	log_notice("%s %s: %zu bytes, %u lanes by %s, %s", create ? "created" : "opened",
		start->name, pool_size(serve->pool), told->nlanes,
		fabric_provider_name(told->provider), fabric_method_name(told->method));
	return 0;
}

int serve_set_attr(struct serve *serve, const struct control_set_attr *set)
{
	struct pool_attr attr = attr_from(&set->attr);

	return store_set_attributes(&serve->store, set->has_attr ? &attr : NULL);
}

int serve_close(struct serve *serve, bool discard)
{
	int rc = 0;

	if (!serve->pool)
		return 0;
	if (serve->server)
		fabric_server_close(serve->server);
	serve->server = NULL;
	store_fini(&serve->store);
	if (serve->created && (discard || !serve->kept))
		pool_discard(serve->pool);
	else
		rc = pool_close(serve->pool);
	serve->pool = NULL;
	return rc;
}

int serve_remove(const struct config *config, const struct control_named *named)
{
	unsigned flags = 0;

	if (named->flags & CONTROL_REMOVE_FORCE)
		flags |= POOL_REMOVE_FORCE;
	if (named->flags & CONTROL_REMOVE_POOL_SET)
		flags |= POOL_REMOVE_SET_FILE;
	return pool_remove(config->poolset_dir, named->name, flags);
}

/* What an open pool says. */
static void describe_pool(
	const struct config *config, const struct pool *pool, struct control_description *told)
{
	unsigned providers = 0;

	told->created = true;
	told->size = pool_size(pool);
	told->guard = (uint32_t)pool_guard(pool);
	told->granularity = (uint8_t)pool_granularity(pool);
	told->has_attr = attr_of(pool, &told->attr);
	if (fabric_providers(NULL, CONTROL_PROVIDERS, &providers))
		return;
	told->providers = (uint8_t)providers;
	if (providers & FABRIC_VERBS)
		told->method_verbs = (uint8_t)serve_method(
			config, FABRIC_VERBS, pool_granularity(pool), pool_is_device(pool));
	if (providers & FABRIC_TCP)
		told->method_tcp = (uint8_t)serve_method(
			config, FABRIC_TCP, pool_granularity(pool), pool_is_device(pool));
}

/* A path with control characters cannot be told. */
static bool is_text(const char *path)
{
	for (; *path; path++)
		if ((unsigned char)*path < ' ' || *path == 0x7f)
			return false;
	return true;
}

/* As many of its parts as a reply can hold. */
static void describe_set(const struct pool_set *set, struct control_description *told)
{
	size_t room = CONTROL_BODY_MAX / 2;

	for (size_t i = 0; i < set->count; i++) {
		const struct pool_set_entry *entry = &set->entries[i];
		size_t length = strlen(entry->path);

		told->size += entry->size;
		if (told->nparts == CONTROL_PARTS_MAX || length > room || !is_text(entry->path))
			continue;
		room -= length;
		told->parts[told->nparts++] = (struct control_part){
			entry->size, (const uint8_t *)entry->path, (uint16_t)length};
	}
}

/* One that is open elsewhere, or was never made, is no failure. */
static int try_pool(
	const struct config *config, const struct pool_set *set, struct control_description *told)
{
	struct pool *pool;
	int rc = pool_open(set, POOL_MINIMUM, &pool);

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

int serve_describe(const struct config *config, const struct control_named *named,
	struct control_description *told, struct pool_set **loaded)
{
	struct pool_set *set;
	int rc = pool_set_load(config->poolset_dir, named->name, &set);

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
