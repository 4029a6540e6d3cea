/* SPDX-License-Identifier: BSD-3-Clause */
/* survival.h - whether the parts of a pool survive a power cut of this machine */
#ifndef RPMEMD_SURVIVAL_H
#define RPMEMD_SURVIVAL_H

#include "libpmem2/explain.h"

/* The answer of `holdfast info` on this machine for a part; a missing part has its folder's. */
enum holdfast_survival survival_of(const char *path);

#endif
