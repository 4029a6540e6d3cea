/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LIBPMEM2_SOURCE_H
#define LIBPMEM2_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "device/device.h"

struct pmem2_source {
	bool is_anonymous;
	size_t anonymous_size;
	int fd;               /* belongs to the program, which closes it */
	struct device device; /* the file or device that fd refers to */
};

#endif
