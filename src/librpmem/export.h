/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * export.h - the names of librpmem: one symbol version for PMDK's calls, and one for Holdfast's
 * additions (librpmem/holdfast.h)
 */
#ifndef LIBRPMEM_EXPORT_H
#define LIBRPMEM_EXPORT_H

#include "base/export.h"

#define EXPORT(name)          EXPORT_ONE_NODE(name)
#define EXPORT_HOLDFAST(name) EXPORT_ONE_NODE(name)

#endif
