/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * poolset.c - a fuzzer of pool set files: an accepted file has only valid values, and the same
 * values when it is written and read again
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "fuzz.h"
#include "pool/set.h"

static void check(const struct pool_set *set)
{
	must(set->count && set->entries && set->sysfs && !strcmp(set->name, "x.set"));
	must(!set->single_header || !set->no_headers);
	for (size_t i = 0; i < set->count; i++) {
		const struct pool_set_entry *entry = &set->entries[i];
		must(entry->path[0] == '/' && !strpbrk(entry->path, " \t\n#"));
		must(entry->is_auto || entry->size >= POOL_PART_MINIMUM);
		must(entry->size <= INT64_MAX);
		must(entry->line > 1);
	}
}

/* Returns the text of a pool set file with the entries of `set`; the caller frees it. */
static char *write_again(const struct pool_set *set, size_t *length)
{
	char *text;
	FILE *file = open_memstream(&text, length);

	must(file);
	fprintf(file, "PMEMPOOLSET\n");
	if (set->single_header || set->no_headers)
		fprintf(file, "OPTION %s\n", set->single_header ? "SINGLEHDR" : "NOHDRS");
	for (size_t i = 0; i < set->count; i++)
		if (set->entries[i].is_auto)
			fprintf(file, "AUTO %s\n", set->entries[i].path);
		else
			fprintf(file, "%zuB\t%s\r\n", set->entries[i].size, set->entries[i].path);
	must(!fclose(file));
	return text;
}

static void compare(const struct pool_set *one, const struct pool_set *other)
{
	must(one->count == other->count && one->single_header == other->single_header);
	must(one->no_headers == other->no_headers);
	for (size_t i = 0; i < one->count; i++) {
		must(!strcmp(one->entries[i].path, other->entries[i].path));
		must(one->entries[i].size == other->entries[i].size);
		must(one->entries[i].is_auto == other->entries[i].is_auto);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool_set *set = NULL, *again = NULL;
	size_t length;

	int error = pool_set_parse((const char *)data, size, "x.set", &set);
	must(error <= 0 && !error == !!set);
	if (error) {
		must(strstr(err_get(), "x.set"));
		return 0;
	}
	check(set);
	char *text = write_again(set, &length);
	must(!pool_set_parse(text, length, "x.set", &again));
	compare(set, again);
	free(text);
	pool_set_free(set);
	pool_set_free(again);
	return 0;
}
