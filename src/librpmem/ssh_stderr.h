/* SPDX-License-Identifier: BSD-3-Clause */
/* ssh_stderr.h - the standard error of ssh: its last line is why ssh has ended */
#ifndef LIBRPMEM_SSH_STDERR_H
#define LIBRPMEM_SSH_STDERR_H

#include <stdbool.h>

struct ssh_stderr {
	char line[256]; /* the last line that is not empty, as far as it fits */
	bool complete;  /* what comes next begins another one */
	bool ended;
};

/* Read what is there; all of it is logged. True when it has ended. */
bool ssh_stderr_read(struct ssh_stderr *said, int fd);

#endif
