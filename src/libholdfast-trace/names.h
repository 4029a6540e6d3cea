/* SPDX-License-Identifier: BSD-3-Clause */
/* names.h - functions of names.c that only names.c and written.c call */
#ifndef LIBHOLDFAST_TRACE_NAMES_H
#define LIBHOLDFAST_TRACE_NAMES_H

#include "libholdfast-trace/recorder.h"

/* Returns the number of the file's content. Truncating the file to size 0 changes this number. */
unsigned names_content_of(unsigned file);
/* Records that a write has made a content `size` bytes long, unless it was that long before. */
void names_grow(unsigned content, uint64_t size, struct call call);

#endif
