/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * method.h - how an initiator makes the bytes of a relaxed flush durable: functions for each
 * persist method
 *
 * The bytes of a flush without "relaxed" are sent in messages, whatever the persist method.
 */
#ifndef FABRIC_METHOD_H
#define FABRIC_METHOD_H

#include "fabric/lane.h"

struct method {
	enum holdfast_method id;
	/*
	 * Begin to make the bytes durable. `alone`: the call is a persist, so no other ranges are
	 * sent together with this one.
	 */
	int (*relaxed)(struct lane *lane, size_t offset, size_t length, bool alone);
	/*
	 * Make sure that earlier writes have arrived; a drain calls this before it waits for the
	 * work under way.
	 */
	int (*confirm)(struct lane *lane);
};

/* Returns NULL if the method is unknown. */
const struct method *method_find(enum holdfast_method id);

#endif
