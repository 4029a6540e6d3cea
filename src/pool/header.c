/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool/header.h"

#include <elf.h>
#include <endian.h>
#include <string.h>

/* Offsets of the fields in the page, in bytes. */
enum {
	SIGNATURE = 0,
	MAJOR = 8,
	COMPAT = 12,
	INCOMPAT = 16,
	RO_COMPAT = 20,
	POOLSET_UUID = 24,
	PART_UUID = 40,
	PREVIOUS_PART = 56,
	NEXT_PART = 72,
	PREVIOUS_REPLICA = 88,
	NEXT_REPLICA = 104,
	CREATED = 120,
	ARCHITECTURE = 128,
	SECOND_HALF = 2048,
	SHUTDOWN = 4024,
	CHECKSUM = 4088,
};

/* Offsets in the record of the state at the last shutdown, in bytes. */
enum { COUNT = 0, UUID = 8, DIRTY = 16, SHUTDOWN_CHECKSUM = 56, SHUTDOWN_SIZE = 64 };

/*
 * Fields of a header that describe the machine on which a program made the pool: the alignments
 * that the C compiler uses, which are the same on all machines where long has 64 bits, and three
 * fields with the values that an ELF file's header has.
 */
#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__riscv)
#define MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define MACHINE EM_PPC64
#else
#define MACHINE EM_NONE
#endif

static const uint8_t native_flags[16] = {0x10, 0x73, 0x77, 0x37, 0xf7, 0x07, 0, 0, ELFCLASS64,
	__BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB, 0, 0, 0, 0, MACHINE & 0xff,
	MACHINE >> 8};

static void put32(uint8_t *page, size_t at, uint32_t value)
{
	value = htole32(value);
	memcpy(page + at, &value, sizeof(value));
}

static void put64(uint8_t *page, size_t at, uint64_t value)
{
	value = htole64(value);
	memcpy(page + at, &value, sizeof(value));
}

static uint32_t get32(const uint8_t *page, size_t at)
{
	uint32_t value;

	memcpy(&value, page + at, sizeof(value));
	return le32toh(value);
}

static uint64_t get64(const uint8_t *page, size_t at)
{
	uint64_t value;

	memcpy(&value, page + at, sizeof(value));
	return le64toh(value);
}

/* The checksum of a page, with the bytes in [from, to) counted as zeros. */
static uint64_t sum_without(const uint8_t *bytes, size_t size, size_t from, size_t to)
{
	uint32_t low = 0, high = 0;

	for (size_t at = 0; at < size; at += sizeof(uint32_t)) {
		if (at < from || at >= to)
			low += get32(bytes, at);
		high += low;
	}
	return (uint64_t)high << 32 | low;
}

uint64_t header_sum(const void *bytes, size_t size)
{
	return sum_without(bytes, size, size, size);
}

static uint64_t page_sum(const uint8_t *page)
{
	bool half = get32(page, INCOMPAT) & POOL_INCOMPAT_CHECKSUM_2K;

	return sum_without(page, HEADER_SIZE, half ? SECOND_HALF : CHECKSUM, HEADER_SIZE);
}

static uint64_t shutdown_sum(const uint8_t *record)
{
	return sum_without(record, SHUTDOWN_SIZE, SHUTDOWN_CHECKSUM, SHUTDOWN_SIZE);
}

static void encode_shutdown(uint8_t *record, const struct header_shutdown *shutdown)
{
	memset(record, 0, SHUTDOWN_SIZE);
	put64(record, COUNT, shutdown->count);
	put64(record, UUID, shutdown->uuid);
	record[DIRTY] = shutdown->dirty;
	put64(record, SHUTDOWN_CHECKSUM, shutdown_sum(record));
}

static bool decode_shutdown(struct header_shutdown *shutdown, const uint8_t *record)
{
	shutdown->count = get64(record, COUNT);
	shutdown->uuid = get64(record, UUID);
	shutdown->dirty = record[DIRTY];
	return get64(record, SHUTDOWN_CHECKSUM) == shutdown_sum(record);
}

bool pool_attr_is_zero(const struct rpmem_pool_attr *attr)
{
	static const struct rpmem_pool_attr zero;

	return !memcmp(attr, &zero, sizeof(zero));
}

/*
 * The bytes of the fields that describe the machine. They are taken from the attributes or, if the
 * attributes have zeros there, they describe this machine. A pool without a signature was made
 * without attributes, and gets zeros.
 */
static const uint8_t *architecture(const struct rpmem_pool_attr *attr)
{
	static const uint8_t zeros[sizeof(attr->user_flags)];

	if (memcmp(attr->user_flags, zeros, sizeof(zeros)))
		return attr->user_flags;
	return attr->signature[0] ? native_flags : zeros;
}

void header_encode(uint8_t page[HEADER_SIZE], const struct header *header)
{
	const struct rpmem_pool_attr *attr = &header->attr;

	memcpy(page + SIGNATURE, attr->signature, sizeof(attr->signature));
	put32(page, MAJOR, attr->major);
	put32(page, COMPAT, attr->compat_features);
	put32(page, INCOMPAT, attr->incompat_features);
	put32(page, RO_COMPAT, attr->ro_compat_features);
	memcpy(page + POOLSET_UUID, attr->poolset_uuid, UUID_SIZE);
	memcpy(page + PART_UUID, attr->uuid, UUID_SIZE);
	memcpy(page + PREVIOUS_PART, header->previous_part, UUID_SIZE);
	memcpy(page + NEXT_PART, header->next_part, UUID_SIZE);
	memcpy(page + PREVIOUS_REPLICA, attr->prev_uuid, UUID_SIZE);
	memcpy(page + NEXT_REPLICA, attr->next_uuid, UUID_SIZE);
	put64(page, CREATED, header->created);
	memcpy(page + ARCHITECTURE, architecture(attr), sizeof(attr->user_flags));
	encode_shutdown(page + SHUTDOWN, &header->shutdown);
	put64(page, CHECKSUM, page_sum(page));
}

bool header_decode(struct header *header, const uint8_t page[HEADER_SIZE])
{
	struct rpmem_pool_attr *attr = &header->attr;

	if (get64(page, CHECKSUM) != page_sum(page))
		return false;
	memcpy(attr->signature, page + SIGNATURE, sizeof(attr->signature));
	attr->major = get32(page, MAJOR);
	attr->compat_features = get32(page, COMPAT);
	attr->incompat_features = get32(page, INCOMPAT);
	attr->ro_compat_features = get32(page, RO_COMPAT);
	memcpy(attr->poolset_uuid, page + POOLSET_UUID, UUID_SIZE);
	memcpy(attr->uuid, page + PART_UUID, UUID_SIZE);
	memcpy(header->previous_part, page + PREVIOUS_PART, UUID_SIZE);
	memcpy(header->next_part, page + NEXT_PART, UUID_SIZE);
	memcpy(attr->prev_uuid, page + PREVIOUS_REPLICA, UUID_SIZE);
	memcpy(attr->next_uuid, page + NEXT_REPLICA, UUID_SIZE);
	header->created = get64(page, CREATED);
	memcpy(attr->user_flags, page + ARCHITECTURE, sizeof(attr->user_flags));
	header->shutdown_valid = decode_shutdown(&header->shutdown, page + SHUTDOWN);
	return true;
}

bool header_is_blank(const uint8_t page[HEADER_SIZE])
{
	static const uint8_t blank[HEADER_SIZE];

	return !memcmp(page, blank, HEADER_SIZE);
}
