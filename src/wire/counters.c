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

int counters_get(struct reader *in, struct wire_counters *counters)
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
	if (!reader_done(in))
		return err_set(
			-EPROTO, "malformed counters: their length does not match their fields");
	*counters = got;
	return 0;
}
