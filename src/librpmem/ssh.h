/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ssh.h - start a command on another machine, and end it
 *
 * ssh runs in a process group of its own, so that a terminal's signals are the program's alone; it
 * inherits none of the program's descriptors and none of its signal settings.
 */
#ifndef LIBRPMEM_SSH_H
#define LIBRPMEM_SSH_H

#include <sys/types.h>

#include "librpmem/fork.h"
#include "librpmem/target.h"

/* Its standard input, output and error; ours do not block. */
struct ssh {
	pid_t pid;
	int in, out, err;
	struct fork_entry entry;
};

/* -ECONNRESET, with a sentence, if `program` cannot be run; else -errno. */
int ssh_start(
	struct ssh *ssh, const char *program, const struct target *target, const char *command);

/*
 * Close its input, wait for its end, and after `timeout_ms` bring that about; 0 does at once. Its
 * output and error are closed, too.
 */
void ssh_stop(struct ssh *ssh, int timeout_ms);

#endif
