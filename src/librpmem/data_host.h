/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * data_host.h - find the address for the data channel
 *
 * ssh can find a host in ways that only ssh knows (aliases in its configuration, jump hosts), and
 * chooses among the host's addresses. The target knows which of its own addresses ssh has reached.
 */
#ifndef LIBRPMEM_DATA_HOST_H
#define LIBRPMEM_DATA_HOST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True if this machine can resolve the name to an address. It may not be able to resolve an alias
 * that only ssh's configuration defines.
 */
bool data_host_is_known(const char *host);

/*
 * Get the n-th address to try. Number 0 is the address that ssh has reached, as the target
 * reports; then all other addresses of the host follow, since the target may be behind address
 * translation. `told` is the address on which the target listens, or "" if it listens on all of
 * its addresses. Returns false after the last address.
 */
bool data_host_candidate(
	char *chosen, size_t size, const char *host, const char *told, unsigned number);

#endif
