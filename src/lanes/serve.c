/* SPDX-License-Identifier: BSD-3-Clause */
#include "lanes/serve.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/err.h"

static bool in_pool(const struct lanes_store *store, const struct data_record *record)
{
	return record->offset <= store->size && record->length <= store->size - record->offset;
}

static int out_of_range(const struct lanes_store *store, const struct data_record *record)
{
	if (in_pool(store, record))
		return err_set(-EINVAL, "offset %llu is in the pool's header of %zu bytes",
			(unsigned long long)record->offset, store->guard);
	return err_set(-EINVAL, "%u bytes at offset %llu are not in the pool of %zu bytes",
		record->length, (unsigned long long)record->offset, store->size);
}

/*
 * Check all records of a message before one is executed. Returns -EPROTO if one is malformed,
 * -EINVAL if one is out of range.
 */
static int check_records(
	const struct lanes_store *store, const struct data_header *header, struct reader in)
{
	struct data_record record;
	const uint8_t *bytes;
	int code = 0;

	for (unsigned i = 0; i < header->records; i++) {
		if (!data_get_record(&record, &bytes, &in, header->kind))
			return err_set(-EPROTO, "record %u of a message is malformed", i);
		bool guarded = header->kind == DATA_BATCH && record.offset < store->guard;
		if (!code && record.length && (guarded || !in_pool(store, &record)))
			code = out_of_range(store, &record);
	}
	if (!reader_done(&in))
		return err_set(-EPROTO, "%zu unexpected bytes after the last record of a message",
			reader_left(&in));
	return code;
}

static int do_record(
	const struct lanes_store *store, const struct data_record *record, const uint8_t *bytes)
{
	if (!record->length)
		return 0;
	if (record->action == DATA_STORE)
		return store->store(store->context, record->offset, bytes, record->length);
	if (record->action == DATA_COMMIT)
		return store->commit(store->context, record->offset, record->length);
	return 0;
}

/*
 * Execute the records of a message without making their stores durable: one drain follows for all
 * messages that have arrived.
 */
static int do_stores(const struct lanes_store *store, unsigned records, struct reader in)
{
	struct data_record record;
	const uint8_t *bytes;
	int code = 0;

	for (unsigned i = 0; !code && i < records; i++) {
		data_get_record(&record, &bytes, &in, DATA_BATCH);
		code = do_record(store, &record, bytes);
	}
	return code;
}

static int do_deep(
	const struct lanes_store *store, uint64_t *mark, unsigned records, struct reader in)
{
	struct data_record record;
	const uint8_t *bytes;
	int code = 0;

	store->lane(store->context, mark);
	for (unsigned i = 0; !code && i < records; i++) {
		data_get_record(&record, &bytes, &in, DATA_BATCH);
		if (record.action == DATA_DEEP && record.length)
			code = store->deep(store->context, record.offset, record.length);
	}
	return code;
}

/*
 * Add the bytes that are to be read to the reply: as a pointer into the pool or, if the transport
 * cannot send bytes from there, as a copy.
 */
static int do_read(const struct serve_limits *limits, struct served *served, struct reader in)
{
	struct data_record record;
	const uint8_t *none;

	data_get_record(&record, &none, &in, DATA_READ);
	if (record.length > limits->message_size)
		return err_set(-EPROTO, "a read of %u bytes, more than the maximum of %u",
			record.length, limits->message_size);
	/* For an empty range, any offset is allowed. */
	if (record.length)
		served->bytes = (const char *)limits->store->base + record.offset;
	served->length = record.length;
	return 0;
}

/*
 * Replace all characters but printable ASCII by question marks, because the initiator may show the
 * text to users.
 */
static uint16_t put_text(uint8_t *to, const char *text)
{
	size_t length = strnlen(text, DATA_TEXT_MAX);

	for (size_t i = 0; i < length; i++)
		to[i] = text[i] < 0x20 || text[i] > 0x7e ? '?' : (uint8_t)text[i];
	return (uint16_t)length;
}

