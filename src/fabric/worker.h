/* SPDX-License-Identifier: BSD-3-Clause */
/* worker.h - a thread of the target that takes the messages of its lanes and answers them */
#ifndef FABRIC_WORKER_H
#define FABRIC_WORKER_H

#include "fabric/target.h"

int worker_open(struct worker *worker);   /* makes the worker's completion queue */
int worker_start(struct worker *worker);  /* starts its thread */
void worker_close(struct worker *worker); /* call this only after `stop` is set */

#endif
