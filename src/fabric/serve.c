/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric/serve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool in_pool(const struct fabric_store *store, const struct data_record *record)
{
	return record->offset <= store->size && record->length <= store->size - record->offset;
}

static int out_of_range(const struct fabric_store *store, const struct data_record *record)
{
	if (in_pool(store, record))
		return err_set(-EINVAL, "offset %llu is in the pool's header of %zu bytes",
			(unsigned long long)record->offset, store->guard);
	return err_set(-EINVAL, "%u bytes at offset %llu are not in the pool of %zu bytes",
		record->length, (unsigned long long)record->offset, store->size);
}

/*
 * Check all records before any is executed. -EPROTO: one is malformed; -EINVAL: one is out of
 * range.
 */
static int check_records(
	const struct fabric_store *store, const struct data_header *header, struct reader in)
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
	const struct fabric_store *store, const struct data_record *record, const uint8_t *bytes)
{
	if (!record->length)
		return 0;
	if (record->action == DATA_STORE)
		return store->store(store->context, record->offset, bytes, record->length);
	if (record->action == DATA_COMMIT)
		return store->commit(store->context, record->offset, record->length);
	return 0;
}

/* Execute the records without making them durable: one drain follows for all arrived messages. */
static int do_stores(const struct fabric_store *store, unsigned records, struct reader in)
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

static int do_deep(struct serve_lane *lane, unsigned records, struct reader in)
{
	const struct fabric_store *store = &lane->server->args.store;
	struct data_record record;
	const uint8_t *bytes;
	int code = 0;

	store->lane(store->context, &lane->mark);
	for (unsigned i = 0; !code && i < records; i++) {
		data_get_record(&record, &bytes, &in, DATA_BATCH);
		if (record.action == DATA_DEEP && record.length)
			code = store->deep(store->context, record.offset, record.length);
	}
	return code;
}

/* Let the reply send the bytes from the pool or, if the adapter cannot access it, from a copy. */
static int do_read(struct serve_slot *slot, struct reader in)
{
	const struct fabric_server *server = slot->lane->server;
	struct data_record record;
	const uint8_t *none;

	data_get_record(&record, &none, &in, DATA_READ);
	if (record.length > server->welcome.message_size)
		return err_set(-EPROTO, "a read of %u bytes, more than the maximum of %u",
			record.length, server->welcome.message_size);
	slot->bytes = (const char *)server->args.store.base + record.offset;
	slot->length = record.length;
	return 0;
}

/* Replace all but printable ASCII by question marks: the initiator may show the text to users. */
static uint16_t put_text(uint8_t *to, const char *text)
{
	size_t length = strnlen(text, DATA_TEXT_MAX);

	for (size_t i = 0; i < length; i++)
		to[i] = text[i] < 0x20 || text[i] > 0x7e ? '?' : (uint8_t)text[i];
	return (uint16_t)length;
}

static void build_reply(struct serve_slot *slot, int code)
{
	struct data_reply reply = {.sequence = slot->sequence};

	if (code) {
		slot->length = 0;
		reply.status = (uint16_t)data_status_of(code);
		reply.text_length = put_text(slot->reply + DATA_REPLY_SIZE, err_get());
	}
	reply.length = (uint32_t)slot->length;
	data_put_reply(slot->reply, &reply);
	slot->reply_length = DATA_REPLY_SIZE + reply.text_length;
	if (slot->length && slot->lane->server->must_register) {
		memcpy(slot->reply + slot->reply_length, slot->bytes, slot->length);
		slot->reply_length += slot->length;
		slot->length = 0;
	}
}

static int do_message(struct serve_slot *slot, struct data_header *header, struct reader *in)
{
	const struct fabric_store *store = &slot->lane->server->args.store;

	if (!data_get_header(header, in))
		return err_set(-EPROTO, "a malformed message of %zu bytes", slot->size);
	if (header->sequence != slot->sequence)
		return err_set(
			-EPROTO, "message %u instead of %u", header->sequence, slot->sequence);
	int code = check_records(store, header, *in);
	if (code)
		return code;
	if (header->kind == DATA_READ)
		return do_read(slot, *in);
	slot->stored = header->records > 0;
	return do_stores(store, header->records, *in);
}

bool serve_message(struct serve_slot *slot, size_t size)
{
	struct reader in = reader_on(slot->message, size);
	struct data_header header = {0};

	slot->size = size;
	slot->length = 0;
	slot->stored = false;
	slot->sequence = slot->lane->sequence++;
	slot->failed = do_message(slot, &header, &in);
	/* Build the reply now, while the error message is still that of this message. */
	if (slot->failed)
		build_reply(slot, slot->failed);
	return slot->failed != -EPROTO;
}

void serve_reply(struct serve_slot *slot, int drained)
{
	struct reader in = reader_on(slot->message, slot->size);
	struct data_header header;
	int code = slot->stored ? drained : 0;

	if (slot->failed)
		return;
	if (slot->stored && !code) {
		data_get_header(&header, &in);
		code = do_deep(slot->lane, header.records, in);
	}
	build_reply(slot, code);
}
