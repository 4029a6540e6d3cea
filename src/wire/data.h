/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * data.h - the bytes on a lane of the data path: connection data, messages and replies
 *
 * All numbers are big-endian. The initiator's connection request contains a hello, and the
 * target's acceptance a welcome; if the target refuses, its answer contains the reason. Then the
 * initiator sends messages, of which at most `window` are unanswered at a time. The target answers
 * each with one reply, in the order of the sequence numbers, which start at 0.
 *
 * A message is a header of 8 bytes, followed by records of 16 bytes. The bytes to store follow
 * directly after the record of a store, padded with zeros to a multiple of 8; at the end of a
 * message the padding may be missing:
 *
 *	header	u8 kind, u8 zero, u16 records, u32 sequence
 *	record	u64 offset in the pool, u32 length, u16 action, u16 zero
 *
 * A batch has any number of records; a batch without records only checks that the peer is alive. A
 * read has one record, whose action is 0. A reply is a header of 16 bytes, then text or bytes of
 * the pool:
 *
 *	reply	u32 sequence, u16 status, u16 length of text, u32 length of bytes, u32 zero
 */
#ifndef WIRE_DATA_H
#define WIRE_DATA_H

#include "wire/buf.h"

#define DATA_VERSION     1
#define DATA_SECRET_SIZE 32

/*
 * Sizes of the data in a connection request and in the two kinds of answers, in bytes. They must
 * stay below 48, because network adapters limit how much data a connection request can carry.
 */
#define DATA_HELLO_SIZE   44
#define DATA_WELCOME_SIZE 44
#define DATA_REFUSAL_SIZE 8

struct data_hello {
	uint16_t version;
	uint32_t lane;
	uint8_t secret[DATA_SECRET_SIZE];
};

/*
 * The answer that accepts a connection. A network adapter that reads or writes the byte at an
 * offset in the pool uses the address base + offset, and the key.
 */
struct data_welcome {
	uint16_t version;
	uint16_t window;       /* maximum number of unanswered messages */
	uint32_t message_size; /* maximum size of a message, and of the bytes in a reply */
	uint64_t read_base, read_key;
	uint64_t write_base, write_key;
};

enum data_refusal { DATA_REFUSED_VERSION = 1, DATA_REFUSED_SECRET, DATA_REFUSED_RESOURCES };

void data_put_hello(uint8_t bytes[DATA_HELLO_SIZE], const struct data_hello *hello);
void data_put_welcome(uint8_t bytes[DATA_WELCOME_SIZE], const struct data_welcome *welcome);
void data_put_refusal(uint8_t bytes[DATA_REFUSAL_SIZE], enum data_refusal reason);

/*
 * Decode a hello. Bytes after it are ignored: adapters may deliver more than was sent. For another
 * version only the version is read. False if the bytes are not a hello.
 */
bool data_get_hello(struct data_hello *hello, const void *bytes, size_t length);
bool data_get_welcome(struct data_welcome *welcome, const void *bytes, size_t length);
/* Decode a refusal; `version` is the version of the other end. */
bool data_get_refusal(
	enum data_refusal *reason, uint16_t *version, const void *bytes, size_t length);

/* -- encoding and decoding messages -- */

enum data_kind { DATA_BATCH = 1, DATA_READ };

enum data_action {
	DATA_STORE = 1, /* copy the bytes that follow into the pool and make them durable */
	DATA_COMMIT,    /* make bytes durable that were written into the pool */
	DATA_DEEP,      /* deep-flush, after the message's stores and commits are durable */
};

#define DATA_HEADER_SIZE 8
#define DATA_RECORD_SIZE 16
#define DATA_REPLY_SIZE  16
#define DATA_TEXT_MAX    200
/* The smallest size, in bytes, that the target may set as the maximum of a message. */
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

/*
 * Write a message's header. Call this last, when the number of records is known; `bytes` is the
 * beginning of the message.
 */
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
 * Decode the next record of a message of `kind`, with a pointer to its bytes (NULL if it has
 * none). False if the record is malformed or cut off.
 */
bool data_get_record(
	struct data_record *record, const uint8_t **bytes, struct reader *in, enum data_kind kind);

/* -- encoding and decoding replies -- */

/*
 * The outcome of a message. The numbers are sent; errors without a status of their own are FAILED.
 */
enum data_status {
	DATA_DONE,
	DATA_FAILED,
	DATA_IO,       /* EIO: failure of the medium or of a write-back */
	DATA_NO_SPACE, /* ENOSPC */
	DATA_QUOTA,    /* EDQUOT */
	DATA_NO_MEMORY,
	DATA_READ_ONLY,
	DATA_NO_ACCESS,
	DATA_RANGE,    /* outside the pool or in its header; the message changed nothing */
	DATA_PROTOCOL, /* malformed message: the target closes the lane */
};

struct data_reply {
	uint32_t sequence;
	uint16_t status;
	uint16_t text_length; /* at most DATA_TEXT_MAX; printable ASCII, not terminated */
	uint32_t length;      /* bytes of the pool, after the text */
};

void data_put_reply(uint8_t bytes[DATA_REPLY_SIZE], const struct data_reply *reply);
/*
 * Decode a reply. Its text and its bytes must take up the rest of the buffer, and the text must be
 * printable.
 */
bool data_get_reply(struct data_reply *reply, const char **text, const uint8_t **bytes,
	const void *message, size_t length);

/* The status for an error; `code` is -errno. */
enum data_status data_status_of(int code);
int data_errno_of(uint16_t status);

#endif
