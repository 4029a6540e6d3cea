/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * service_named.c - execute requests for a pool set with a given name, which need not be the
 * session's open pool
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "service.h"
#include "service_lanes.h"
#include "survival.h"

/* Time limit for the initiator of another session to answer, in ms. */
#define ANSWER_MS 2000

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

/* Set those fields of the description that are only known if the pool is open. */
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

/* True if a path has no control characters. Other paths are not sent to an initiator. */
static bool is_text(const char *path)
{
	for (; *path; path++)
		if ((unsigned char)*path < ' ' || *path == 0x7f)
			return false;
	return true;
}

/*
 * Include one part in the answer whether the pool survives power cuts. The least durable part
 * decides, even if it is not listed in the reply.
 */
static uint8_t survival_of_part(const char *path, struct control_description *told)
{
	enum holdfast_survival survival = survival_of(path);

	if (survival < told->survival)
		told->survival = (uint8_t)survival;
	return (uint8_t)survival;
}

/* Add the parts of a set to the description, as many as fit into a reply. */
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
 * Open the pool, to describe it. Succeeds without a pool if the pool does not exist, or if another
 * process has it open.
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
