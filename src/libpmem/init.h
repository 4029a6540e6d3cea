/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * init.h - set up each group of calls when the library is loaded, after the log and CPU detection
 */
#ifndef LIBPMEM_INIT_H
#define LIBPMEM_INIT_H

void log_face_init(void); /* the log function that a program can set */
void persist_init(void);  /* choose how to flush and to copy */
void map_file_init(void); /* read the address hint for mappings */

#endif
