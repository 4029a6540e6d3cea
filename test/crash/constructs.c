/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * constructs.c - makes every kind of store that a compiler generates, to a mapped file
 *
 *	constructs FILE [check]
 *
 * The check accepts every image, since the test looks only at which stores the recorder has seen.
 */
#include <libpmem.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct packed {
	char c;
	uint32_t unaligned;
} __attribute__((packed));

struct bits {
	unsigned a : 3, b : 5, c : 24;
};

struct small {
	uint64_t words[3];
};

struct large {
	char bytes[400];
};

struct all {
	uint8_t byte;
	uint16_t half;
	uint32_t word;
	uint64_t full;
	unsigned __int128 twice;
	float single;
	double real;
	volatile uint64_t often;
	struct packed packed;
	struct bits bits;
	struct small small;
	_Alignas(64) struct large large;
	_Alignas(64) uint64_t many[32];
	_Alignas(64) _Atomic uint8_t atomic8;
	_Atomic uint16_t atomic16;
	_Atomic uint32_t atomic32;
	_Atomic uint64_t atomic64;
	char text[64];
};

static void plain(struct all *all, unsigned seed)
{
	static struct large large;

	all->byte = (uint8_t)seed;
	all->half = (uint16_t)seed;
	all->word = seed;
	all->full = seed;
	all->twice = seed;
	all->single = (float)seed;
	all->real = seed;
	all->often = seed;
	all->packed.unaligned = seed;
	all->bits.b = seed & 31;
	all->small = (struct small){{seed, seed, seed}};
	memset(&large, (int)seed, sizeof(large));
	all->large = large;
	for (unsigned i = 0; i < 32; i++)
		all->many[i] = seed + i;
	memcpy(all->text, "constructs", 11);
	strcpy(all->text + 16, "a text");
	strncpy(all->text + 32, "text", 8);
	strcat(all->text + 32, "s");
	snprintf(all->text + 40, 8, "%u", seed);
	sprintf(all->text + 48, "%u", seed + 1);
}

static void atomics(struct all *all, unsigned seed)
{
	uint64_t expected = 0;

	all->atomic8 = (uint8_t)seed;
	atomic_store_explicit(&all->atomic16, (uint16_t)seed, memory_order_release);
	atomic_fetch_add(&all->atomic32, seed);
	atomic_fetch_sub(&all->atomic32, 1);
	atomic_fetch_or(&all->atomic64, 1);
	atomic_fetch_and(&all->atomic64, ~UINT64_C(1));
	atomic_fetch_xor(&all->atomic64, 2);
	atomic_exchange(&all->atomic64, seed);
	atomic_compare_exchange_strong(&all->atomic64, &expected, seed);
	atomic_compare_exchange_weak(&all->atomic64, &expected, seed + 1);
	__sync_fetch_and_add((uint64_t *)&all->full, 1);
	__sync_fetch_and_nand((uint64_t *)&all->full, 3);
	atomic_thread_fence(memory_order_seq_cst);
	atomic_thread_fence(memory_order_release);
}

int main(int argc, char *argv[])
{
	size_t length;
	int is_pmem;
	struct all *all;

	if (argc < 2 || !(all = pmem_map_file(argv[1], 0, 0, 0, &length, &is_pmem)))
		return 2;
	if (argc > 2)
		return 0;
	plain(all, (unsigned)argc + 5);
	atomics(all, (unsigned)argc + 7);
	pmem_persist(all, sizeof(*all));
	return all->atomic64 != (unsigned)argc + 8 && all->atomic64 != (unsigned)argc + 7;
}
