/* SPDX-License-Identifier: BSD-3-Clause */
/* wording.c - split the command that checks images into words, and replace {} by an image's name */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "checker.h"
#include "holdfast/tool.h"

static char *with_image(const char *text, const char *image)
{
	struct collected result;
	FILE *to = collect_begin(&result);

	for (; *text; text++)
		if (text[0] == '{' && text[1] == '}') {
			fputs(image, to);
			text++;
		} else {
			fputc(*text, to);
		}
	return collect_end(&result);
}

/* Reads the next word of the command and removes its quotes; NULL at the end. */
static char *next_word(const char **at)
{
	char *word = must_make(strlen(*at) + 1, 1), *to = word, quote = 0;

	while (isspace((unsigned char)**at))
		++*at;
	bool is_end = !**at;
	for (; **at && (quote || !isspace((unsigned char)**at)); ++*at)
		if (quote ? **at == quote : **at == '\'' || **at == '"')
			quote = quote ? 0 : **at;
		else
			*to++ = **at;
	*to = '\0';
	if (is_end) {
		free(word);
		return NULL;
	}
	return word;
}

void wording_split(struct checker *checker, const char *image)
{
	const char *at = checker->command;
	unsigned count = 0;
	char *word;

	for (unsigned i = 0; checker->words[i]; i++)
		free(checker->words[i]);
	memset(checker->words, 0, sizeof(checker->words));
	if (strpbrk(at, "|&;<>()$`\\*?[]~")) {
		checker->words[0] = must_copy("/bin/sh");
		checker->words[1] = must_copy("-c");
		checker->words[2] = with_image(at, image);
		return;
	}
	while (count < WORDS - 1 && (word = next_word(&at))) {
		checker->words[count++] = with_image(word, image);
		free(word);
	}
}
