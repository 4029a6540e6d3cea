/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * export.h - the names of libpmem2, each under both symbol versions that programs in use require
 *
 * Functions that only Holdfast has (libpmem2/holdfast.h) are exported with EXPORT_HOLDFAST, under
 * one symbol version of their own.
 */
#ifndef LIBPMEM2_EXPORT_H
#define LIBPMEM2_EXPORT_H

#include "base/export.h"

#define EXPORT(name)          EXPORT_TWO_NODES(name, "LIBPMEM2_1.0", "LIBPMEM2_2.0")
#define EXPORT_HOLDFAST(name) EXPORT_ONE_NODE(name)

#endif
