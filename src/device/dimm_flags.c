/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dimm_flags.c - flags of a module's state, from its firmware
 *
 * The words for these flags are those of flags_show() in the kernel's drivers/acpi/nfit/core.c and
 * arch/powerpc/platforms/pseries/papr_scm.c. The word smart_notify has two meanings: for nfit it
 * says that events would be reported, for papr it says that an event has happened. For CXL modules
 * sysfs has no such words.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device/dimm.h"
#include "device/sysfs.h"

/* The known words of one firmware interface. Both lists begin and end with a space. */
struct words {
	const char *path, *faults, *harmless;
};

static const struct words interfaces[] = {
	{"nfit/flags", " save_fail restore_fail flush_fail not_armed smart_event map_fail ",
		" smart_notify "},
	{"papr/flags", " save_fail restore_fail flush_fail not_armed smart_notify scrubbed ",
		" encrypted locked "},
};

static bool is_among(const char *list, const char *word, size_t length)
{
	for (const char *at = list; (at = strchr(at, ' ')) && at[1]; at++)
		if (!strncmp(at + 1, word, length) && at[1 + length] == ' ')
			return true;
	return false;
}

/* Append a word to a text. The text's buffer must have room for the word. */
static void append(char *text, const char *word, size_t length)
{
	if (*text)
		strcat(text, " ");
	strncat(text, word, length);
}

static void sort_words(struct dimm_flags *flags, const char *text, const struct words *words)
{
	for (const char *at = text; *(at += strspn(at, " \n"));) {
		size_t length = strcspn(at, " \n");
		bool is_fault = is_among(words->faults, at, length);
		append(flags->all, at, length);
		flags->count += is_fault;
		if (is_fault)
			append(flags->faults, at, length);
		else if (!is_among(words->harmless, at, length))
			flags->has_unknown = true;
		at += length;
	}
}

static int read_flags(int dimm, struct dimm_flags *flags, const struct words *words)
{
	char *text;
	int error = sysfs_read_text(dimm, words->path, &text);

	if (error)
		return error;
	size_t room = strlen(text) + 2;
	*flags = (struct dimm_flags){.all = calloc(1, room), .faults = calloc(1, room)};
	if (flags->all && flags->faults)
		sort_words(flags, text, words);
	else
		error = -ENOMEM;
	free(text);
	if (error)
		dimm_flags_fini(flags);
	return error;
}

int dimm_flags(int dimm, struct dimm_flags *flags)
{
	int error = -ENOENT;

	for (size_t i = 0; error == -ENOENT && i < sizeof(interfaces) / sizeof(interfaces[0]); i++)
		error = read_flags(dimm, flags, &interfaces[i]);
	return error;
}

void dimm_flags_fini(struct dimm_flags *flags)
{
	free(flags->all);
	free(flags->faults);
}
