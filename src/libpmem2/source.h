/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LIBPMEM2_SOURCE_H
#define LIBPMEM2_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "device/device.h"

struct pmem2_source {
	bool is_anonymous;
	size_t anonymous_size;
	int fd;               /* the program's, borrowed */
	struct device device; /* what fd stands for */
};

#endif
