/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * printable.h - text with names in it that anybody may have chosen, made fit for a terminal
 *
 * The name of a file may hold what a terminal takes for commands.
 */
#ifndef BASE_PRINTABLE_H
#define BASE_PRINTABLE_H

/*
 * Replace each control character by "?", in place: those of ASCII, newlines too, and those from 0x80
 * to 0x9f, as bytes and as UTF-8. Other UTF-8, and what is not UTF-8, stays as it is.
 */
void printable(char *text);

#endif
