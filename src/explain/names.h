/* SPDX-License-Identifier: BSD-3-Clause */
/* names.h - names of enum values, for holdfast_object_name() and the other public calls */
#ifndef EXPLAIN_NAMES_H
#define EXPLAIN_NAMES_H

#include "libpmem2/explain.h"
#include "libpmem2/health.h"

const char *name_of_object(enum holdfast_object object);
const char *name_of_survival(enum holdfast_survival survival);
const char *name_of_reason(enum holdfast_reason reason);
const char *name_of_map_sync(enum holdfast_map_sync map_sync);
const char *name_of_obstacle(enum holdfast_obstacle obstacle);
const char *name_of_memory(enum holdfast_memory memory);
const char *name_of_domain(enum holdfast_domain domain);
const char *name_of_deep_flush(enum holdfast_deep_flush deep_flush);
const char *name_of_counting(enum holdfast_counting counting);

#endif
