/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * printable.c - test that control characters in messages are replaced, so that they cannot affect a
 * terminal
 */
#include "base/printable.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "tap.h"

static void becomes(const char *from, const char *to, const char *what)
{
	char text[64];

	strcpy(text, from);
	printable(text);
	is_str(text, to, "printable: %s", what);
}

int main(void)
{
	becomes("", "", "an empty text is unchanged");
	becomes("plain name, 7 bits~", "plain name, 7 bits~", "printable ASCII is unchanged");
	becomes("\033]0;title\a", "?]0;title?", "ESC and BEL are replaced");
	becomes("two\nlines\tand\x7f", "two?lines?and?", "newline, tab and DEL are replaced");
	becomes("\2332J", "?2J", "the CSI of eight-bit terminals is replaced");
	becomes("\302\2332J", "??2J",
		"the CSI of eight-bit terminals, encoded in UTF-8, is replaced");
	becomes("\303\234ber \342\202\233 \360\237\232\200",
		"\303\234ber \342\202\233 \360\237\232\200",
		"UTF-8 is unchanged, though some of its bytes alone would be control characters");
	becomes("cut \xe2\x82", "cut \xe2?",
		"a control byte in a truncated UTF-8 character is replaced");
	becomes("\xc2", "\xc2",
		"a text that ends within a UTF-8 character is not read beyond its end");
	becomes("\xc3\x9c\x9c", "\xc3\x9c?", "a control byte after a UTF-8 character is replaced");
	err_set(-1, "cannot open %s", "a\033[31mb");
	is_str(err_get(), "cannot open a?[31mb",
		"err_set: control characters of a name are replaced");
	errno = ENOENT;
	err_sys("cannot open %s", "a\nb");
	is_str(err_get(), "cannot open a?b: No such file or directory",
		"err_sys: control characters of a name are replaced");
	return tap_done();
}
