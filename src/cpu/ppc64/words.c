/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words.c - copy and fill on POWER with plain 8-byte stores, which are never made in parts
 *
 * Power ISA, book II, "Single-Copy Atomicity", guarantees this for an aligned doubleword, but not
 * for vector stores.
 */
#include "cpu/ppc64/flush.h"
#include "cpu/words.h"
#include "cpu/copy.h"

COPY(words, dcbf)
COPY(words, dcbstps)
COPY(words, any_dcbf)
COPY(words, any_dcbstps)
COPY_BYTE(words)
