/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control.h - the messages of the control channel, which is the standard input and output of a
 * daemon that ssh has started (doc/remote-protocol.md)
 *
 * Both ends begin with a greeting of 16 bytes, without waiting for the other's greeting. Then they
 * exchange frames: a head of 12 bytes and a body of at most CONTROL_BODY_MAX. The initiator sends
 * requests. The target answers each with a frame that has the same id and the type of the request
 * plus CONTROL_REPLY. Only pings may be sent by either end, and the target sends one request of its
 * own, CONTROL_COUNTERS.
 *
 * Encoders write into the caller's writer and set its `bad` if something does not fit. Decoders
 * take the body of one frame. They return 0, or -EPROTO with an error message if the body is
 * malformed or exceeds a limit of this protocol. They write their output on success only, and its
 * pointers point into the body.
 */
#ifndef WIRE_CONTROL_H
#define WIRE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/buf.h"
#include "wire/method.h"
#include "wire/status.h"

#define CONTROL_MAJOR 1 /* protocols with different numbers are incompatible */
#define CONTROL_MINOR 1 /* an end with a higher number may know more requests */
/* The first minor version that knows the provider ssh and the requests that belong to it. */
#define CONTROL_MINOR_SSH 1

#define CONTROL_GREETING_SIZE 16
#define CONTROL_HEAD_SIZE     12
#define CONTROL_BODY_MAX      ((size_t)64 << 10)
/*
 * Maximum number of bytes of a lane's message in a frame, and of bytes of the pool in the reply to
 * it.
 */
#define CONTROL_DATA_MAX  (CONTROL_BODY_MAX - 64)
#define CONTROL_FRAME_MAX (CONTROL_HEAD_SIZE + CONTROL_BODY_MAX)

#define CONTROL_LANES_MAX   1024
#define CONTROL_NAME_MAX    1023 /* maximum length of the name of a pool set, in bytes */
#define CONTROL_MESSAGE_MAX 512
#define CONTROL_ADDRESS_MAX 64
#define CONTROL_SECRET_SIZE 32
#define CONTROL_PARTS_MAX   64 /* maximum number of parts of one set in a reply */
#define CONTROL_ID_SIZE     16 /* bytes of the identity of a pool */
#define CONTROL_RESULT_SIZE 6  /* bytes of a reply's status, without its message */
#define CONTROL_REPLY       0x80000000u

enum control_type {
	CONTROL_CREATE = 1,
	CONTROL_OPEN = 2,
	CONTROL_KEEP = 3, /* keep the created pool even if the connection is lost later */
	CONTROL_SET_ATTR = 4,
	CONTROL_CLOSE = 5,
	CONTROL_REMOVE = 6,
	CONTROL_DESCRIBE = 7,
	CONTROL_PING = 8, /* either end may send it; the reply has no status and no body */
	/*
	 * Carries a message of a lane (data.h); the id of the frame is the number of the lane. The
	 * reply carries the lane's reply, and does not begin with a result as other replies on this
	 * channel do.
	 */
	CONTROL_MESSAGE = 9,
	CONTROL_LANES = 10, /* make new lanes for the open pool, over another provider */

	/* Since minor version 1: what the target remembers of a pool (pool/state.h) */
	CONTROL_STATE = 16,  /* report what is remembered of a pool set, which need not be open */
	CONTROL_BEGIN = 17,  /* begin a session, before its first store; advance the generation */
	CONTROL_RESUME = 18, /* like OPEN, and resumes a session */
	CONTROL_MARK = 19,   /* mark the pool as inconsistent */
	CONTROL_CLEAR = 20,  /* all bytes are durable: the pool is consistent again */
	CONTROL_REPAIR = 21, /* like OPEN, but accepts a pool that is marked as inconsistent */

	/* Requests for comparing, since protocol version 1.1 (compare.h): */
	CONTROL_LOOK = 24,   /* open a pool to compare it: for reading, without lanes */
	CONTROL_HASHES = 25, /* hash the blocks of a range */

