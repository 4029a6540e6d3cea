/* SPDX-License-Identifier: BSD-3-Clause */
/* words.c - copy and fill on x86-64 without vector registers, as PMEM_NO_MOVNT=1 asks */
#include "cpu/x86_64/flush.h"
#include "cpu/words.h"
#include "cpu/copy.h"

COPY(words, clflush)
COPY(words, clflushopt)
COPY(words, clwb)
COPY(words, any_clflush)
COPY(words, any_clflushopt)
COPY(words, any_clwb)
COPY_BYTE(words)
