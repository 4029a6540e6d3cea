/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire.c - encoding and decoding of messages between initiator and target: round trips, byte
 * order, and malformed messages, which must be refused without reading beyond their end
 */
#include <errno.h>

#include "tap.h"
#include "wire/data.h"

static void test_order(void)
{
	static const uint8_t wanted[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	uint8_t bytes[16] = {0};
	struct writer out = writer_on(bytes, 15);

	put_u8(&out, 1);
	put_u16(&out, 0x0203);
	put_u32(&out, 0x04050607);
	put_u64(&out, 0x08090a0b0c0d0e0f);
	ok(!out.bad && writer_length(&out) == 15 && !writer_room(&out),
		"writer: 15 bytes fill a buffer of 15 bytes");
	ok(!memcmp(bytes, wanted, 15), "writer: numbers are stored with the highest byte first");
	put_u8(&out, 16);
	ok(out.bad && !bytes[15], "writer: a byte beyond the end of the buffer is refused");

	struct reader in = reader_on(bytes, 15);
	ok(get_u8(&in) == 1 && get_u16(&in) == 0x0203 && get_u32(&in) == 0x04050607 &&
			get_u64(&in) == 0x08090a0b0c0d0e0f,
		"reader: the numbers are those that were written");
	ok(reader_done(&in), "reader: is done after the last number");
	is_int(get_u8(&in), 0, "reader: a byte behind the end reads as 0");
	ok(in.bad && !reader_done(&in),
		"reader: is marked as bad after a read behind the end of its buffer");
}

static void test_ends(void)
{
	uint8_t bytes[8] = {0};
	struct writer out = writer_on(bytes, 3);
	struct reader in = reader_on("\xff\xff\xff", 3);

	put_u32(&out, UINT32_MAX);
	put_u8(&out, 0xff);
	ok(out.bad && !bytes[0],
		"writer: after a number that does not fit, not even a byte is written");
	is_int(get_u32(&in), 0, "reader: a truncated number reads as 0");
	is_int(get_u8(&in), 0, "reader: a byte after a truncated number reads as 0");
	in = reader_on(bytes, 8);
	ok(!get_space(&in, SIZE_MAX) && in.bad, "reader: a request for SIZE_MAX bytes is refused");
	out = writer_on(bytes, 8);
	ok(!put_space(&out, SIZE_MAX) && out.bad,
		"writer: a request for SIZE_MAX bytes is refused");
}

static void test_hello(void)
{
	uint8_t bytes[DATA_HELLO_SIZE];
	struct data_hello hello = {.lane = 0x01020304}, got;

	memset(hello.secret, 'x', sizeof(hello.secret));
	data_put_hello(bytes, &hello);
	ok(data_get_hello(&got, bytes, sizeof(bytes)) && got.version == DATA_VERSION &&
			got.lane == hello.lane &&
			!memcmp(got.secret, hello.secret, sizeof(got.secret)),
		"hello message: decodes to what was encoded");
	for (size_t length = 0; length < sizeof(bytes); length++)
		if (data_get_hello(&got, bytes, length))
			bail("a truncated hello of %zu bytes was accepted", length);
	ok(true, "hello message: a truncated hello is refused");
	bytes[5]++;
	ok(data_get_hello(&got, bytes, 6) && got.version == DATA_VERSION + 1,
		"hello message: the version of a hello with another version is decoded");
	bytes[0]++;
	ok(!data_get_hello(&got, bytes, sizeof(bytes)),
		"hello message: a hello with another first byte is refused");
}

static void test_welcome(void)
{
	uint8_t bytes[DATA_WELCOME_SIZE];
	struct data_welcome welcome = {DATA_VERSION, 8, 65536, 1, 2, 3, 4}, got;

	data_put_welcome(bytes, &welcome);
	ok(data_get_welcome(&got, bytes, sizeof(bytes)) && !memcmp(&got, &welcome, sizeof(got)),
		"welcome message: decodes to what was encoded");
	ok(!data_get_welcome(&got, bytes, sizeof(bytes) - 1),
		"welcome message: a welcome without its last byte is refused");
	welcome.message_size = DATA_MESSAGE_MIN - 1;
	data_put_welcome(bytes, &welcome);
	ok(!data_get_welcome(&got, bytes, sizeof(bytes)),
		"welcome message: a message size below DATA_MESSAGE_MIN is refused");
	welcome.message_size = 65536;
	welcome.window = 0;
	data_put_welcome(bytes, &welcome);
	ok(!data_get_welcome(&got, bytes, sizeof(bytes)),
		"welcome message: a window of 0 messages is refused");
}

static void test_refusal(void)
{
	uint8_t bytes[DATA_REFUSAL_SIZE];
	enum data_refusal reason;
	uint16_t version;

	data_put_refusal(bytes, DATA_REFUSED_SECRET);
	ok(data_get_refusal(&reason, &version, bytes, sizeof(bytes)) &&
			reason == DATA_REFUSED_SECRET && version == DATA_VERSION,
		"refusal message: decodes to what was encoded");
	ok(!data_get_refusal(&reason, &version, bytes, sizeof(bytes) - 1),
		"refusal message: a refusal without its last byte is not accepted");
}

/* Makes a message with a store, a commit, and at the end another store, without padding. */
static size_t make_message(uint8_t *bytes, size_t size)
{
	struct data_header header = {DATA_BATCH, 3, 7};
	struct writer out = writer_on(bytes, size);

	put_space(&out, DATA_HEADER_SIZE);
	data_put_record(&out, &(struct data_record){4096, 5, DATA_STORE});
	put_bytes(&out, "abcde\0\0\0", 8);
	data_put_record(&out, &(struct data_record){8192, 100, DATA_COMMIT});
	data_put_record(&out, &(struct data_record){UINT64_MAX, 3, DATA_STORE});
	put_bytes(&out, "xyz", 3);
	data_put_header(bytes, &header);
	return writer_length(&out);
}

static unsigned count_records(const uint8_t *message, size_t length, bool *whole)
{
	struct reader in = reader_on(message, length);
	struct data_header header;
	struct data_record record;
	const uint8_t *bytes;
	unsigned count = 0;

	*whole = false;
	if (!data_get_header(&header, &in))
		return 0;
	while (count < header.records && data_get_record(&record, &bytes, &in, header.kind))
		count++;
	*whole = count == header.records && reader_done(&in);
	return count;
}

static void test_message(void)
{
	uint8_t bytes[256];
	size_t length = make_message(bytes, sizeof(bytes));
	struct reader in = reader_on(bytes, length);
	struct data_header header;
	struct data_record record;
	const uint8_t *data;
	bool whole;

	is_int(length, 8 + 24 + 16 + 19,
		"message: a batch of two stores and a commit has the expected length");
	ok(data_get_header(&header, &in) && header.kind == DATA_BATCH && header.records == 3 &&
			header.sequence == 7,
		"message: the header decodes to what was encoded");
	ok(data_get_record(&record, &data, &in, DATA_BATCH) && record.offset == 4096 &&
			record.length == 5 && !memcmp(data, "abcde", 5),
		"message: the first store decodes to what was encoded");
	ok(data_get_record(&record, &data, &in, DATA_BATCH) && record.offset == 8192 &&
			record.length == 100 && record.action == DATA_COMMIT && !data,
		"message: the commit decodes to what was encoded");
	ok(data_get_record(&record, &data, &in, DATA_BATCH) && record.offset == UINT64_MAX &&
			!memcmp(data, "xyz", 3) && reader_done(&in),
		"message: the last store decodes to what was encoded, and ends the message");
	unsigned wrong = 0;
	for (size_t part = 0; part < length; part++) {
		count_records(bytes, part, &whole);
		wrong += whole;
	}
	is_int(wrong, 0, "message: a message truncated anywhere is refused");
	bytes[length] = 0;
	count_records(bytes, length + 1, &whole);
	ok(!whole, "message: a message with an additional byte at its end is refused");
}

static void change_and_count(size_t at, uint8_t value, const char *what)
{
	uint8_t bytes[256];
	size_t length = make_message(bytes, sizeof(bytes));
	bool whole;

	bytes[at] = value;
	count_records(bytes, length, &whole);
	ok(!whole, "malformed message: %s is refused", what);
}

static void test_wrong_messages(void)
{
	change_and_count(0, 0, "a message of kind 0");
	change_and_count(0, 3, "a message of kind 3");
	change_and_count(0, DATA_READ, "a read with three records");
	change_and_count(1, 1, "an undefined flag");
	change_and_count(3, 4, "a count of records that is too large");
	change_and_count(3, 2, "a count of records that is too small");
	change_and_count(8 + 8, 0x80, "a store of 2 GiB");
	change_and_count(8 + 13, 0, "a record with action 0");
	change_and_count(8 + 13, 4, "a record with action 4");
	change_and_count(8 + 15, 1, "a reserved byte of a record that is not 0");
}

static void test_reply(void)
{
	uint8_t bytes[64] = {0};
	struct data_reply reply = {9, DATA_IO, 4, 8}, got;
	const char *text;
	const uint8_t *data;

	data_put_reply(bytes, &reply);
	memcpy(bytes + DATA_REPLY_SIZE, "text12345678", 12);
	ok(data_get_reply(&got, &text, &data, bytes, 28) && !memcmp(&got, &reply, sizeof(got)) &&
			!memcmp(text, "text", 4) && !memcmp(data, "12345678", 8),
		"reply message: text and bytes decode to what was encoded");
	ok(!data_get_reply(&got, &text, &data, bytes, 27),
		"reply message: a reply without its last byte is refused");
	ok(!data_get_reply(&got, &text, &data, bytes, 29),
		"reply message: a reply with an additional byte at its end is refused");
	ok(!data_get_reply(&got, &text, &data, bytes, 3),
		"reply message: a reply that is shorter than its header is refused");
	bytes[DATA_REPLY_SIZE] = 0x1b;
	ok(!data_get_reply(&got, &text, &data, bytes, 28),
		"reply message: an escape character in the text is refused");
	bytes[DATA_REPLY_SIZE] = 0xc3;
	ok(!data_get_reply(&got, &text, &data, bytes, 28),
		"reply message: a byte in the text that is not ASCII is refused");
	reply = (struct data_reply){9, DATA_IO, UINT16_MAX, UINT32_MAX};
	data_put_reply(bytes, &reply);
	ok(!data_get_reply(&got, &text, &data, bytes, sizeof(bytes)),
		"reply message: lengths of text and bytes beyond the end are refused");
}

static void test_status(void)
{
	static const int errors[] = {0, EIO, ENOSPC, EDQUOT, ENOMEM, EROFS, EACCES, EINVAL, EPROTO};

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		is_int(data_errno_of((uint16_t)data_status_of(-errors[i])), errors[i],
			"status: the errno of \"%s\" is the same after encoding and decoding",
			strerror(errors[i]));
	is_int(data_errno_of((uint16_t)data_status_of(-ENOTTY)), EREMOTEIO,
		"status: an errno for which the protocol has no number is decoded as EREMOTEIO");
	is_int(data_errno_of(UINT16_MAX), EREMOTEIO,
		"status: a number that the protocol does not know is decoded as EREMOTEIO");
}

int main(void)
{
	test_order();
	test_ends();
	test_hello();
	test_welcome();
	test_refusal();
	test_message();
	test_wrong_messages();
	test_reply();
	test_status();
	return tap_done();
}
