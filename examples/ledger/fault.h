/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault.h - reports stores to a log's map that fail, such as for lack of disk space
 *
 * A log's blocks are allocated before it is mapped. That is not enough on file systems that write
 * changed blocks to new places, such as btrfs: a store for which there is no space raises SIGBUS,
 * as does a store to bad memory. The program then prints the reason and the file's name, and
 * exits. Acknowledged records are durable, and the log can be appended to when there is space
 * again.
 */
#ifndef LEDGER_FAULT_H
#define LEDGER_FAULT_H

#include "log.h"

/* Report faults in this log's map from now on; NULL: report none. Only one log at a time. */
void fault_watch(const struct log *log);

#endif
