/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * method.h - the numbers and names of providers, persist methods and granularities
 *
 * The numbers on the wire are those of the public enums. These must not change: the peer, or the
 * program, may be of another version. A set of providers is the sum of their numbers, each of
 * which is one bit.
 */
#ifndef WIRE_METHOD_H
#define WIRE_METHOD_H

#include <librpmem/holdfast.h>

/* The set of all known providers. */
#define WIRE_PROVIDERS (HOLDFAST_PROVIDER_VERBS | HOLDFAST_PROVIDER_TCP | HOLDFAST_PROVIDER_SSH)
/*
 * 1 more than the largest known number of a persist method, and 1 more than that of a granularity.
 */
#define WIRE_METHODS       (HOLDFAST_METHOD_WRITE_DELIVERED + 1)
#define WIRE_GRANULARITIES (PMEM2_GRANULARITY_PAGE + 1)

/*
 * Names: "verbs", "tcp", "ssh"; "message", "write+message", "write+read", "write+delivery"; "none" for 0.
 */
const char *wire_provider_name(enum holdfast_provider provider);
const char *wire_method_name(enum holdfast_method method);

#endif
