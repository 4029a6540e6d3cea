/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * answers.h - the replies that a control channel waits for, in the order of their requests
 *
 * The thread that sends requests expects an answer before it sends each of them, and takes the
 * answers in the same order. The monitor thread puts them in when they arrive. The caller's lock
 * guards all of it.
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
	size_t limit;             /* the longest reply, in bytes */
	size_t length;
	uint8_t *bytes;
	size_t room; /* bytes allocated */
};

/* Zeros are an empty list. */
struct answers {
	struct answer ring[ANSWERS_MAX];
	unsigned first;             /* the oldest expected */
	unsigned expected, arrived; /* numbers of expected and arrived answers, from `first` on */
};

void answers_fini(struct answers *answers);

/*
 * Expect a reply of at most `limit` bytes. -ENOMEM, with an error message; -EAGAIN if ANSWERS_MAX
 * are expected.
 */
int answers_expect(struct answers *answers, const struct control_head *head, size_t limit);

/* Put in a reply. False if it is not the next one expected, or is too long. */
bool answers_put(struct answers *answers, const struct control_head *head, const uint8_t *body);

/* Take the oldest, which has arrived. Valid until the next answers_expect(). */
const struct answer *answers_take(struct answers *answers);

#endif
