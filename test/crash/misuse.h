/* SPDX-License-Identifier: BSD-3-Clause */
/* misuse.h - what the programs of misuse.c share */
#ifndef TEST_MISUSE_H
#define TEST_MISUSE_H

extern const char *name; /* name of the file under test */

/*
 * Maps the file under test and returns its address; ends the program if the file cannot be mapped.
 */
volatile char *map(void);
/* Stores a byte and persists it. */
void put(volatile char *at, char value);

int dies_in_record(void); /* misuse_ring.c */

/* These two are in misuse_unseen.c. rings_itself() returns 77 if the kernel has no io_uring. */
int opens_remote(void);
int rings_itself(void);

#endif
