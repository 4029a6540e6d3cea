/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/control.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "wire/data.h"

static const uint8_t magic[8] = {'H', 'O', 'L', 'D', 'F', 'A', 'S', 'T'};

static int malformed(const char *what, const char *why)
{
	return err_set(-EPROTO, "malformed %s: %s", what, why);
}

void control_put_greeting(struct writer *out)
{
	put_bytes(out, magic, sizeof(magic));
	put_u16(out, CONTROL_MAJOR);
	put_u16(out, CONTROL_MINOR);
	put_u32(out, 0);
}

int control_get_greeting(
	const uint8_t bytes[CONTROL_GREETING_SIZE], const char *peer, unsigned *minor)
{
	struct reader in = reader_on(bytes, CONTROL_GREETING_SIZE);
	uint8_t got[sizeof(magic)];

	get_bytes(&in, got, sizeof(got));
	unsigned major = get_u16(&in), their_minor = get_u16(&in);
	if (memcmp(got, magic, sizeof(magic)))
		return err_set(-EPROTO, "%s does not speak Holdfast's protocol", peer);
	if (major != CONTROL_MAJOR)
		return err_set(-EPROTONOSUPPORT,
			"%s speaks version %u.%u of the remote protocol, this end %u.%u", peer,
			major, their_minor, CONTROL_MAJOR, CONTROL_MINOR);
	*minor = their_minor;
	return 0;
}

void control_put_head(struct writer *out, const struct control_head *head)
{
	put_u32(out, head->type);
	put_u32(out, head->id);
	put_u32(out, head->length);
}

int control_get_head(const uint8_t bytes[CONTROL_HEAD_SIZE], struct control_head *head)
{
	struct reader in = reader_on(bytes, CONTROL_HEAD_SIZE);
	uint32_t type = get_u32(&in), id = get_u32(&in), length = get_u32(&in);

	if (length > CONTROL_BODY_MAX)
		return err_set(-EPROTO, "malformed frame: a body of %u bytes; the maximum is %zu",
			length, CONTROL_BODY_MAX);
	*head = (struct control_head){type, id, length};
	return 0;
}

/*
 * Write the flag `has_attr` and the attributes. If the flag is false, the attributes are written
 * as zeros.
 */
static void put_attr(struct writer *out, bool has_attr, const struct rpmem_pool_attr *attr)
{
	static const struct rpmem_pool_attr none;

	if (!has_attr)
		attr = &none;
	put_u8(out, has_attr);
	put_bytes(out, attr->signature, sizeof(attr->signature));
	put_u32(out, attr->major);
	put_u32(out, attr->compat_features);
	put_u32(out, attr->incompat_features);
	put_u32(out, attr->ro_compat_features);
	put_bytes(out, attr->poolset_uuid, sizeof(attr->poolset_uuid));
	put_bytes(out, attr->uuid, sizeof(attr->uuid));
	put_bytes(out, attr->next_uuid, sizeof(attr->next_uuid));
	put_bytes(out, attr->prev_uuid, sizeof(attr->prev_uuid));
	put_bytes(out, attr->user_flags, sizeof(attr->user_flags));
}

/*
 * Read a byte that must be 0 or 1. After another value the reader is `bad`, as if bytes were
 * missing.
 */
static bool get_bool(struct reader *in)
{
	uint8_t number = get_u8(in);

	if (number > 1)
		in->bad = true;
	return number == 1;
}

static bool get_attr(struct reader *in, struct rpmem_pool_attr *attr)
{
	static const struct rpmem_pool_attr none;
	bool has_attr = get_bool(in);

	get_bytes(in, attr->signature, sizeof(attr->signature));
	attr->major = get_u32(in);
	attr->compat_features = get_u32(in);
	attr->incompat_features = get_u32(in);
	attr->ro_compat_features = get_u32(in);
	get_bytes(in, attr->poolset_uuid, sizeof(attr->poolset_uuid));
	get_bytes(in, attr->uuid, sizeof(attr->uuid));
	get_bytes(in, attr->next_uuid, sizeof(attr->next_uuid));
	get_bytes(in, attr->prev_uuid, sizeof(attr->prev_uuid));
	get_bytes(in, attr->user_flags, sizeof(attr->user_flags));
	if (!has_attr && memcmp(attr, &none, sizeof(none)))
		in->bad = true;
	return has_attr;
}

