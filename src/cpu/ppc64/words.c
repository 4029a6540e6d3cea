/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words.c - POWER with plain 8-byte stores, the widest that are promised to stay whole
 *
 * Book II, "Single-Copy Atomicity", promises that of an aligned doubleword, and of no vector store.
 */
#include "cpu/ppc64/flush.h"
#include "cpu/words.h"
#include "cpu/copy.h"

COPY(words, dcbf)
COPY(words, dcbstps)
COPY(words, any_dcbf)
COPY(words, any_dcbstps)
COPY_BYTE(words)
