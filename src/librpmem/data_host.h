/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * data_host.h - where the data channel leads
 *
 * ssh has ways of its own to find a host (aliases in its configuration, jump hosts), and to choose
 * among its addresses. The target knows which of its addresses ssh has reached.
 */
#ifndef LIBRPMEM_DATA_HOST_H
#define LIBRPMEM_DATA_HOST_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the name has an address here. One that only ssh knows may have none. */
bool data_host_is_known(const char *host);

/*
 * Give a candidate to connect to. Number 0 is the address that ssh has reached, as the target says;
 * then come all other addresses of the host, for a target behind a translation of addresses. `told`
 * is "" if the target listens on all of its own. False after the last one.
 */
bool data_host_candidate(
	char *chosen, size_t size, const char *host, const char *told, unsigned number);

#endif
