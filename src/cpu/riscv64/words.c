/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words.c - copy and fill on RISC-V with plain 8-byte stores, which are never made in parts
 *
 * The vector extension guarantees only for each single element, of the width in the instruction,
 * that it is not stored in parts.
 */
#include "cpu/riscv64/flush.h"
#include "cpu/words.h"
#include "cpu/copy.h"

COPY(words, cboclean)
COPY(words, any_cboclean)
COPY_BYTE(words)
