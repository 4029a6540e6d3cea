/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counters.h - what an initiator has done on its lanes, as a message of the control channel
 *
 * The target's request COUNTERS asks its initiator for its counters. An initiator's request
 * SESSION_COUNTERS, which names a pool set, asks for the counters of the initiator that has this
 * pool open. The daemon of that initiator adds the provider that carries the data.
 */
#ifndef WIRE_COUNTERS_H
#define WIRE_COUNTERS_H

#include "wire/control.h"

#define WIRE_TIMES         32
#define WIRE_COUNTERS_SIZE ((8 + WIRE_TIMES) * sizeof(uint64_t))

struct wire_counters {
	uint64_t flushes, bytes, drains, reads, read_bytes, retries, failures, reconnects;
	uint64_t times[WIRE_TIMES]; /* numbers of drains by duration: see libpmem2/times.h */
};

/* The reply to SESSION_COUNTERS. */
struct wire_session {
	struct wire_counters counters;
	uint8_t provider; /* one of WIRE_PROVIDERS, or 0 if it is unknown */
};

#define WIRE_SESSION_SIZE (WIRE_COUNTERS_SIZE + 1)

void counters_put(struct writer *out, const struct wire_counters *counters);
/*
 * Decode counters, which take up the rest of the body. Returns 0, or -EPROTO with an error
 * message.
 */
int counters_get(struct reader *in, struct wire_counters *counters);

void counters_put_session(struct writer *out, const struct wire_session *session);
/* As counters_get(). */
int counters_get_session(struct reader *in, struct wire_session *session);

#endif