static void put_text(struct writer *out, const char *text)
{
	size_t length = strlen(text);

	put_u16(out, (uint16_t)length);
	put_bytes(out, text, length);
}

/*
 * True if the text has control characters. Valid names have none. A log or terminal would
 * interpret them.
 */
static bool has_control(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] < ' ' || bytes[i] == 0x7f)
			return true;
	return false;
}

/* Read a length, and then a text of this length into an array of max + 1 bytes; add a NUL. */
static void get_text(struct reader *in, char *text, size_t max)
{
	uint16_t length = get_u16(in);

	text[0] = '\0';
	if (length > max || length > reader_left(in) || has_control(in->at, length)) {
		in->bad = true;
		return;
	}
	get_bytes(in, text, length);
	text[length] = '\0';
}

void control_put_start(struct writer *out, const struct control_start *start)
{
	put_u64(out, start->size);
	put_u32(out, start->nlanes);
	put_u32(out, start->providers);
	put_attr(out, start->has_attr, &start->attr);
	put_text(out, start->name);
}

int control_get_start(const uint8_t *body, size_t length, struct control_start *start)
{
	struct reader in = reader_on(body, length);
	struct control_start got;

	got.size = get_u64(&in);
	got.nlanes = get_u32(&in);
	got.providers = get_u32(&in);
	got.has_attr = get_attr(&in, &got.attr);
	get_text(&in, got.name, CONTROL_NAME_MAX);
	if (!reader_done(&in))
		return malformed("request for a pool", "the length does not match the fields");
	if (!got.size)
		return malformed("request for a pool", "the size is 0");
	if (!got.nlanes)
		return malformed("request for a pool", "it asks for 0 lanes");
	if (!got.providers || got.providers & ~(uint32_t)WIRE_PROVIDERS)
		return malformed("request for a pool", "the providers are unknown");
	if (!got.name[0])
		return malformed("request for a pool", "it names no pool set");
	*start = got;
	return 0;
}

void control_put_lanes(struct writer *out, const struct control_lanes *lanes)
{
	put_u32(out, lanes->nlanes);
	put_u32(out, lanes->providers);
}

int control_get_lanes(const uint8_t *body, size_t length, struct control_lanes *lanes)
{
	struct reader in = reader_on(body, length);
	struct control_lanes got = {get_u32(&in), 0};

	got.providers = get_u32(&in);
	if (!reader_done(&in))
		return malformed("request for lanes", "the length does not match the fields");
	if (!got.nlanes)
		return malformed("request for lanes", "it asks for 0 lanes");
	if (!got.providers || got.providers & ~(uint32_t)WIRE_PROVIDERS)
		return malformed("request for lanes", "the providers are unknown");
	*lanes = got;
	return 0;
}

void control_put_set_attr(struct writer *out, const struct control_set_attr *set)
{
	put_attr(out, set->has_attr, &set->attr);
}

int control_get_set_attr(const uint8_t *body, size_t length, struct control_set_attr *set)
{
	struct reader in = reader_on(body, length);
	struct control_set_attr got;

	got.has_attr = get_attr(&in, &got.attr);
	if (!reader_done(&in))
		return malformed(
			"request to set attributes", "the length does not match the fields");
	*set = got;
	return 0;
}

void control_put_close(struct writer *out, uint32_t flags)
{
	put_u32(out, flags);
}

int control_get_close(const uint8_t *body, size_t length, uint32_t *flags)
{
	struct reader in = reader_on(body, length);
	uint32_t got = get_u32(&in);

	if (!reader_done(&in))
		return malformed("request to close", "the length does not match the fields");
	if (got & ~CONTROL_CLOSE_REMOVE)
		return malformed("request to close", "the flags are unknown");
	*flags = got;
	return 0;
}

void control_put_named(struct writer *out, const struct control_named *named)
{
	put_u32(out, named->flags);
	put_text(out, named->name);
}

int control_get_named(const uint8_t *body, size_t length, struct control_named *named)
{
	struct reader in = reader_on(body, length);
	struct control_named got;

	got.flags = get_u32(&in);
	get_text(&in, got.name, CONTROL_NAME_MAX);
	if (!reader_done(&in))
		return malformed(
			"request that names a pool set", "the length does not match the fields");
	if (got.flags & ~CONTROL_REMOVE_FLAGS_ALL)
		return malformed("request that names a pool set", "the flags are unknown");
	if (!got.name[0])
		return malformed("request that names a pool set", "the name is empty");
	*named = got;
	return 0;
}

