/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sites.h - what a run did to make its stores durable, for each call site
 *
 * A call site is a place of the source in words; call stacks whose words are the same are one.
 */
#ifndef TOOLS_HOLDFAST_CRASH_SITES_H
#define TOOLS_HOLDFAST_CRASH_SITES_H

#include "command.h"
#include "trace/count.h"

struct site {
	char *place;
	struct count count;
};

struct sites {
	struct counts counts;
	struct site *list; /* those that did most come first */
	unsigned count;
};

/* An exit status, and the message has been printed. */
int sites_find(const struct trace *trace, struct sites *sites);
void sites_free(struct sites *sites);

/* `rows`: show at most so many sites; 0: all. */
void sites_text(const struct run *run, const struct sites *sites, unsigned rows, FILE *to);
bool sites_json(const struct run *run, const struct sites *sites, FILE *to);

#endif
