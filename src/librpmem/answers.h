/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * answers.h - the replies that a control channel waits for, in the order of their requests
 *
 * The thread that sends requests calls answers_expect() before each request, and answers_take()
 * for each reply, in the same order. When a reply arrives, the thread that reads from the channel
 * calls answers_put(). The caller's lock protects all data here.
 */
#ifndef LIBRPMEM_ANSWERS_H
#define LIBRPMEM_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/control.h"

#define ANSWERS_MAX 64

struct answer {
	struct control_head head; /* of the request */
	size_t limit;             /* maximum length of the reply in bytes */
	size_t length;
	uint8_t *bytes;
	size_t room; /* bytes allocated */
};

/* The list of expected replies. Filled with zeros, it is empty. */
struct answers {
	struct answer ring[ANSWERS_MAX];
	unsigned first;             /* the oldest expected */
	unsigned expected, arrived; /* numbers of expected replies, and of arrived ones */
};

void answers_fini(struct answers *answers);

/*
 * Note that a reply of at most `limit` bytes is expected. Returns 0; -ENOMEM with an error
 * message; or -EAGAIN if ANSWERS_MAX replies are expected already.
 */
int answers_expect(struct answers *answers, const struct control_head *head, size_t limit);

/*
 * Store a reply that has arrived. Returns false if it is not the next reply expected, or if it is
 * too long.
 */
bool answers_put(struct answers *answers, const struct control_head *head, const uint8_t *body);

/* Take the oldest reply, which must have arrived. It is valid until the next answers_expect(). */
const struct answer *answers_take(struct answers *answers);

#endif