	/* Requests for counters, since protocol version 1.1. */
	CONTROL_COUNTERS = 32, /* sent by the target; the reply has no status */
	CONTROL_SESSION_COUNTERS = 33,
};

/* The first minor version that knows the requests from CONTROL_STATE on. */
#define CONTROL_MINOR_STATE 1

#define CONTROL_CLOSE_REMOVE     1u /* remove the pool if this connection has created it */
#define CONTROL_REMOVE_FORCE     1u /* skip parts that cannot be removed */
#define CONTROL_REMOVE_POOL_SET  2u /* remove the set's file, too */
#define CONTROL_REMOVE_FLAGS_ALL 3u

/* The size of a struct rpmem_pool_attr on the wire: its members, one after the other. */
#define CONTROL_ATTR_SIZE 104

/* The size of a struct control_session on the wire. */
#define CONTROL_SESSION_SIZE (CONTROL_ID_SIZE + 8 + CONTROL_SECRET_SIZE)

/* The size of a struct control_mark on the wire. */
#define CONTROL_MARK_SIZE 16

struct control_head {
	uint32_t type;
	uint32_t id;
	uint32_t length; /* of the body */
};

/* The body of the requests CREATE, OPEN and REPAIR. */
struct control_start {
	uint64_t size;
	uint32_t nlanes;
	uint32_t providers; /* a set of providers (method.h), not empty */
	bool has_attr;      /* CREATE: the pool gets headers; OPEN: always false */
	struct rpmem_pool_attr attr;
	char name[CONTROL_NAME_MAX + 1];
};

/* The request LANES. */
struct control_lanes {
	uint32_t nlanes;
	uint32_t providers;
};

/*
 * The reply to CREATE, OPEN, RESUME, REPAIR and LANES; `secrets` is nlanes * CONTROL_SECRET_SIZE
 * bytes. With the provider ssh there is no port, address or secret: the lanes are in this channel.
 */
struct control_started {
	uint16_t port;
	uint8_t provider, method, granularity;
	uint64_t pool_size;
	uint32_t guard; /* size of the header at the pool's start, or 0 */
	uint32_t nlanes;
	bool has_attr;
	struct rpmem_pool_attr attr;           /* zeros if has_attr is false */
	char address[CONTROL_ADDRESS_MAX + 1]; /* where the target listens; "": on all addresses */
	const uint8_t *secrets;
	/* Only for the provider ssh, with the same meaning as in struct data_welcome: */
	uint16_t window;
	uint32_t message_size;
};

/* The body of the request SET_ATTR. Without attributes, `attr` is zeros. */
struct control_set_attr {
	bool has_attr;
	struct rpmem_pool_attr attr;
};

/*
 * Identifies the session of an initiator that stores to the pool. The values are those that the
 * target sends in its reply to BEGIN.
 */
struct control_session {
	uint8_t identity[CONTROL_ID_SIZE];
	uint64_t generation; /* not 0 */
	uint8_t secret[CONTROL_SECRET_SIZE];
};

/* The request RESUME. */
struct control_resume {
	struct control_session session;
	struct control_start start;
};

/* The request MARK. */
struct control_mark {
	uint64_t missing; /* bytes, at most `extent` */
	uint64_t extent;  /* the missing bytes are before this offset in the pool; not 0 */
};

/* The reply to STATE. */
struct control_state {
	bool known; /* false: the pool has no state yet, and the members below are zeros */
	uint8_t identity[CONTROL_ID_SIZE];
	uint64_t generation;
	bool unclosed;     /* the last session did not close the pool, or still has it open */
	bool inconsistent; /* the pool is marked as inconsistent; if not, the members below are 0 */
	uint64_t since;    /* when the pool was marked: seconds since 1970 by the target's clock */
	uint64_t missing;  /* number of missing bytes */
	uint64_t extent;   /* the missing bytes are before this offset in the pool */
};

/* The body of the request REMOVE, which has flags, and of DESCRIBE and STATE, which have none. */
struct control_named {
	uint32_t flags;
	char name[CONTROL_NAME_MAX + 1];
};

