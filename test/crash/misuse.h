/* SPDX-License-Identifier: BSD-3-Clause */
/* misuse.h - what the programs of misuse.c share */
#ifndef TEST_MISUSE_H
#define TEST_MISUSE_H

extern const char *name; /* of the file under test */

/* The mapped file; ends the program if it cannot be mapped. */
volatile char *map(void);
/* Store a byte, and persist it. */
void put(volatile char *at, char value);

int dies_in_record(void); /* misuse_ring.c */

/* misuse_unseen.c; 77: this kernel does not have io_uring */
int opens_remote(void);
int rings_itself(void);

#endif
