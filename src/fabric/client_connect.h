/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client_connect.h - connect the initiator's lanes to the target, all side by side
 */
#ifndef FABRIC_CLIENT_CONNECT_H
#define FABRIC_CLIENT_CONNECT_H

#include "fabric/link.h"

/* Returns when all lanes, which are open, are connected, or one of them failed. */
int client_connect(struct fabric_client *client);

#endif
