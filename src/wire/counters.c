/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/counters.h"

#include <errno.h>

#include "base/err.h"

void counters_put(struct writer *out, const struct wire_counters *counters)
{
	put_u64(out, counters->flushes);
	put_u64(out, counters->bytes);
	put_u64(out, counters->drains);
	put_u64(out, counters->reads);
	put_u64(out, counters->read_bytes);
	put_u64(out, counters->retries);
	put_u64(out, counters->failures);
	put_u64(out, counters->reconnects);
	for (unsigned i = 0; i < WIRE_TIMES; i++)
		put_u64(out, counters->times[i]);
}

static struct wire_counters get(struct reader *in)
{
	struct wire_counters got;

	got.flushes = get_u64(in);
	got.bytes = get_u64(in);
	got.drains = get_u64(in);
	got.reads = get_u64(in);
	got.read_bytes = get_u64(in);
	got.retries = get_u64(in);
	got.failures = get_u64(in);
	got.reconnects = get_u64(in);
	for (unsigned i = 0; i < WIRE_TIMES; i++)
		got.times[i] = get_u64(in);
	return got;
}

static int malformed(const char *why)
{
	return err_set(-EPROTO, "malformed counters: %s", why);
}

int counters_get(struct reader *in, struct wire_counters *counters)
{
	struct wire_counters got = get(in);

	if (!reader_done(in))
		return malformed("the length does not match the fields");
	*counters = got;
	return 0;
}

void counters_put_session(struct writer *out, const struct wire_session *session)
{
	counters_put(out, &session->counters);
	put_u8(out, session->provider);
}

int counters_get_session(struct reader *in, struct wire_session *session)
{
	struct wire_session got = {.counters = get(in)};

	got.provider = get_u8(in);
	if (!reader_done(in))
		return malformed("the length does not match the fields");
	if (got.provider & ~WIRE_PROVIDERS || got.provider & (got.provider - 1))
		return malformed("the provider is unknown");
	*session = got;
	return 0;
}
