/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric/patience.h"

/* Roughly the number of yields over which the mean loss is computed. */
#define YIELDS 256

static void rest(struct patience *patience, uint64_t now, uint64_t loss)
{
	uint64_t length = 2 * patience->rest_ns;

	if (length < PATIENCE_REST_FIRST * loss)
		length = PATIENCE_REST_FIRST * loss;
	if (length > PATIENCE_REST_MOST * loss)
		length = PATIENCE_REST_MOST * loss;
	if (length > PATIENCE_REST_NS)
		length = PATIENCE_REST_NS;
	patience->rest_ns = length;
	patience->rest_until = now + length;
}

/* Count a yield of the CPU: the waiter ran again only after `away` ns. */
static void lose(struct patience *patience, uint64_t now, uint64_t away)
{
	uint64_t loss = away > PATIENCE_TURN_NS ? away : 0;

	patience->loss_ns += loss / YIELDS - patience->loss_ns / YIELDS;
	if (patience->loss_ns > PATIENCE_SLEEP_NS)
		rest(patience, now, loss);
	else
		patience->rest_ns -= patience->rest_ns / YIELDS;
}

/*
 * Returns true while the waiter rests (sleeps at once in every wait). After a rest the mean loss
 * is at its limit, so that one more loss begins another rest.
 */
static bool rests(struct patience *patience, uint64_t now)
{
	if (patience->rest_until && now >= patience->rest_until) {
		patience->rest_until = 0;
		patience->loss_ns = PATIENCE_SLEEP_NS;
	}
	return patience->rest_until;
}

void patience_begin(struct patience *patience)
{
	patience->began = 0;
	patience->polls = false;
}

bool patience_lasts(struct patience *patience, uint64_t now)
{
	uint64_t since = now - patience->looked;

	if (patience->polls && since > PATIENCE_TURN_NS)
		lose(patience, now, since);
	if (!patience->began)
		patience->began = now;
	patience->looked = now;
	patience->polls = now - patience->began < patience->poll_ns && !rests(patience, now);
	return patience->polls;
}

void patience_yielded(struct patience *patience, uint64_t now)
{
	lose(patience, now, now - patience->looked);
	patience->looked = now;
}
