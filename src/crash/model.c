/* SPDX-License-Identifier: BSD-3-Clause */
/* model.c - convert a model of a crash to its name and back */
#include "crash/model.h"

#include <string.h>

static const char *const names[MODELS] = {
	[MODEL_CACHE_LINE] = "cache-line",
	[MODEL_BYTE] = "byte",
	[MODEL_PROCESS] = "process",
	[MODEL_PAGE] = "page",
	[MODEL_ARMV8] = "armv8",
	[MODEL_MIRROR] = "mirror",
};

const char *model_name(enum model model)
{
	return names[model];
}

enum model model_of(const char *name)
{
	unsigned model = 0;

	while (model < MODELS && strcmp(names[model], name))
		model++;
	return (enum model)model;
}
