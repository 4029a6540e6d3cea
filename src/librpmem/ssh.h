/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ssh.h - start a command on another machine, and end it
 *
 * ssh runs in a process group of its own, so that signals of a terminal reach the program only. It
 * inherits none of the program's descriptors and none of its signal settings.
 */
#ifndef LIBRPMEM_SSH_H
#define LIBRPMEM_SSH_H

#include <sys/types.h>

#include "librpmem/fork.h"
#include "librpmem/target.h"

/*
 * A running ssh, with sockets to its standard input, output and error. This side of the sockets
 * does not block.
 */
struct ssh {
	pid_t pid;
	int in, out, err;
	struct fork_entry entry;
};

/*
 * Start ssh. Returns 0; -ECONNRESET, with an error message, if `program` cannot be run; or another
 * -errno.
 */
int ssh_start(
	struct ssh *ssh, const char *program, const struct target *target, const char *command);

/*
 * Close ssh's input and wait until ssh ends by itself. If it has not ended after `timeout_ms`, or
 * at once if that is 0, end it by a signal. Then close its output and error.
 */
void ssh_stop(struct ssh *ssh, int timeout_ms);

#endif
