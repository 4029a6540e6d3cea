/* SPDX-License-Identifier: BSD-3-Clause */
/* client_connect.h - connect the initiator's lanes to the target, all at the same time */
#ifndef FABRIC_CLIENT_CONNECT_H
#define FABRIC_CLIENT_CONNECT_H

#include "fabric/link.h"

/* All lanes must be open. Returns when all are connected, or one of them failed. */
int client_connect(struct fabric_client *client);

#endif
