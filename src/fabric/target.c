/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric/target.h"

#include <string.h>
#include <unistd.h>

void target_fail(struct fabric_server *server, int code)
{
	static const uint64_t one = 1;

	pthread_mutex_lock(&server->lock);
	if (!atomic_load_explicit(&server->failed, memory_order_relaxed)) {
		strncpy(server->cause, err_get(), sizeof(server->cause) - 1);
		/* Release: a thread that reads a nonzero `failed` also sees `cause`. */
		atomic_store_explicit(&server->failed, code, memory_order_release);
		if (write(server->failed_fd, &one, sizeof(one)) < 0)
			log_error("cannot write to an eventfd: %m");
	}
	pthread_mutex_unlock(&server->lock);
}

int target_check(struct fabric_server *server)
{
	/* Acquire: pairs with the release in target_fail(). */
	int code = atomic_load_explicit(&server->failed, memory_order_acquire);

	if (code)
		err_put_back(server->cause); /* the caller of target_fail() has logged this error */
	return code;
}
