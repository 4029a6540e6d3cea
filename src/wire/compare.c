/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/compare.h"

#include <errno.h>

#include "base/err.h"

static int malformed(const char *what, const char *why)
{
	return err_set(-EPROTO, "malformed %s: %s", what, why);
}

void compare_put_ask(struct writer *out, const struct compare_ask *ask)
{
	put_u64(out, ask->offset);
	put_u32(out, ask->length);
	put_u32(out, ask->unit);
	put_u64(out, ask->seed);
}

int compare_get_ask(const uint8_t *body, size_t length, struct compare_ask *ask)
{
	struct reader in = reader_on(body, length);
	struct compare_ask got = {.offset = get_u64(&in)};

	got.length = get_u32(&in);
	got.unit = get_u32(&in);
	got.seed = get_u64(&in);
	if (!reader_done(&in))
		return malformed("request for hashes", "the length does not match the fields");
	if (got.unit < COMPARE_PAGE || got.unit > COMPARE_UNIT_MAX || got.unit & (got.unit - 1))
		return malformed("request for hashes", "the unit is out of range");
	if (!got.length || got.length > COMPARE_RANGE_MAX)
		return malformed("request for hashes", "the range is empty or too long");
	*ask = got;
	return 0;
}

void compare_put_looked(struct writer *out, const struct compare_looked *looked)
{
	put_u64(out, looked->size);
	put_u32(out, looked->guard);
}

int compare_get_looked(struct reader *in, struct compare_looked *looked)
{
	struct compare_looked got = {.size = get_u64(in)};

	got.guard = get_u32(in);
	if (!reader_done(in))
		return malformed("reply", "the length does not match the fields");
	if (got.guard > got.size)
		return malformed("reply", "the header is larger than the pool");
	*looked = got;
	return 0;
}

int compare_get_hashes(
	struct reader *in, const struct compare_ask *ask, const uint8_t (**hashes)[HASH_SIZE])
{
	const uint8_t *got = get_space(in, (size_t)compare_count(ask) * HASH_SIZE);

	if (!reader_done(in))
		return malformed("reply", "there are more or fewer hashes than requested");
	*hashes = (const uint8_t(*)[HASH_SIZE])got;
	return 0;
}
