/* SPDX-License-Identifier: BSD-3-Clause */
/* sentences.h - the values of some enums of libpmem2/explain.h, as sentences */
#ifndef EXPLAIN_SENTENCES_H
#define EXPLAIN_SENTENCES_H

#include "libpmem2/explain.h"

const char *sentence_of_reason(enum holdfast_reason reason);
const char *sentence_of_obstacle(enum holdfast_obstacle obstacle);
const char *sentence_of_deep_flush(enum holdfast_deep_flush deep_flush);

/* Returns a clause that completes a sentence, such as "the CPU's caches survive a power cut". */
const char *phrase_of_domain(enum holdfast_domain domain);

#endif