struct control_part {
	uint64_t size;
	uint8_t survival;    /* enum holdfast_survival */
	const uint8_t *path; /* not terminated, without control characters */
	uint16_t path_length;
};

/* The reply to DESCRIBE. */
struct control_description {
	uint64_t size;
	uint32_t guard, max_lanes;
	uint8_t providers, granularity;
	uint8_t survival;                 /* of all parts together, even if not all are listed */
	uint8_t method_verbs, method_tcp; /* persist method over each provider; 0: none */
	bool created, busy, has_attr;     /* members about the pool: set if created and not busy */
	struct rpmem_pool_attr attr;
	uint16_t nparts;
	struct control_part parts[CONTROL_PARTS_MAX];
};

/* The beginning of each reply except a ping's. */
struct control_result {
	enum wire_status status;
	char message[CONTROL_MESSAGE_MAX + 1]; /* printable, "" for WIRE_OK */
};

void control_put_greeting(struct writer *out);

/*
 * Decode a greeting. -EPROTO: the other end speaks another protocol. -EPROTONOSUPPORT: it speaks
 * another version of this protocol; the error message names both versions. `peer` is the name of
 * the other end in error messages, such as "the target".
 */
int control_get_greeting(
	const uint8_t bytes[CONTROL_GREETING_SIZE], const char *peer, unsigned *minor);

/*
 * Encode or decode the head of a frame. The caller must check the length of the body, and whether
 * a frame of this type is allowed at this time.
 */
void control_put_head(struct writer *out, const struct control_head *head);
int control_get_head(const uint8_t bytes[CONTROL_HEAD_SIZE], struct control_head *head);

void control_put_start(struct writer *out, const struct control_start *start);
int control_get_start(const uint8_t *body, size_t length, struct control_start *start);
void control_put_lanes(struct writer *out, const struct control_lanes *lanes);
int control_get_lanes(const uint8_t *body, size_t length, struct control_lanes *lanes);
void control_put_set_attr(struct writer *out, const struct control_set_attr *set);
int control_get_set_attr(const uint8_t *body, size_t length, struct control_set_attr *set);
void control_put_close(struct writer *out, uint32_t flags);
int control_get_close(const uint8_t *body, size_t length, uint32_t *flags);
void control_put_named(struct writer *out, const struct control_named *named);
int control_get_named(const uint8_t *body, size_t length, struct control_named *named);
int control_get_nothing(const uint8_t *body, size_t length);
void control_put_resume(struct writer *out, const struct control_resume *resume);
int control_get_resume(const uint8_t *body, size_t length, struct control_resume *resume);
/* The request BEGIN: the secret of the session, not all zeros. */
void control_put_begin(struct writer *out, const uint8_t secret[CONTROL_SECRET_SIZE]);
int control_get_begin(const uint8_t *body, size_t length, uint8_t secret[CONTROL_SECRET_SIZE]);
void control_put_mark(struct writer *out, const struct control_mark *mark);
int control_get_mark(const uint8_t *body, size_t length, struct control_mark *mark);

/*
 * Write the result that a reply begins with. Characters of the message that are not printable are
 * replaced, and a message that is too long is cut off. After WIRE_OK the caller writes the reply's
 * own fields; after any other status nothing follows.
 */
void control_put_result(struct writer *out, enum wire_status status, const char *message);
int control_get_result(struct reader *in, struct control_result *result);

void control_put_started(struct writer *out, const struct control_started *started);
int control_get_started(struct reader *in, struct control_started *started);
/* `minor` is the minor version of the initiator's protocol, which may not know all providers. */
void control_put_description(
	struct writer *out, const struct control_description *told, unsigned minor);
int control_get_description(struct reader *in, struct control_description *told);
void control_put_session(struct writer *out, const struct control_session *session);
int control_get_session(struct reader *in, struct control_session *session);
void control_put_state(struct writer *out, const struct control_state *state);
int control_get_state(struct reader *in, struct control_state *state);

/* The name of a type, such as "CREATE"; "?" if unknown. A reply has the name of its request. */
const char *control_type_name(uint32_t type);

#endif
