/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * method.h - the numbers and names of providers, persist methods and granularities
 *
 * The numbers on the wire are those of the public enums: a peer may be of another version, and so
 * may a program. A set of providers is the sum of their numbers, so each of them is one bit.
 */
#ifndef WIRE_METHOD_H
#define WIRE_METHOD_H

#include <librpmem/holdfast.h>

/* All that may be in a set. */
#define WIRE_PROVIDERS (HOLDFAST_PROVIDER_VERBS | HOLDFAST_PROVIDER_TCP)
/* The first number that is unknown. */
#define WIRE_METHODS       (HOLDFAST_METHOD_WRITE_DELIVERED + 1)
#define WIRE_GRANULARITIES (PMEM2_GRANULARITY_PAGE + 1)

/* "verbs", "tcp"; and "message", "write+message", "write+read", "write+delivery". "none" for 0. */
const char *wire_provider_name(enum holdfast_provider provider);
const char *wire_method_name(enum holdfast_method method);

#endif
