/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * beneath.h - open a file within one directory, by a name that a peer has sent
 *
 * Uses openat2(2) (Linux 5.6), which keeps to the directory. On older kernels the path is opened
 * component by component, and symbolic links are not followed at all.
 */
#ifndef POOL_BENEATH_H
#define POOL_BENEATH_H

#include <stdbool.h>

/*
 * Open the file `name` below a directory. Returns a descriptor. -EINVAL if the name is empty,
 * absolute, contains "..", or leads out of the directory; -EREMOTEIO if the directory is missing;
 * -errno of open(2); with an error message. `flags` must not include O_CREAT.
 */
int beneath_open(const char *directory, const char *name, int flags);

/* The variant of beneath_open() for kernels before 5.6; public for tests. */
int beneath_open_by_hand(const char *directory, const char *name, int flags);

/*
 * Open the directory of the name's last component; *last points to that component in `name`.
 * Returns what beneath_open() returns.
 */
int beneath_open_parent(const char *directory, const char *name, const char **last);

#endif
