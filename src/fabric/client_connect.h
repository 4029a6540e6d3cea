/* SPDX-License-Identifier: BSD-3-Clause */
/* client_connect.h - connect the initiator's lanes to the target, all at the same time */
#ifndef FABRIC_CLIENT_CONNECT_H
#define FABRIC_CLIENT_CONNECT_H

#include "fabric/link.h"

/* Connect all lanes, which must be open. Returns when all are connected, or when one has failed. */
int client_connect(struct fabric_client *client);

#endif
