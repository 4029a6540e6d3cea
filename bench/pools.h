/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pools.h - pools of a target on this machine, to measure with
 *
 * Those of LINE and BYTE are on tmpfs, which their target takes for persistent memory, so that the
 * wire is what is measured; that of PAGE is a file like any other.
 */
#ifndef BENCH_POOLS_H
#define BENCH_POOLS_H

#include <librpmem.h>
#include <stddef.h>

enum pool_kind { LINE, BYTE, PAGE, POOL_KINDS };

#define POOL_LANES 16
#define POOL_SIZE  ((size_t)32 << 20)

extern RPMEMpool *pools[POOL_KINDS];
extern char *pool_local; /* what is mirrored */

/*
 * Write what the target needs: RPMEMD is what runs there, SSH runs it here. The library reads its
 * environment when it is loaded, so this runs the program anew; call it before anything else.
 */
void pools_prepare(char **argv, const char *rpmemd, const char *ssh, const char *scratch);
void pools_open(void);
void pools_close(void);

/* On tmpfs, for as long as this process lives. */
const char *pools_memory_folder(void);

/* Of a file beside that of PAGE, mapped: what msync(2) by itself costs there. */
char *pools_plain_file(const char *scratch);

#endif
