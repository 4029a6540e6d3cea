/* SPDX-License-Identifier: BSD-3-Clause */
/* size.h - parse sizes as people write them in pool sets */
#ifndef POOL_SIZE_H
#define POOL_SIZE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Parse digits with an optional suffix. B is bytes; K, M, G, T, P and KiB, MiB ... are powers of
 * 1024; kB, MB ... are powers of 1000. False for anything else, and for sizes that no file can
 * have.
 */
bool pool_size_parse(const char *text, size_t *size);

#endif
