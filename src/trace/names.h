/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * names.h - names and sizes of the files of a directory, as words of a file of their own
 *
  * The file has number NAMES_FILE. In its first page there is a word for each name, which holds
 * the number of the file that it leads to, or 0; and two for each file: its content, 0 for that
 * of the same number, and its size. In page N there is one word: how far writing has grown
 * content N. The size of a file is the larger one of the two. Truncation to nothing gives a file
 * other content.
 */
#ifndef TRACE_NAMES_H
#define TRACE_NAMES_H

#include "trace/event.h"

#define NAMES_FILE   1u
#define NAMES_MAX    192u
#define NAMES_LENGTH 64u /* bytes of a name, with its end */
#define NAMES_SIZE   (EVENT_PAGE * (EVENT_FILES + 1u))

static inline uint64_t names_content_word(uint64_t file)
{
	return NAMES_MAX + 2 * file;
}

static inline uint64_t names_size_word(uint64_t file)
{
	return NAMES_MAX + 2 * file + 1;
}

/* The place of the page that has the growth of a content; content 0: of the names. */
static inline uint64_t names_page(uint64_t content)
{
	return place_of(NAMES_FILE, content * EVENT_PAGE);
}

static inline uint64_t names_read(const unsigned char *names, uint64_t page, uint64_t word)
{
	uint64_t value;

	__builtin_memcpy(&value, names + page * EVENT_PAGE + word * sizeof(value), sizeof(value));
	return value;
}

/* The content of a file, and its size, in an image of the file of names. */
static inline uint64_t names_content(const unsigned char *names, uint64_t file)
{
	uint64_t content = names_read(names, 0, names_content_word(file));

	return content && content <= EVENT_FILES ? content : file;
}

static inline uint64_t names_size(const unsigned char *names, uint64_t file)
{
	uint64_t size = names_read(names, 0, names_size_word(file));
	uint64_t grown = names_read(names, names_content(names, file), 0);

	return size > grown ? size : grown;
}

#endif
