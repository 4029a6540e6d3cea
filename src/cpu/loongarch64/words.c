/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu/loongarch64/flush.h"
#include "cpu/words.h"
#include "cpu/copy.h"

COPY_BYTE(words)
