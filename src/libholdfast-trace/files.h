/* SPDX-License-Identifier: BSD-3-Clause */
/* files.h - functions of files.c that only files.c, maps.c and pools.c call */
#ifndef LIBHOLDFAST_TRACE_FILES_H
#define LIBHOLDFAST_TRACE_FILES_H

#include "libholdfast-trace/recorder.h"

/*
 * Reads the path of the descriptor's file. Returns false if it has no path, or one that is too
 * long.
 */
bool files_name(int fd, char *name, size_t size);
bool files_is_under_test(int fd, const char *name);
/*
 * Registers the file under this name, or notes that it has grown. Returns the file's number; 0 on
 * failure.
 */
unsigned files_register_as(int fd, const struct stat *stat, const char *name);
/* Opens the file "WHAT.NUMBER" in the tool's directory. Returns a descriptor, or -1. */
int files_open(const char *what, unsigned number);

#endif
