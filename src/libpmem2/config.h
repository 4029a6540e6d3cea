/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LIBPMEM2_CONFIG_H
#define LIBPMEM2_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "libpmem2/base.h"

struct pmem2_config {
	bool granularity_is_set;
	enum pmem2_granularity granularity;
	size_t offset;
	size_t length; /* 0: up to the end of the source */
	enum pmem2_sharing_type sharing;
	unsigned protection;                      /* PMEM2_PROT_* */
	struct pmem2_vm_reservation *reservation; /* NULL: map into none */
	size_t reservation_offset;
};

#endif
