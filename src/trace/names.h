/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * names.h - the file of names: names and sizes of the files in a tree of directories, as words of
 * one artificial file
 *
 * The file of names has number NAMES_FILE. Its first page has one word for each name: the number of
 * the file that the name leads to, or NAMES_DIRECTORY plus the number of the directory that it
 * leads to, or 0. Each name belongs to one directory; number 0 is the watched directory itself. The
 * first page also has two words for each file: the file's size, and the number of its content,
 * which is 0 if the content has the same number as the file. Page N has one word: the size up to
 * which writing has grown content N. The size of a file is the larger one of both sizes. Truncation
 * to size 0 gives a file another content.
 */
#ifndef TRACE_NAMES_H
#define TRACE_NAMES_H

#include "trace/event.h"

#define NAMES_FILE        1u
#define NAMES_MAX         192u
#define NAMES_LENGTH      64u   /* bytes of a name, with its terminating zero */
#define NAMES_DIRECTORY   1024u /* words from this value on lead to directories */
#define NAMES_DIRECTORIES 64u   /* maximum number of directories, the watched one included */
#define NAMES_SIZE        (EVENT_PAGE * (EVENT_FILES + 1u))

static inline uint64_t names_content_word(uint64_t file)
{
	return NAMES_MAX + 2 * file;
}

static inline uint64_t names_size_word(uint64_t file)
{
	return NAMES_MAX + 2 * file + 1;
}

/*
 * The place of a content's page in the file of names: the page that holds the size up to which
 * writing has grown this content. Content 0 has the page that also holds the names.
 */
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

/* The number of a file's content, and the file's size, read from an image of the file of names. */
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
