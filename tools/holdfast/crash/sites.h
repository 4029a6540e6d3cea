/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sites.h - count for each call site the flushes, drains and copies by which a program made its
 * stores durable
 *
 * A call site is a call stack as text with source lines; call stacks with the same text are one
 * site.
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
	struct site *list; /* sorted: sites with the most flushes, drains and copies first */
	unsigned count;
};

/* Counts all call sites of a trace. Returns an exit status; prints the message of an error. */
int sites_find(const struct trace *trace, struct sites *sites);
void sites_free(struct sites *sites);

/* `rows`: maximum number of sites to show; 0: all */
void sites_text(const struct run *run, const struct sites *sites, unsigned rows, FILE *to);
bool sites_json(const struct run *run, const struct sites *sites, FILE *to);

#endif
