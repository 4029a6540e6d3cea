/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpmem2/export.h"
#include "libpmem2/holdfast.h"
#include "map/writeback.h"
#include "map/writeback_failure.h"

EXPORT_HOLDFAST(holdfast_set_writeback_handler)
void holdfast_set_writeback_handler(holdfast_writeback_handler handler, void *context)
{
	writeback_failure_set_handler(handler, context);
}

EXPORT_HOLDFAST(holdfast_writeback_accept)
int holdfast_writeback_accept(const void *addr, size_t length)
{
	return writeback_accept(addr, length);
}
