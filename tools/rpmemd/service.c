/* SPDX-License-Identifier: BSD-3-Clause */
#include "service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "service_lanes.h"

static int open_set(
	const struct service_start *request, const struct pool_set *set, struct pool **pool)
{
	const struct control_start *start = request->start;

	if (request->type != CONTROL_CREATE)
		return pool_open(set, start->size, pool);
	return pool_create(set, start->size, start->has_attr ? &start->attr : NULL, pool);
}

/*
 * Convert an error of the pool's files. Network file systems may fail with ESTALE, and damaged file
 * systems with EUCLEAN, but in the protocol these two codes have other meanings.
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
 * Open the pool of a session that is resumed. First end the daemon that has served the session so
 * far, if it still has the pool open. Opening waits a moment for a daemon that is just ending by
 * itself. If the pool is still busy, try all of this again, because another daemon may have begun
 * the session in between.
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

/* Read the state file of the open pool, or make a state for it. */
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
 * Resume the session; or begin one, unless the initiator will send BEGIN. Called last, when nothing
 * else can fail, so that a request that is refused does not change the state.
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
	rc = service_lanes_make(
		service, request->start->providers, request->start->nlanes, told, secrets);
	return rc ? rc : begin_session(service, request);
}

/* Close the pool after a failed request, without changing the error message. */
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

int service_relane(struct service *service, const struct control_lanes *lanes,
	struct control_started *told, uint8_t **secrets)
{
	service_lanes_end(service);
	tell_pool(service, told);
	int rc = service_lanes_make(service, lanes->providers, lanes->nlanes, told, secrets);
	if (!rc)
		log_notice("new lanes for the session: %u by %s, %s", told->nlanes,
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

/*
 * Remove the state before the pool: while this daemon still locks the pool, no other daemon can
 * write a new state.
 */
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
	service_lanes_end(service);
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
