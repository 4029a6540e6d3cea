/* SPDX-License-Identifier: BSD-3-Clause */
/* poolheader.c - a fuzzer of headers of pool parts: a header must survive encoding and decoding */
#include <string.h>

#include "fuzz.h"
#include "pool/header.h"

/* A page with a wrong checksum gets the right one, since a fuzzer would hardly guess it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t page[HEADER_SIZE] = {0}, again[HEADER_SIZE];
	struct header header = {.created = 0}, other;

	memcpy(page, data, size < sizeof(page) ? size : sizeof(page));
	if (!header_decode(&header, page)) {
		memcpy(&header.attr, page, sizeof(header.attr));
		memcpy(&header.created, page + 120, sizeof(header.created));
		header.shutdown.dirty = page[4040] & 1;
		header_encode(page, &header);
		must(header_decode(&header, page) && header.shutdown_valid);
	}
	memcpy(again, page, sizeof(page));
	header_encode(again, &header);
	must(header_decode(&other, again));
	must(!memcmp(&header.attr.poolset_uuid, &other.attr.poolset_uuid, UUID_SIZE));
	must(header.created == other.created &&
		header.attr.incompat_features == other.attr.incompat_features);
	must(header.shutdown.dirty == other.shutdown.dirty);
	must(!header_is_blank(page) || pool_attr_is_zero(&header.attr));
	return 0;
}
