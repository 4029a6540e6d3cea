/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * buf.h - write and read bytes of a bounded buffer, in big-endian order
 *
 * A writer or reader that would go beyond the end of its buffer does not move and is `bad` from
 * then on. So the fields of a message are written or read one after the other, and one check at
 * the end tells if all of them fitted. A bad reader returns 0 for each field.
 *
 *	struct reader in = reader_on(bytes, length);
 *	uint16_t major = get_u16(&in), minor = get_u16(&in);
 *	if (!reader_done(&in))
 *		return err_set(-EPROTO, "...");
 */
#ifndef WIRE_BUF_H
#define WIRE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct writer {
	uint8_t *bytes;
	size_t length, size;
	bool bad;
};

struct reader {
	const uint8_t *at, *end;
	bool bad;
};

static inline struct writer writer_on(void *bytes, size_t size)
{
	return (struct writer){bytes, 0, size, false};
}

static inline struct reader reader_on(const void *bytes, size_t length)
{
	return (struct reader){bytes, (const uint8_t *)bytes + length, false};
}

/* The number of bytes written so far. */
static inline size_t writer_length(const struct writer *out)
{
	return out->length;
}

static inline size_t writer_room(const struct writer *out)
{
	return out->size - out->length;
}

/* The number of bytes not read yet. */
static inline size_t reader_left(const struct reader *in)
{
	return (size_t)(in->end - in->at);
}

/* True if no read went beyond the end, and no bytes are left. */
static inline bool reader_done(const struct reader *in)
{
	return !in->bad && in->at == in->end;
}

/* Returns a pointer to space for the next `length` bytes, or NULL if they do not fit. */
static inline uint8_t *put_space(struct writer *out, size_t length)
{
	if (out->bad || length > writer_room(out)) {
		out->bad = true;
		return NULL;
	}
	out->length += length;
	return out->bytes + (out->length - length);
}

static inline void put_bytes(struct writer *out, const void *bytes, size_t length)
{
	/*
	 * Does not call put_space(), which may return NULL: gcc 14 would warn of a write to NULL.
	 */
	if (out->bad || length > writer_room(out)) {
		out->bad = true;
	} else if (length) {
		memcpy(out->bytes + out->length, bytes, length);
		out->length += length;
	}
}

static inline void put_u8(struct writer *out, uint8_t value)
{
	put_bytes(out, &value, sizeof(value));
}

static inline void put_u16(struct writer *out, uint16_t value)
{
	value = (uint16_t)(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value
								  : __builtin_bswap16(value));
	put_bytes(out, &value, sizeof(value));
}

static inline void put_u32(struct writer *out, uint32_t value)
{
	value = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value : __builtin_bswap32(value);
	put_bytes(out, &value, sizeof(value));
}

static inline void put_u64(struct writer *out, uint64_t value)
{
	value = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value : __builtin_bswap64(value);
	put_bytes(out, &value, sizeof(value));
}

/* Returns a pointer to the next `length` bytes in the buffer, or NULL if fewer are left. */
static inline const uint8_t *get_space(struct reader *in, size_t length)
{
	if (in->bad || length > reader_left(in)) {
		in->bad = true;
		return NULL;
	}
	in->at += length;
	return in->at - length;
}

/* Copy the next `length` bytes. If fewer are left, writes zeros. */
static inline void get_bytes(struct reader *in, void *bytes, size_t length)
{
	const uint8_t *from = get_space(in, length);

	if (from && length)
		memcpy(bytes, from, length);
	else
		memset(bytes, 0, length);
}

static inline uint8_t get_u8(struct reader *in)
{
	uint8_t value;

	get_bytes(in, &value, sizeof(value));
	return value;
}

static inline uint16_t get_u16(struct reader *in)
{
	uint16_t value;

	get_bytes(in, &value, sizeof(value));
	return (uint16_t)(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value
								 : __builtin_bswap16(value));
}

static inline uint32_t get_u32(struct reader *in)
{
	uint32_t value;

	get_bytes(in, &value, sizeof(value));
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value : __builtin_bswap32(value);
}

static inline uint64_t get_u64(struct reader *in)
{
	uint64_t value;

	get_bytes(in, &value, sizeof(value));
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value : __builtin_bswap64(value);
}

#endif
