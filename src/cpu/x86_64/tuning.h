/* SPDX-License-Identifier: BSD-3-Clause */
/* tuning.h - x86-64: which row of tuning a CPU gets */
#ifndef CPU_X86_64_TUNING_H
#define CPU_X86_64_TUNING_H

#include "cpu/x86_64/features.h"

/* The row of tuning for the CPU with this identification. Never NULL. */
const struct cpu_tuning *x86_tuning(const struct x86_id *id);

#endif
