/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/data.h"

#include <errno.h>

static const uint8_t magic[4] = {'H', 'F', 'D', 'L'};

static void put_start(struct writer *out)
{
	put_bytes(out, magic, sizeof(magic));
	put_u16(out, DATA_VERSION);
}

static bool get_start(struct reader *in, uint16_t *version)
{
	const uint8_t *start = get_space(in, sizeof(magic));

	*version = get_u16(in);
	return !in->bad && !memcmp(start, magic, sizeof(magic));
}

void data_put_hello(uint8_t bytes[DATA_HELLO_SIZE], const struct data_hello *hello)
{
	struct writer out = writer_on(bytes, DATA_HELLO_SIZE);

	put_start(&out);
	put_u16(&out, 0);
	put_u32(&out, hello->lane);
	put_bytes(&out, hello->secret, sizeof(hello->secret));
}

bool data_get_hello(struct data_hello *hello, const void *bytes, size_t length)
{
	struct reader in = reader_on(bytes, length);

	if (!get_start(&in, &hello->version))
		return false;
	if (hello->version != DATA_VERSION)
		return true;
	get_u16(&in);
	hello->lane = get_u32(&in);
	get_bytes(&in, hello->secret, sizeof(hello->secret));
	return !in.bad;
}

void data_put_welcome(uint8_t bytes[DATA_WELCOME_SIZE], const struct data_welcome *welcome)
{
	struct writer out = writer_on(bytes, DATA_WELCOME_SIZE);

	put_start(&out);
	put_u16(&out, welcome->window);
	put_u32(&out, welcome->message_size);
	put_u64(&out, welcome->read_base);
	put_u64(&out, welcome->read_key);
	put_u64(&out, welcome->write_base);
	put_u64(&out, welcome->write_key);
}

bool data_get_welcome(struct data_welcome *welcome, const void *bytes, size_t length)
{
	struct reader in = reader_on(bytes, length);

	if (!get_start(&in, &welcome->version))
		return false;
	if (welcome->version != DATA_VERSION)
		return true;
	welcome->window = get_u16(&in);
	welcome->message_size = get_u32(&in);
	welcome->read_base = get_u64(&in);
	welcome->read_key = get_u64(&in);
	welcome->write_base = get_u64(&in);
	welcome->write_key = get_u64(&in);
	return !in.bad && welcome->window && welcome->message_size >= DATA_MESSAGE_MIN;
}

void data_put_refusal(uint8_t bytes[DATA_REFUSAL_SIZE], enum data_refusal reason)
{
	struct writer out = writer_on(bytes, DATA_REFUSAL_SIZE);

	put_start(&out);
	put_u16(&out, (uint16_t)reason);
}

bool data_get_refusal(
	enum data_refusal *reason, uint16_t *version, const void *bytes, size_t length)
{
	struct reader in = reader_on(bytes, length);

	if (!get_start(&in, version))
		return false;
	*reason = (enum data_refusal)get_u16(&in);
	return !in.bad;
}

void data_put_header(uint8_t bytes[DATA_HEADER_SIZE], const struct data_header *header)
{
	struct writer out = writer_on(bytes, DATA_HEADER_SIZE);

	put_u8(&out, (uint8_t)header->kind);
	put_u8(&out, 0);
	put_u16(&out, header->records);
	put_u32(&out, header->sequence);
}

bool data_get_header(struct data_header *header, struct reader *in)
{
	header->kind = (enum data_kind)get_u8(in);
	uint8_t zero = get_u8(in);
	header->records = get_u16(in);
	header->sequence = get_u32(in);
	if (in->bad || zero)
		return false;
	return header->kind == DATA_BATCH || (header->kind == DATA_READ && header->records == 1);
}

bool data_get_record(
	struct data_record *record, const uint8_t **bytes, struct reader *in, enum data_kind kind)
{
	record->offset = get_u64(in);
	record->length = get_u32(in);
	record->action = get_u16(in);
	uint16_t zero = get_u16(in);
	*bytes = NULL;
	if (in->bad || zero)
		return false;
	if (kind == DATA_READ)
		return !record->action;
	if (record->action == DATA_STORE) {
		*bytes = get_space(in, record->length);
		if (reader_left(in))
			get_space(in, data_padded(record->length) - record->length);
		return *bytes && !in->bad;
	}
	return record->action == DATA_COMMIT || record->action == DATA_DEEP;
}

void data_put_reply(uint8_t bytes[DATA_REPLY_SIZE], const struct data_reply *reply)
{
	struct writer out = writer_on(bytes, DATA_REPLY_SIZE);

	put_u32(&out, reply->sequence);
	put_u16(&out, reply->status);
	put_u16(&out, reply->text_length);
	put_u32(&out, reply->length);
	put_u32(&out, 0);
}

static bool printable(const uint8_t *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	return true;
}

bool data_get_reply(struct data_reply *reply, const char **text, const uint8_t **bytes,
	const void *message, size_t length)
{
	struct reader in = reader_on(message, length);

	reply->sequence = get_u32(&in);
	reply->status = get_u16(&in);
	reply->text_length = get_u16(&in);
	reply->length = get_u32(&in);
	uint32_t zero = get_u32(&in);
	const uint8_t *words = get_space(&in, reply->text_length);
	*text = (const char *)words;
	*bytes = get_space(&in, reply->length);
	return reader_done(&in) && !zero && reply->text_length <= DATA_TEXT_MAX &&
	       printable(words, reply->text_length);
}

static const int errnos[] = {
	[DATA_DONE] = 0,
	[DATA_FAILED] = EREMOTEIO,
	[DATA_IO] = EIO,
	[DATA_NO_SPACE] = ENOSPC,
	[DATA_QUOTA] = EDQUOT,
	[DATA_NO_MEMORY] = ENOMEM,
	[DATA_READ_ONLY] = EROFS,
	[DATA_NO_ACCESS] = EACCES,
	[DATA_RANGE] = EINVAL,
	[DATA_PROTOCOL] = EPROTO,
};

enum data_status data_status_of(int code)
{
	for (size_t i = 0; i < sizeof(errnos) / sizeof(*errnos); i++)
		if (errnos[i] == -code)
			return (enum data_status)i;
	return DATA_FAILED;
}

int data_errno_of(uint16_t status)
{
	return status < sizeof(errnos) / sizeof(*errnos) ? errnos[status] : EREMOTEIO;
}
