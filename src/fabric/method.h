/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * method.h - how an initiator makes relaxed bytes durable: a strategy for each persist method
 *
 * Bytes that are not relaxed are sent by message, whatever the method.
 */
#ifndef FABRIC_METHOD_H
#define FABRIC_METHOD_H

#include "fabric/lane.h"

struct method {
	enum holdfast_method id;
	/*
	 * Begin to make the bytes durable. `alone`: this is a persist, so nothing else is
	 * gathered.
	 */
	int (*relaxed)(struct lane *lane, size_t offset, size_t length, bool alone);
	/* Called by a drain before it waits for the work under way. */
	int (*confirm)(struct lane *lane);
};

/* NULL for an unknown method. */
const struct method *method_find(enum holdfast_method id);

#endif
