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

/* Sockets to ssh's standard input, output and error, without blocking on this side. */
struct ssh {
	pid_t pid;
	int in, out, err;
	struct fork_entry entry;
};

/* -ECONNRESET, with an error message, if `program` cannot be run; other failures: -errno. */
int ssh_start(
	struct ssh *ssh, const char *program, const struct target *target, const char *command);

/*
 * Close ssh's input, wait until it ends, and end it after `timeout_ms`; 0: at once. Closes its
 * output and error, too.
 */
void ssh_stop(struct ssh *ssh, int timeout_ms);

#endif
