/* SPDX-License-Identifier: BSD-3-Clause */
/* target.h - [user@]host[:port]: whom to reach by ssh */
#ifndef LIBRPMEM_TARGET_H
#define LIBRPMEM_TARGET_H

/*
 * A host may stand in brackets, as an IPv6 address with a port must; what has two colons or more
 * and no brackets is all host. "" stands for what is not given.
 */
struct target {
	char user[33];
	char host[256];
	char port[6]; /* a decimal number from 1 to 65535 */
};

/*
 * -EINVAL, with a sentence, for a part that is empty, too long or no number, and for a user or host
 * that ssh would take for an option or that no user or host is called.
 */
int target_parse(const char *text, struct target *target);

#endif
