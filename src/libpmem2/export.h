/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * export.h - the names of libpmem2, each under both symbol versions that programs in use require
 *
 * Holdfast's additions (libpmem2/holdfast.h) exist once, under a symbol version of their own, and
 * are exported with EXPORT_HOLDFAST.
 */
#ifndef LIBPMEM2_EXPORT_H
#define LIBPMEM2_EXPORT_H

#include "base/export.h"

#define EXPORT(name)          EXPORT_TWO_NODES(name, "LIBPMEM2_1.0", "LIBPMEM2_2.0")
#define EXPORT_HOLDFAST(name) EXPORT_ONE_NODE(name)

#endif