static void build_reply(const struct serve_limits *limits, struct served *served, int code)
{
	struct data_reply reply = {.sequence = served->sequence};

	if (code) {
		served->length = 0;
		reply.status = (uint16_t)data_status_of(code);
		reply.text_length = put_text(served->reply + DATA_REPLY_SIZE, err_get());
	}
	reply.length = (uint32_t)served->length;
	data_put_reply(served->reply, &reply);
	served->reply_length = DATA_REPLY_SIZE + reply.text_length;
	if (served->length && limits->copies) {
		memcpy(served->reply + served->reply_length, served->bytes, served->length);
		served->reply_length += served->length;
		served->length = 0;
	}
}

static int do_message(const struct serve_limits *limits, struct served *served,
	struct data_header *header, struct reader *in)
{
	if (!data_get_header(header, in))
		return err_set(-EPROTO, "malformed message of %zu bytes", served->size);
	if (header->sequence != served->sequence)
		return err_set(
			-EPROTO, "message %u instead of %u", header->sequence, served->sequence);
	int code = check_records(limits->store, header, *in);
	if (code)
		return code;
	if (header->kind == DATA_READ)
		return do_read(limits, served, *in);
	served->stored = header->records > 0;
	return do_stores(limits->store, header->records, *in);
}

bool serve_message(const struct serve_limits *limits, struct served *served, uint32_t sequence)
{
	struct reader in = reader_on(served->message, served->size);
	struct data_header header = {0};

	served->length = 0;
	served->stored = false;
	served->sequence = sequence;
	served->failed = do_message(limits, served, &header, &in);
	/* Build the reply now, before another message changes the thread's error message. */
	if (served->failed)
		build_reply(limits, served, served->failed);
	return served->failed != -EPROTO;
}

/*
 * Build the reply to a message after the same thread has called the store's `drain`, which
 * returned `drained`.
 */
static void reply_to(const struct serve_limits *limits, struct served *served, int drained)
{
	struct reader in = reader_on(served->message, served->size);
	struct data_header header;
	int code = served->stored ? drained : 0;

	if (served->failed)
		return;
	if (served->stored && !code) {
		data_get_header(&header, &in);
		code = do_deep(limits->store, served->mark, header.records, in);
	}
	build_reply(limits, served, code);
}

/*
 * Find the oldest mark (the epoch at which a lane's previous drain began) among the lanes that have
 * something to drain. Returns false if no lane has.
 */
static bool earliest_mark(const struct served *first, uint64_t *mark)
{
	bool any = false;

	for (const struct served *served = first; served; served = served->next) {
		if (!served->stored)
			continue;
		if (!any || *served->mark < *mark)
			*mark = *served->mark;
		any = true;
	}
	return any;
}

/*
 * Drain once for all messages that wait. All of them fail if a write-back has failed since the
 * oldest mark of their lanes. A mark is the epoch at which the lane's previous drain began.
 */
static int drain_lanes(const struct lanes_store *store, struct served *first)
{
	uint64_t mark = 0;

	if (!earliest_mark(first, &mark))
		return 0;
	store->lane(store->context, &mark);
	int error = store->drain(store->context);
	for (struct served *served = first; served; served = served->next)
		if (served->stored)
			*served->mark = mark;
	return error;
}

/*
 * One drain makes durable what all waiting messages have stored, because it takes no longer than a
 * drain for one of them. If it fails, each of these messages fails, because nobody can tell which
 * of them was the cause.
 */
void serve_drain(const struct serve_limits *limits, struct served *first)
{
	char sentence[DATA_TEXT_MAX + 1] = "";
	int drained = drain_lanes(limits->store, first);

	if (unlikely(drained))
		snprintf(sentence, sizeof(sentence), "%s", err_get());
	for (struct served *served = first; served; served = served->next) {
		if (unlikely(drained))
			err_put_back(sentence);
		reply_to(limits, served, drained);
	}
}

unsigned serve_count_cpus(void)
{
	cpu_set_t set;
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	if (!sched_getaffinity(0, sizeof(set), &set))
		return (unsigned)CPU_COUNT(&set);
	return online > 0 ? (unsigned)online : 1;
}
