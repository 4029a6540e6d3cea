/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words.c - RISC-V with plain 8-byte stores, the widest that are never stored in parts
 *
 * For stores of the vector extension this is guaranteed only for single elements, with the element
 * width of the instruction.
 */
#include "cpu/riscv64/flush.h"
#include "cpu/words.h"
#include "cpu/copy.h"

COPY(words, cboclean)
COPY(words, any_cboclean)
COPY_BYTE(words)
