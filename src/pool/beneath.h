/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * beneath.h - open a file by a name that somebody else has chosen, within one directory
 *
 * With openat2(2) (Linux 5.6), for which the kernel vouches; else name by name, and then no
 * symbolic link is followed at all.
 */
#ifndef POOL_BENEATH_H
#define POOL_BENEATH_H

#include <stdbool.h>

/*
 * Returns a descriptor. -EINVAL if the name is empty, absolute, has "..", or leads out of the
 * directory; -EREMOTEIO if there is no such directory; -errno of open(2); with a sentence. `flags`
 * never make a file.
 */
int beneath_open(const char *directory, const char *name, int flags);

/* The same in the way of kernels before 5.6: for tests. */
int beneath_open_by_hand(const char *directory, const char *name, int flags);

/*
 * Open the directory that the name's last component is in; *last points to that within `name`. As
 * above.
 */
int beneath_open_parent(const char *directory, const char *name, const char **last);

#endif
