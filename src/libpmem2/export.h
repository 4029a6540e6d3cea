/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * export.h - the names of libpmem2: each under both nodes that are in use in the world
 *
 * What we added ourselves (libpmem2/holdfast.h) is there once, under a node of its own, and
 * exported with EXPORT_HOLDFAST.
 */
#ifndef LIBPMEM2_EXPORT_H
#define LIBPMEM2_EXPORT_H

#include "base/export.h"

#define EXPORT(name)          EXPORT_TWO_NODES(name, "LIBPMEM2_1.0", "LIBPMEM2_2.0")
#define EXPORT_HOLDFAST(name) EXPORT_ONE_NODE(name)

#endif
