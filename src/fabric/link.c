/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric/link.h"

#include <string.h>
#include <unistd.h>

int link_end(struct fabric_client *client, int code)
{
	static const uint64_t one = 1;

	pthread_mutex_lock(&client->lock);
	if (!atomic_load_explicit(&client->dead, memory_order_relaxed)) {
		strncpy(client->cause, err_get(), sizeof(client->cause) - 1);
		/* Release: a thread that reads a nonzero `dead` also sees `cause`. */
		atomic_store_explicit(&client->dead, code, memory_order_release);
		/*
		 * No thread reads the eventfd, so it stays readable, and wakes every thread that
		 * waits.
		 */
		if (write(client->dead_fd, &one, sizeof(one)) < 0)
			log_error("%s: cannot write to an eventfd: %m", client->name);
	}
	pthread_mutex_unlock(&client->lock);
	return link_check(client);
}

int link_check(struct fabric_client *client)
{
	/* Acquire: pairs with the release in link_end(). */
	int code = atomic_load_explicit(&client->dead, memory_order_acquire);

	return likely(!code) ? 0 : err_set(code, "%s", client->cause);
}
