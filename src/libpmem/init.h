/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * init.h - functions that set up parts of libpmem when it is loaded, after the log and CPU
 * detection
 */
#ifndef LIBPMEM_INIT_H
#define LIBPMEM_INIT_H

void log_face_init(void); /* sets up the log function that a program can set */
void persist_init(void);  /* chooses the functions that flush and copy */
void map_file_init(void); /* reads the lowest address to map at (PMEM_MMAP_HINT) */

#endif
