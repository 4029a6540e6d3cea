/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plain.c - the table of tuning for architectures that were not measured: its only row is the
 * plain one
 */
#include "cpu/arch.h"

const struct cpu_tuning arch_tunings[] = {CPU_TUNING_PLAIN, {.name = NULL}};
