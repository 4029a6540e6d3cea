/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * server_connect.h - which initiator may connect to the target, and to which lane
 */
#ifndef FABRIC_SERVER_CONNECT_H
#define FABRIC_SERVER_CONNECT_H

#include "fabric/target.h"

/* Take one connection event: 1, 0 without an event, -errno. */
int server_connect_event(struct fabric_server *server);

/* Refuse the connection requests that nobody has taken: libfabric 2.1 does not free those. */
void server_connect_drop(struct fabric_server *server);

#endif
