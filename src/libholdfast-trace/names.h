/* SPDX-License-Identifier: BSD-3-Clause */
/* names.h - functions of names.c that, apart from itself, only written.c calls */
#ifndef LIBHOLDFAST_TRACE_NAMES_H
#define LIBHOLDFAST_TRACE_NAMES_H

#include "libholdfast-trace/recorder.h"

/* The number of the file's content, which changes when the file is truncated to size 0. */
unsigned names_content_of(unsigned file);
/* Records that writing has made a content longer, unless it was that long. */
void names_grow(unsigned content, uint64_t size, struct call call);

#endif
