/* SPDX-License-Identifier: BSD-3-Clause */
/* tuning.h - x86-64: find the row of the table of tuning (arch_tunings) for a CPU */
#ifndef CPU_X86_64_TUNING_H
#define CPU_X86_64_TUNING_H

#include "cpu/x86_64/features.h"

/* Returns the row of arch_tunings for the CPU with this identification. Never NULL. */
const struct cpu_tuning *x86_tuning(const struct x86_id *id);

#endif
