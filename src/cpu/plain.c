/* SPDX-License-Identifier: BSD-3-Clause */
/* plain.c - the table of tuning of an architecture that has one row: nobody has measured another */
#include "cpu/arch.h"

const struct cpu_tuning arch_tunings[] = {CPU_TUNING_PLAIN, {.name = NULL}};
