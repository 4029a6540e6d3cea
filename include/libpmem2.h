/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem2.h - make stores to mapped memory durable
 *
 * The calls are described in libpmem2/base.h.
 */
#ifndef LIBPMEM2_H
#define LIBPMEM2_H 1

#include <libpmem2/base.h>

#endif
