/* SPDX-License-Identifier: BSD-3-Clause */
/* plain.c - the table of tuning for architectures without measurements: the plain row only */
#include "cpu/arch.h"

const struct cpu_tuning arch_tunings[] = {CPU_TUNING_PLAIN, {.name = NULL}};
