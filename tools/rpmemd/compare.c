/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * compare.c - execute requests for comparing an initiator's memory with a pool, and the requests
 * BEGIN, MARK and CLEAR, which may come between them
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "service.h"

/*
 * Opens a pool for reading. Flushes its bytes out of the CPU caches first: a comparison must see
 * what is on the media, because a power cut loses bytes that are only in caches.
 */
static int look(const struct pool_set *set, struct pool **pool)
{
	char cause[ERR_SIZE];
	int rc = pool_look(set, pool);

	if (rc)
		return rc;
	rc = pool_drop_caches(*pool);
	if (!rc)
		return 0;
	snprintf(cause, sizeof(cause), "%s", err_get());
	pool_close(*pool);
	*pool = NULL;
	err_put_back(cause);
	return rc;
}

int service_look(
	struct service *service, const struct control_named *named, struct compare_looked *looked)
{
	struct pool_set *set;
	int rc = named->flags ? err_set(-EPROTO, "malformed request: it has unknown flags")
			      : writers_load_set(service->config, named->name, &set);

	if (rc)
		return rc;
	rc = look(set, &service->pool);
	pool_set_free(set);
	if (rc)
		return rc;
	service->created = service->kept = false;
	service->looks = true;
	service->publish = (struct publish){-1, -1}; /* no process can ask for counters */
	*looked = (struct compare_looked){
		pool_size(service->pool), (uint32_t)pool_guard(service->pool)};
	return 0;
}

static int check_range(const struct service *service, const struct compare_ask *ask)
{
	size_t size = pool_size(service->pool);

	if (ask->offset <= size && ask->length <= size - ask->offset)
		return 0;
	return err_set(-EFBIG,
		"%" PRIu32 " bytes at offset %" PRIu64 " are not within the pool's %zu",
		ask->length, ask->offset, size);
}

/* Write a hash to `out` for each piece of ask->unit bytes; the last piece may be shorter. */
static void put_hashes(
	const uint8_t *bytes, size_t length, const struct compare_ask *ask, struct writer *out)
{
	for (size_t at = 0; at < length; at += ask->unit) {
		size_t unit = length - at < ask->unit ? length - at : ask->unit;
		uint8_t hash[HASH_SIZE];

		hash_bytes(bytes + at, unit, ask->seed, hash);
		put_bytes(out, hash, sizeof(hash));
	}
}

/*
 * Hash a range of the pool. Copies it to a buffer, which has room for the largest unit, and is
 * small enough for a CPU's cache.
 */
static int hash(struct service *service, const struct control_head *head, const uint8_t *body,
	struct writer *out)
{
	struct compare_ask ask;
	int rc = compare_get_ask(body, head->length, &ask);

	if (!rc)
		rc = check_range(service, &ask);
	if (!rc && !service->buffer) {
		service->buffer = malloc(COMPARE_UNIT_MAX);
		rc = service->buffer ? 0 : err_set(-ENOMEM, "out of memory while comparing");
	}
	for (size_t done = 0; !rc && done < ask.length;) {
		size_t length = ask.length - done;
		if (length > COMPARE_UNIT_MAX)
			length = COMPARE_UNIT_MAX;
		rc = pool_read(service->pool, ask.offset + done, service->buffer, length);
		if (!rc)
			put_hashes(service->buffer, length, &ask, out);
		done += length;
	}
	return rc;
}

static int begin(struct service *service, const struct control_head *head, const uint8_t *body,
	struct writer *out)
{
	struct control_session begun;
	uint8_t secret[CONTROL_SECRET_SIZE];
	int rc = control_get_begin(body, head->length, secret);

	if (!rc)
		rc = service_begin(service, secret, &begun);
	if (!rc)
		control_put_session(out, &begun);
	return rc;
}

static int set_mark(struct service *service, const struct control_head *head, const uint8_t *body)
{
	struct control_mark mark;
	int rc = control_get_mark(body, head->length, &mark);

	if (!rc && mark.extent > pool_size(service->pool))
		rc = err_set(-EPROTO,
			"malformed request to mark: it covers more bytes than the pool has");
	return rc ? rc : writers_mark(&service->writers, &mark);
}

static int clear(struct service *service, const struct control_head *head, const uint8_t *body)
{
	int rc = control_get_nothing(body, head->length);

	return rc ? rc : writers_clear(&service->writers);
}

bool service_is_work(uint32_t type)
{
	return type == CONTROL_HASHES || type == CONTROL_BEGIN || type == CONTROL_MARK ||
	       type == CONTROL_CLEAR;
}

int service_work(
	void *context, const struct control_head *head, const uint8_t *body, struct writer *out)
{
	struct service *service = context;

	switch (head->type) {
	case CONTROL_HASHES:
		return hash(service, head, body, out);
	case CONTROL_BEGIN:
		return begin(service, head, body, out);
	case CONTROL_MARK:
		return set_mark(service, head, body);
	default:
		return clear(service, head, body);
	}
}
