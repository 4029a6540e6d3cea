/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * data.h - what travels on a lane: connection data, messages and replies, as bytes
 *
 * All numbers are big-endian. A lane begins with the initiator's hello, in the data of its
 * connection request, and the target's welcome, in that of the acceptance, or the reason for which
 * it refuses. Then the initiator sends messages, at most `window` of them unanswered, and the
 * target answers each with one reply, in the order of their sequence numbers, which count from 0.
 *
 * A message is a header of 8 bytes, then records of 16 bytes; the bytes to store follow the record
 * of a store at once, padded with zeros to a multiple of 8; at the end of a message the padding
 * may be missing:
 *
 *	header	u8 kind, u8 zero, u16 records, u32 sequence
 *	record	u64 offset in the pool, u32 length, u16 action, u16 zero
 *
 * A batch has any number of records (none is a question whether the peer is alive), a read has
 * one, whose action is 0. A reply is a header of 16 bytes, then text or bytes of the pool:
 *
 *	reply	u32 sequence, u16 status, u16 length of text, u32 length of bytes, u32 zero
 */
#ifndef WIRE_DATA_H
#define WIRE_DATA_H

#include "wire/buf.h"

#define DATA_VERSION     1
#define DATA_SECRET_SIZE 32

/* Adapters leave little room for connection data: these must stay below 48 bytes. */
#define DATA_HELLO_SIZE   44
#define DATA_WELCOME_SIZE 44
#define DATA_REFUSAL_SIZE 8

struct data_hello {
	uint16_t version;
	uint32_t lane;
	uint8_t secret[DATA_SECRET_SIZE];
};

/* To reach the byte of the pool at an offset, the adapter is given base + offset and the key. */
struct data_welcome {
	uint16_t version;
	uint16_t window;       /* messages that the initiator may have under way */
	uint32_t message_size; /* of the largest one, and of the bytes in a reply */
	uint64_t read_base, read_key;
	uint64_t write_base, write_key;
};

enum data_refusal { DATA_REFUSED_VERSION = 1, DATA_REFUSED_SECRET, DATA_REFUSED_RESOURCES };

void data_put_hello(uint8_t bytes[DATA_HELLO_SIZE], const struct data_hello *hello);
void data_put_welcome(uint8_t bytes[DATA_WELCOME_SIZE], const struct data_welcome *welcome);
void data_put_refusal(uint8_t bytes[DATA_REFUSAL_SIZE], enum data_refusal reason);

/*
 * Adapters may hand over more bytes than were sent: what follows is ignored. Of another version
 * only the version is read. False if these bytes are not ours.
 */
bool data_get_hello(struct data_hello *hello, const void *bytes, size_t length);
bool data_get_welcome(struct data_welcome *welcome, const void *bytes, size_t length);
/* `version` is the other side's. */
bool data_get_refusal(
	enum data_refusal *reason, uint16_t *version, const void *bytes, size_t length);

/* -- messages -- */

enum data_kind { DATA_BATCH = 1, DATA_READ };

enum data_action {
	DATA_STORE = 1, /* its bytes follow: to be copied into the pool and made durable */
	DATA_COMMIT,    /* its bytes were written into the pool: to be made durable */
	DATA_DEEP,      /* a deep flush, after all stores and commits of the message are durable */
};

#define DATA_HEADER_SIZE 8
#define DATA_RECORD_SIZE 16
#define DATA_REPLY_SIZE  16
#define DATA_TEXT_MAX    200
/* A window's messages hold at least that much. */
#define DATA_MESSAGE_MIN 4096

struct data_header {
	enum data_kind kind;
	uint16_t records;
	uint32_t sequence;
};

struct data_record {
	uint64_t offset;
	uint32_t length;
	uint16_t action;
};

static inline size_t data_padded(size_t length)
{
	return (length + 7) & ~(size_t)7;
}

/* The header comes last, when the number of records is known: it is put over the first bytes. */
void data_put_header(uint8_t bytes[DATA_HEADER_SIZE], const struct data_header *header);
bool data_get_header(struct data_header *header, struct reader *in);

static inline void data_put_record(struct writer *out, const struct data_record *record)
{
	put_u64(out, record->offset);
	put_u32(out, record->length);
	put_u16(out, record->action);
	put_u16(out, 0);
}

/*
 * The next record of a message of `kind`, and the place of its bytes (NULL if it has none). False
 * if it is malformed or cut off.
 */
bool data_get_record(
	struct data_record *record, const uint8_t **bytes, struct reader *in, enum data_kind kind);

/* -- replies -- */

/* The outcome of a message. Numbers on the wire; anything else that goes wrong is FAILED. */
enum data_status {
	DATA_DONE,
	DATA_FAILED,
	DATA_IO,       /* EIO: the medium, or a write-back */
	DATA_NO_SPACE, /* ENOSPC */
	DATA_QUOTA,    /* EDQUOT */
	DATA_NO_MEMORY,
	DATA_READ_ONLY,
	DATA_NO_ACCESS,
	DATA_RANGE,    /* not in the pool, or in its guarded header; the message changed nothing */
	DATA_PROTOCOL, /* not a message: the target closes the lane */
};

struct data_reply {
	uint32_t sequence;
	uint16_t status;
	uint16_t text_length; /* at most DATA_TEXT_MAX; printable ASCII, not terminated */
	uint32_t length;      /* bytes of the pool, after the text */
};

void data_put_reply(uint8_t bytes[DATA_REPLY_SIZE], const struct data_reply *reply);
/* All that is left in the reader must be the text and the bytes, and the text printable. */
bool data_get_reply(struct data_reply *reply, const char **text, const uint8_t **bytes,
	const void *message, size_t length);

/* `code` is -errno. */
enum data_status data_status_of(int code);
int data_errno_of(uint16_t status);

#endif
