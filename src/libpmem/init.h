/* SPDX-License-Identifier: BSD-3-Clause */
/* init.h - what each group of calls does when the library is loaded, after log and CPU */
#ifndef LIBPMEM_INIT_H
#define LIBPMEM_INIT_H

void log_face_init(void); /* the program's receiver of messages */
void persist_init(void);  /* choose how to flush and to copy */
void map_file_init(void); /* where to map */

#endif
