/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * absent.c - replaces the functions of this folder if libfabric is missing when Holdfast is built
 */
#include <errno.h>

#include "base/err.h"
#include "fabric/fabric.h"

static int absent(void)
{
	return err_minor(LOG_NOTICE, -ENOMEDIUM, "this library was built without libfabric");
}

int fabric_load(void)
{
	return absent();
}

bool fabric_has_adapter(void)
{
	return false;
}

int fabric_providers(const char *host, unsigned wanted, unsigned *set)
{
	(void)host, (void)wanted, (void)set;
	return absent();
}

unsigned fabric_lanes_affordable(enum holdfast_provider provider, unsigned wanted)
{
	(void)provider, (void)wanted;
	return 0;
}

int fabric_client_open(const struct fabric_client_args *args, struct lanes_client **client)
{
	(void)args, (void)client;
	return absent();
}

int fabric_server_open(const struct fabric_server_args *args, struct lanes_server **server)
{
	(void)args, (void)server;
	return absent();
}

uint16_t fabric_server_port(const struct lanes_server *server)
{
	(void)server;
	return 0;
}
