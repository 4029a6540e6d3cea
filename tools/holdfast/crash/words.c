/* SPDX-License-Identifier: BSD-3-Clause */
/* words.c - makes text from other programs safe for terminals and for every report format */
#include <stdbool.h>
#include <stdint.h>

#include "facts.h"

/*
 * Returns the size in bytes of the UTF-8 character at `at`, or 0 for malformed UTF-8 and control
 * characters.
 */
static unsigned character_size(const unsigned char *at)
{
	static const uint32_t least[] = {0, 0x20, 0x80, 0x800, 0x10000};
	unsigned size = *at < 0x80 ? 1 : *at < 0xc0 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
	uint32_t code = size == 1 ? *at : *at & (0x7fu >> size);

	for (unsigned i = 1; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3fu);
	}
	bool is_good = (code >= least[size] || *at == '\t') && code < 0x110000 &&
		       (code < 0x7f || code > 0x9f) && (code & ~0x7ffu) != 0xd800 &&
		       (code & 0xfffe) != 0xfffe && *at < 0xf8;
	return is_good ? size : 0;
}

char *words_clean(char *words)
{
	for (char *at = words; at && *at;) {
		unsigned size = character_size((const unsigned char *)at);
		if (!size)
			*at = '?';
		at += size ? size : 1;
	}
	return words;
}

void xml_print(FILE *to, const char *words)
{
	for (; words && *words; words++)
		switch (*words) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '>':
			fputs("&gt;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		case '\t': /* XML readers change a tab in an attribute to a blank */
			fputs("&#9;", to);
			break;
		default:
			fputc(*words, to);
		}
}
