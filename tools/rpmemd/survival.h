/* SPDX-License-Identifier: BSD-3-Clause */
/* survival.h - find out if the parts of a pool survive a power cut of this machine */
#ifndef RPMEMD_SURVIVAL_H
#define RPMEMD_SURVIVAL_H

#include "libpmem2/explain.h"

/* The answer of `holdfast info` for a part; for a missing part, that for its directory. */
enum holdfast_survival survival_of(const char *path);

#endif
