/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault.h - a store that the disk has no room for
 *
 * A log's blocks are allocated before it is mapped. On a file system that writes changed blocks
 * elsewhere, as btrfs does, that is not enough: a store that finds no room raises SIGBUS, as does
 * one to bad memory. The program then says why, with the file's name, and exits. Records that were
 * acknowledged are durable, and the log can be appended to when there is room again.
 */
#ifndef LEDGER_FAULT_H
#define LEDGER_FAULT_H

#include "log.h"

/* Report faults in this log's map from now on; NULL: in none. One log at a time. */
void fault_watch(const struct log *log);

#endif