int control_get_nothing(const uint8_t *body, size_t length)
{
	return length ? malformed("request", "it must not have a body") : 0;
}

/* Replaces control characters in a peer's text, which may be shown on a terminal. */
static char printable(char c)
{
	return c >= ' ' && c <= '~' ? c : '?';
}

void control_put_result(struct writer *out, enum wire_status status, const char *message)
{
	size_t length = status == WIRE_OK ? 0 : strnlen(message, CONTROL_MESSAGE_MAX);

	put_u32(out, status);
	put_u16(out, (uint16_t)length);
	uint8_t *room = put_space(out, length);
	for (size_t i = 0; room && i < length; i++)
		room[i] = (uint8_t)printable(message[i]);
}

int control_get_result(struct reader *in, struct control_result *result)
{
	uint32_t status = get_u32(in);
	uint16_t length = get_u16(in);

	if (in->bad || length > CONTROL_MESSAGE_MAX || length > reader_left(in))
		return malformed("reply", "the text of the message is cut off");
	if (status >= WIRE_STATUSES)
		return err_set(-EPROTO, "malformed reply: status %u is unknown", status);
	const uint8_t *room = get_space(in, length);
	for (size_t i = 0; i < length; i++)
		result->message[i] = printable((char)room[i]);
	result->message[length] = '\0';
	result->status = status;
	if (status != WIRE_OK && reader_left(in))
		return malformed("reply", "bytes follow the status and the message");
	return 0;
}

void control_put_started(struct writer *out, const struct control_started *started)
{
	put_u16(out, started->port);
	put_u8(out, started->provider);
	put_u8(out, started->method);
	put_u8(out, started->granularity);
	put_u64(out, started->pool_size);
	put_u32(out, started->guard);
	put_u32(out, started->nlanes);
	put_attr(out, started->has_attr, &started->attr);
	put_text(out, started->address);
	if (started->provider == HOLDFAST_PROVIDER_SSH) {
		put_u16(out, started->window);
		put_u32(out, started->message_size);
	} else {
		put_bytes(out, started->secrets, (size_t)started->nlanes * CONTROL_SECRET_SIZE);
	}
}

/*
 * Check the fields of a reply that describe lanes carried in the control channel (provider ssh).
 * Returns a text that says which of them is wrong, or NULL.
 */
static const char *ssh_wrong(const struct control_started *got)
{
	if (got->port || got->address[0])
		return "there is a port, although the lanes use the control channel";
	if (got->method != HOLDFAST_METHOD_MESSAGE)
		return "the persist method is not possible over ssh";
	if (!got->window)
		return "the window is 0";
	if (got->message_size < DATA_MESSAGE_MIN || got->message_size > CONTROL_DATA_MAX)
		return "the maximum message size is out of range";
	return NULL;
}

static const char *started_wrong(const struct control_started *got)
{
	if (got->provider != HOLDFAST_PROVIDER_VERBS && got->provider != HOLDFAST_PROVIDER_TCP &&
		got->provider != HOLDFAST_PROVIDER_SSH)
		return "the provider is unknown";
	if (!got->port && got->provider != HOLDFAST_PROVIDER_SSH)
		return "the port is 0";
	if (!got->method || got->method >= WIRE_METHODS)
		return "the persist method is unknown";
	if (got->granularity >= WIRE_GRANULARITIES)
		return "the granularity is unknown";
	if (got->guard > got->pool_size)
		return "the header is larger than the pool";
	return got->provider == HOLDFAST_PROVIDER_SSH ? ssh_wrong(got) : NULL;
}

int control_get_started(struct reader *in, struct control_started *started)
{
	struct control_started got;

	got.port = get_u16(in);
	got.provider = get_u8(in);
	got.method = get_u8(in);
	got.granularity = get_u8(in);
	got.pool_size = get_u64(in);
	got.guard = get_u32(in);
	got.nlanes = get_u32(in);
	got.has_attr = get_attr(in, &got.attr);
	get_text(in, got.address, CONTROL_ADDRESS_MAX);
	if (got.nlanes < 1 || got.nlanes > CONTROL_LANES_MAX)
		return malformed("reply", "the number of lanes is out of range");
	bool by_ssh = got.provider == HOLDFAST_PROVIDER_SSH;
	got.window = by_ssh ? get_u16(in) : 0;
	got.message_size = by_ssh ? get_u32(in) : 0;
	got.secrets = by_ssh ? NULL : get_space(in, (size_t)got.nlanes * CONTROL_SECRET_SIZE);
	if (!reader_done(in))
		return malformed("reply", "the length does not match the fields");
	const char *wrong = started_wrong(&got);
	if (wrong)
		return malformed("reply", wrong);
	*started = got;
	return 0;
}

