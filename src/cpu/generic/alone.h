/* SPDX-License-Identifier: BSD-3-Clause */
/* alone.h - for an unknown CPU: no CPU features to detect, and no flush instruction */
#ifndef CPU_GENERIC_ALONE_H
#define CPU_GENERIC_ALONE_H

#include "cpu/generic/flush.h"

static inline uint32_t arch_ask(size_t *line_size)
{
	(void)line_size;
	return 0;
}

static inline void arch_flush(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
}

static inline const char *arch_flush_name(void)
{
	return NULL;
}

#endif
