/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * messages.h - the messages of a lane of the initiator: they gather records, and are answered
 *
 * These invariants are cited by number. The others of a lane depend on its transport: those of
 * fabric/ are in fabric/lane.h.
 *
 * L2	Messages are numbered, and answered in that order. At most `window` of them are unanswered.
 * L3	A reply ends the client if it does not fit the oldest unanswered message: if it is
 *	malformed, has another number, or brings more or fewer bytes than were asked for.
 * L6	An error of the target is kept in `failure`, the first of several, and is reported once, by
 *	the call that waits for it. The lane stays usable.
 * L10	Ranges of a lane arrive in the order of their flushes. A transport's own writes may overtake
 *	messages: so a range that may overlap with one of an unanswered message travels in a
 *	message, too.
 */
#ifndef LANES_MESSAGES_H
#define LANES_MESSAGES_H

#include <stdatomic.h>

#include "lanes/lanes.h"
#include "wire/data.h"

/*
 * Bytes; up to this length stores are copied into the open message, longer ones are sent in place.
 */
#define MESSAGES_COPY_MAX 4096
/* Bytes of copies that a message gathers, so that a few of the largest share its cost. */
#define MESSAGES_GATHER ((size_t)32 << 10)

/* Memory for messages of at most `size` bytes consists of whole words, and is not larger. */
static inline size_t messages_gather(size_t size)
{
	return size & ~(size_t)7;
}

/* The bytes that an unanswered message has asked for; `to` is NULL if it has not. */
struct messages_wanted {
	uint8_t *to;
	size_t length;
};

/* The transport sets the first members when it opens the lane, and puts zeros into the others. */
struct messages {
	struct lanes_client *client;
	unsigned number; /* of the lane */
	unsigned window;
	size_t message_size; /* size of the largest message, and of the most bytes in a reply */
	size_t gather;       /* size of the memory that a message is built in */
	bool copies;         /* the transport cannot send the caller's memory in place */
	struct messages_wanted *wanted; /* `window` of them */

	uint32_t next, answered; /* numbers of the next message and the next reply (L2) */
	struct writer out;       /* writes the open message, if `open` */
	uint16_t records;
	bool open;
	size_t from, to; /* all ranges stored by messages since all were answered; to is 0: none */
	/* A persist is in progress: other calls are refused. Written by the lane's thread only. */
	atomic_bool started;
	int failure; /* first unreported error of a message, and its text (L6) */
	char text[DATA_TEXT_MAX + 1];
};

/*
 * Put the bytes at `offset` into messages. Full messages, and those without copied bytes, are
 * sent.
 */
int messages_store(struct messages *lane, size_t offset, size_t length);
/*
 * True if a range may overlap with one whose message is not answered: then a write that does not
 * travel in messages could arrive before it.
 */
static inline bool messages_overlap(const struct messages *lane, size_t offset, size_t length)
{
	return offset < lane->to && offset + length > lane->from;
}

/* Add a record without bytes to the open message. */
int messages_note(struct messages *lane, enum data_action action, size_t offset, size_t length);
/* Send the open message, if there is one. */
int messages_send(struct messages *lane);
/* Send a message without records, whose reply shows that the peer is alive. */
int messages_ask(struct messages *lane);
int messages_read(struct messages *lane, void *to, size_t offset, size_t length);

/* Count that the transport posts something again, because a queue was full. */
void messages_count_retry(struct messages *lane);

/*
 * Take a reply, of which `sent` messages were sent so far. Returns NULL, or how it breaks the
 * protocol (L3), which ends the client.
 */
const char *messages_take_reply(
	struct messages *lane, uint32_t sent, const void *bytes, size_t length);

#endif
