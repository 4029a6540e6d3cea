/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * printable.h - make text with untrusted names in it safe for a terminal
 *
 * A file name may contain characters that a terminal executes as commands.
 */
#ifndef BASE_PRINTABLE_H
#define BASE_PRINTABLE_H

/*
 * Replace each control character by "?", in place: those of ASCII, newlines too, and those from 0x80
 * to 0x9f, as bytes and as UTF-8. Other UTF-8, and bytes that are not UTF-8, stay as they are.
 */
void printable(char *text);

#endif
