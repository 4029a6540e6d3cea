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
 * Choose what to connect to: the address that the target listens on if it is one of the host's or
 * the host has none; else, where addresses are translated on the way, the host by its name. `told`
 * is "" if the target listens on all of its own.
 */
void data_host_choose(char *chosen, size_t size, const char *host, const char *told);

#endif
