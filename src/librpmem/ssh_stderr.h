/* SPDX-License-Identifier: BSD-3-Clause */
/* ssh_stderr.h - the standard error of ssh: its last line tells why ssh has ended */
#ifndef LIBRPMEM_SSH_STDERR_H
#define LIBRPMEM_SSH_STDERR_H

#include <stdbool.h>

struct ssh_stderr {
	char line[256]; /* the last line that is not empty, cut off to fit */
	bool complete;  /* the line has ended: the next byte begins another one */
	bool ended;
};

/* Read and log what ssh has written. Returns true at the end of the stream. */
bool ssh_stderr_read(struct ssh_stderr *said, int fd);

#endif
