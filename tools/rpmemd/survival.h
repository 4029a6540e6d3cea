/* SPDX-License-Identifier: BSD-3-Clause */
/* survival.h - find out if the parts of a pool survive a power cut of this machine */
#ifndef RPMEMD_SURVIVAL_H
#define RPMEMD_SURVIVAL_H

#include "libpmem2/explain.h"

/*
 * Returns the answer of `holdfast info` for a part of a pool. If the part does not exist, returns
 * the answer for its directory.
 */
enum holdfast_survival survival_of(const char *path);

#endif
