/* SPDX-License-Identifier: BSD-3-Clause */
/* target.h - parse [user@]host[:port], the machine to reach by ssh */
#ifndef LIBRPMEM_TARGET_H
#define LIBRPMEM_TARGET_H

/*
 * A host may be in brackets, and an IPv6 address with a port must be. Without brackets, a text
 * with two or more colons is a host without a port. "" stands for a part that is not given.
 */
struct target {
	char user[33];
	char host[256];
	char port[6]; /* a decimal number from 1 to 65535 */
};

/*
 * Parse a target. -EINVAL, with an error message, for a part that is empty, too long or not a
 * number, and for a user or host that ssh would take for an option or that has a forbidden
 * character.
 */
int target_parse(const char *text, struct target *target);

#endif
