/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pools.h - pools for measurements, of a target on this machine
 *
 * The pools of the kinds LINE and BYTE are on tmpfs, which their target treats as persistent
 * memory, so that the connection is measured, not the storage. The pool of the kind PAGE is an
 * ordinary file.
 */
#ifndef BENCH_POOLS_H
#define BENCH_POOLS_H

#include <librpmem.h>
#include <stddef.h>

enum pool_kind { LINE, BYTE, PAGE, POOL_KINDS };

#define POOL_LANES 16
#define POOL_SIZE  ((size_t)32 << 20)

extern RPMEMpool *pools[POOL_KINDS];
extern char *pool_local; /* the local memory of the pools */

/*
 * Writes the files that the target needs. `rpmemd` is the daemon to run, `ssh` a program that runs
 * it on this machine. The library reads its environment when it is loaded, so this function
 * executes the program again; call it before anything else.
 */
void pools_prepare(char **argv, const char *rpmemd, const char *ssh, const char *scratch);
void pools_open(void);
void pools_close(void);

/* Returns a folder on tmpfs, which is removed when this process ends. */
const char *pools_memory_folder(void);

/* Maps an ordinary file on the storage of the pool PAGE, to measure msync(2) without a pool. */
char *pools_plain_file(const char *scratch);

#endif
