/* SPDX-License-Identifier: BSD-3-Clause */
/* mirror.h - declarations that the files of `holdfast mirror` share */
#ifndef TOOLS_HOLDFAST_MIRROR_H
#define TOOLS_HOLDFAST_MIRROR_H

#include "tool.h"

/* The local file or DAX device, mapped for reading. */
struct mirror_file {
	const char *path;
	void *addr;
	size_t size;
	bool is_file; /* false: a device, for which mirror_file_drop() does nothing */
	size_t dropped;
};

/*
 * Open and map a file. Returns NULL, or an error message that the caller frees. If another process
 * truncates the file later, this program ends with an error message.
 */
char *mirror_file_open(struct mirror_file *file, const char *path);

/*
 * Call this when the file has been compared up to the offset `compared`: drops earlier pages, which
 * count as memory of this process. The pages stay in the kernel's page cache.
 */
void mirror_file_drop(struct mirror_file *file, size_t compared);

/* A comparison: the command line, and the outcome. */
struct mirror_job {
	bool sync, dry_run, json, quiet, may_be_smaller;
	const char *local, *remote; /* as given */
	struct mirror_file file;
	struct holdfast_mirror_state state;
	char *error; /* why the comparison failed; NULL: it did not */
};

/*
 * Print a line with the progress, or with `end`, remove that line. Does nothing unless standard
 * error is a terminal.
 */
void mirror_progress(const struct mirror_job *job, bool end);

/* Print the outcome, as text or as one JSON object. Returns false if printing fails. */
bool mirror_tell(const struct mirror_job *job);

#endif
