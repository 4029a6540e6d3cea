/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * messages.h - the messages of a lane of the initiator: they gather records, such as stores, and
 * are answered by the target
 *
 * Other comments cite these invariants by number. Further invariants of a lane depend on its
 * transport: fabric/lane.h has those of libfabric.
 *
 * L2	Messages are numbered, and answered in that order. At most `window` of them are unanswered.
 * L3	A reply ends the client if it does not fit the oldest unanswered message: if it is
 *	malformed, has another number, or brings more or fewer bytes than were asked for.
 * L6	The first of several errors of the target is kept in `failure`, and is reported once, by
 *	the call that waits for the message. The lane stays usable.
 * L10	Ranges of a lane arrive in the order of their flushes. Writes that a transport does without
 *	messages may overtake messages: so if a range may overlap with a range of an unanswered
 *	message, it is sent in a message, too.
 */
#ifndef LANES_MESSAGES_H
#define LANES_MESSAGES_H

#include <stdatomic.h>

#include "lanes/lanes.h"
#include "wire/data.h"

/*
 * In bytes: up to this length a store's bytes are copied into the open message; longer ones are
 * sent from the caller's memory without a copy.
 */
#define MESSAGES_COPY_MAX 4096
/*
 * Maximum of copied bytes in a message: large enough that several of the longest copied stores
 * share a message.
 */
#define MESSAGES_GATHER ((size_t)32 << 10)

/* Returns `size`, in bytes, rounded down to whole words of 8 bytes. */
static inline size_t messages_gather(size_t size)
{
	return size & ~(size_t)7;
}

/*
 * Memory for the bytes that an unanswered message has asked for. `to` is NULL if the message has
 * not asked for any.
 */
struct messages_wanted {
	uint8_t *to;
	size_t length;
};

/*
 * The messages of one lane. When the transport opens the lane, it sets the members up to `wanted`,
 * and all others to zeros.
 */
struct messages {
	struct lanes_client *client;
	unsigned number; /* of the lane */
	unsigned window;
	size_t message_size; /* maximum size of a message, and of the bytes in a reply */
	size_t gather;       /* size of the memory in which a message is built */
	bool copies;         /* the transport cannot send bytes from the caller's memory */
	struct messages_wanted *wanted; /* `window` of them */

	uint32_t next, answered; /* number of the next message; number of the next reply (L2) */
	struct writer out; /* appends to the message that is still being filled; valid if `open` */
	uint16_t records;
	bool open;
	size_t from, to; /* a range around all stores of unanswered messages; `to` is 0: none */
	/*
	 * A persist was started and not finished: other calls are refused. Only the thread that
	 * uses the lane writes this.
	 */
	atomic_bool started;
	int failure; /* first error of a message that was not reported yet, and its text (L6) */
	char text[DATA_TEXT_MAX + 1];
};

/*
 * Store the bytes at `offset` by messages. A message is sent at once if it is full, or if its bytes
 * are not copied.
 */
int messages_store(struct messages *lane, size_t offset, size_t length);
/*
 * Returns true if the range may overlap with a range of an unanswered message: then a write that
 * is not a message could arrive before that message.
 */
static inline bool messages_overlap(const struct messages *lane, size_t offset, size_t length)
{
	return offset < lane->to && offset + length > lane->from;
}

/*
 * Add a record that has no bytes to the open message, which is the one that is still being filled.
 */
int messages_note(struct messages *lane, enum data_action action, size_t offset, size_t length);
/* Send the open message, the one that is still being filled, if there is one. */
int messages_send(struct messages *lane);
/* Send a message without records: the reply shows that the peer is alive. */
int messages_ask(struct messages *lane);
int messages_read(struct messages *lane, void *to, size_t offset, size_t length);

/* Count that the transport has to post an operation again, because a queue was full. */
void messages_count_retry(struct messages *lane);

/*
 * Handle a reply, when `sent` messages were sent so far. Returns NULL, or a text that says how the
 * reply breaks the protocol (L3), which ends the client.
 */
const char *messages_take_reply(
	struct messages *lane, uint32_t sent, const void *bytes, size_t length);

#endif
