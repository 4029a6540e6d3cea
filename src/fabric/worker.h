/* SPDX-License-Identifier: BSD-3-Clause */
/* worker.h - a thread of the target that takes the messages of its lanes and answers them */
#ifndef FABRIC_WORKER_H
#define FABRIC_WORKER_H

#include "fabric/target.h"

int worker_open(struct worker *worker);   /* makes the completion queue of the worker */
int worker_start(struct worker *worker);  /* starts the thread of the worker */
void worker_close(struct worker *worker); /* call this only after `stop` of the server is set */

#endif
