/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * server_connect.h - decide if an initiator may connect to the target, and which lane the
 * connection belongs to
 */
#ifndef FABRIC_SERVER_CONNECT_H
#define FABRIC_SERVER_CONNECT_H

#include "fabric/target.h"

/* Handle one connection event. Returns 1, 0 if there is no event, or -errno. */
int server_connect_event(struct fabric_server *server);

/*
 * Refuse the connection requests that are still queued, because libfabric 2.1 does not free them.
 */
void server_connect_drop(struct fabric_server *server);

#endif
