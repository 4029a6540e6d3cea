/* SPDX-License-Identifier: BSD-3-Clause */
/* export.h - export every name of libpmem under its one symbol version */
#ifndef LIBPMEM_EXPORT_H
#define LIBPMEM_EXPORT_H

#include "base/export.h"

#define EXPORT(name) EXPORT_ONE_NODE(name)

#endif
