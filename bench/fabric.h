/* SPDX-License-Identifier: BSD-3-Clause */
/* fabric.h - what libfabric's tcp costs by itself, to a process of ours on this machine */
#ifndef BENCH_FABRIC_H
#define BENCH_FABRIC_H

#include <stddef.h>

/* Start the other end and connect to it; it ends with us. Called before there are threads. */
void fabric_start(size_t size);

/* A message of so many bytes, and one that answers it. */
void fabric_ping(size_t length);
/* Into, or from, the other end's memory, until it is complete there, or here. */
void fabric_write(size_t length);
void fabric_read(size_t length);

#endif
