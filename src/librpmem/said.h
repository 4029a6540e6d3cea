/* SPDX-License-Identifier: BSD-3-Clause */
/* said.h - the standard error of ssh: what it says last is why it has ended */
#ifndef LIBRPMEM_SAID_H
#define LIBRPMEM_SAID_H

#include <stdbool.h>

struct said {
	char line[256]; /* the last line that is not empty, as far as it fits */
	bool complete;  /* what comes next begins another one */
	bool ended;
};

/* Read what is there; all of it is logged. True when it has ended. */
bool said_read(struct said *said, int fd);

#endif