void control_put_description(
	struct writer *out, const struct control_description *told, unsigned minor)
{
	unsigned known = minor < CONTROL_MINOR_SSH ? HOLDFAST_PROVIDER_VERBS | HOLDFAST_PROVIDER_TCP
						   : WIRE_PROVIDERS;

	put_u64(out, told->size);
	put_u32(out, told->guard);
	put_u32(out, told->max_lanes);
	put_u8(out, (uint8_t)(told->providers & known));
	put_u8(out, told->granularity);
	put_u8(out, told->method_verbs);
	put_u8(out, told->method_tcp);
	put_u8(out, told->survival);
	put_u8(out, told->created);
	put_u8(out, told->busy);
	put_attr(out, told->has_attr, &told->attr);
	put_u16(out, told->nparts);
	for (unsigned i = 0; i < told->nparts; i++) {
		put_u64(out, told->parts[i].size);
		put_u8(out, told->parts[i].survival);
		put_u16(out, told->parts[i].path_length);
		put_bytes(out, told->parts[i].path, told->parts[i].path_length);
	}
}

static void get_part(struct reader *in, struct control_part *part)
{
	part->size = get_u64(in);
	part->survival = get_u8(in);
	if (part->survival > HOLDFAST_SURVIVES)
		in->bad = true;
	part->path_length = get_u16(in);
	part->path = get_space(in, part->path_length);
	if (part->path && has_control(part->path, part->path_length))
		in->bad = true;
}

int control_get_description(struct reader *in, struct control_description *told)
{
	told->size = get_u64(in);
	told->guard = get_u32(in);
	told->max_lanes = get_u32(in);
	told->providers = get_u8(in);
	told->granularity = get_u8(in);
	told->method_verbs = get_u8(in);
	told->method_tcp = get_u8(in);
	told->survival = get_u8(in);
	told->created = get_bool(in);
	told->busy = get_bool(in);
	told->has_attr = get_attr(in, &told->attr);
	told->nparts = get_u16(in);
	if (told->nparts > CONTROL_PARTS_MAX)
		return malformed("description", "there are too many parts");
	for (unsigned i = 0; i < told->nparts; i++)
		get_part(in, &told->parts[i]);
	if (!reader_done(in))
		return malformed("description", "the length does not match the fields");
	if (told->providers & ~WIRE_PROVIDERS || told->granularity >= WIRE_GRANULARITIES ||
		told->method_verbs >= WIRE_METHODS || told->method_tcp >= WIRE_METHODS ||
		told->survival > HOLDFAST_SURVIVES)
		return malformed("description", "there are values that this version does not know");
	return 0;
}

const char *control_type_name(uint32_t type)
{
	static const char *const names[] = {
		[CONTROL_CREATE] = "CREATE",
		[CONTROL_OPEN] = "OPEN",
		[CONTROL_KEEP] = "KEEP",
		[CONTROL_SET_ATTR] = "SET_ATTR",
		[CONTROL_CLOSE] = "CLOSE",
		[CONTROL_REMOVE] = "REMOVE",
		[CONTROL_DESCRIBE] = "DESCRIBE",
		[CONTROL_PING] = "PING",
		[CONTROL_MESSAGE] = "MESSAGE",
		[CONTROL_LANES] = "LANES",
		[CONTROL_STATE] = "STATE",
		[CONTROL_BEGIN] = "BEGIN",
		[CONTROL_RESUME] = "RESUME",
		[CONTROL_MARK] = "MARK",
		[CONTROL_CLEAR] = "CLEAR",
		[CONTROL_REPAIR] = "REPAIR",
		[CONTROL_LOOK] = "LOOK",
		[CONTROL_HASHES] = "HASHES",
		[CONTROL_COUNTERS] = "COUNTERS",
		[CONTROL_SESSION_COUNTERS] = "SESSION_COUNTERS",
	};

	type &= ~CONTROL_REPLY;
	return type < sizeof(names) / sizeof(names[0]) && names[type] ? names[type] : "?";
}
