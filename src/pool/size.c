/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool/size.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static const struct {
	const char *name;
	size_t factor;
} suffixes[] = {
	{"", 1},
	{"B", 1},
	{"K", 1UL << 10},
	{"M", 1UL << 20},
	{"G", 1UL << 30},
	{"T", 1UL << 40},
	{"P", 1UL << 50},
	{"KiB", 1UL << 10},
	{"MiB", 1UL << 20},
	{"GiB", 1UL << 30},
	{"TiB", 1UL << 40},
	{"PiB", 1UL << 50},
	{"kB", 1000UL},
	{"MB", 1000UL * 1000},
	{"GB", 1000UL * 1000 * 1000},
	{"TB", 1000UL * 1000 * 1000 * 1000},
	{"PB", 1000UL * 1000 * 1000 * 1000 * 1000},
};

static bool find_factor(const char *suffix, size_t *factor)
{
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strcmp(suffix, suffixes[i].name))
			continue;
		*factor = suffixes[i].factor;
		return true;
	}
	return false;
}

bool pool_size_parse(const char *text, size_t *size)
{
	size_t number = 0, factor;

	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text); text++)
		if (__builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, (size_t)(*text - '0'), &number))
			return false;
	if (!find_factor(text, &factor) || __builtin_mul_overflow(number, factor, &number))
		return false;
	if (number > INT64_MAX)
		return false;
	*size = number;
	return true;
}
