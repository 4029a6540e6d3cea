/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/printable.h"

#include <stdbool.h>
#include <stddef.h>

/* The length in bytes of the UTF-8 character that begins here; 1 if it is not UTF-8. */
static size_t character_length(const unsigned char *at)
{
	size_t length = *at >= 0xf0 && *at <= 0xf4   ? 4
			: *at >= 0xe0 && *at <= 0xef ? 3
			: *at >= 0xc2 && *at <= 0xdf ? 2
						     : 1;

	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) !=
			0x80) /* too few bytes follow, such as before the final NUL: not UTF-8 */
			return 1;
	return length;
}

static bool is_control(const unsigned char *at, size_t length)
{
	if (length == 2)
		return at[0] == 0xc2 && at[1] <= 0x9f;
	return length == 1 && (*at < ' ' || (*at >= 0x7f && *at <= 0x9f));
}

void printable(char *text)
{
	unsigned char *at = (unsigned char *)text;

	while (*at) {
		size_t length = character_length(at);
		bool bad = is_control(at, length);
		for (; length; length--, at++)
			if (bad)
				*at = '?';
	}
}
