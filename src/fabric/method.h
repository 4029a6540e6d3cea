/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * method.h - how an initiator makes relaxed bytes durable: a strategy for each persist method
 *
 * Bytes that are not relaxed go by message, whatever the method.
 */
#ifndef FABRIC_METHOD_H
#define FABRIC_METHOD_H

#include "fabric/lane.h"

struct method {
	enum holdfast_method id;
	/* Begin to make the bytes durable. `alone`: a persist, with nothing else to gather. */
	int (*relaxed)(struct lane *lane, size_t offset, size_t length, bool alone);
	/* At a drain, before it waits for all that is under way. */
	int (*confirm)(struct lane *lane);
};

/* NULL for a method that this end does not know. */
const struct method *method_find(enum holdfast_method id);

#endif
