/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words.c - RISC-V with plain 8-byte stores, the widest that are promised to stay whole
 *
 * Of the vector extension only the elements are, and only as wide as the instruction says.
 */
#include "cpu/riscv64/flush.h"
#include "cpu/words.h"
#include "cpu/copy.h"

COPY(words, cboclean)
COPY(words, any_cboclean)
COPY_BYTE(words)
