/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * model.h - models of a crash: which stores it can lose
 *
 * A model defines three things: the size of a unit, inside of which stores keep their order; which
 * stores form one group; and which events make stores durable. crash/unit.h has the rules that all
 * models share. Storage that tears lines or pages (R10) has smaller units.
 */
#ifndef CRASH_MODEL_H
#define CRASH_MODEL_H

#include <stdbool.h>
#include <stdint.h>

enum model {
	MODEL_CACHE_LINE, /* x86-64: a flush and a fence make stores durable */
	MODEL_BYTE,       /* CPU caches survive: all but streaming stores are durable at once */
	MODEL_PROCESS,    /* the program is killed, but the machine runs on */
	MODEL_PAGE,       /* the page cache is lost: msync and similar calls make stores durable */
	MODEL_ARMV8,      /* as cache-line, but stores between barriers may survive in any order */
	MODEL_MIRROR,     /* the machine is lost, and pools on other machines remain (mirror.h) */
	MODELS,
};

/*
 * model_name() returns the name of a model; model_of() returns the model with a name, or MODELS if
 * the name is unknown.
 */
const char *model_name(enum model model);
enum model model_of(const char *name);

/*
 * Size in bytes of the piece of a file that storage writes as a whole, unless it tears such pieces
 * (model_whole); and of the piece that no storage tears (model_sector).
 */
static inline unsigned model_whole(enum model model)
{
	return model == MODEL_PAGE ? 4096 : 64;
}

static inline unsigned model_sector(enum model model)
{
	return model == MODEL_PAGE ? 512 : 8;
}

/* Returns the number of the unit that contains this place. */
static inline uint64_t model_unit(enum model model, bool is_torn, uint64_t place)
{
	if (model == MODEL_BYTE || model == MODEL_PROCESS)
		return 0;
	return place / (is_torn ? model_sector(model) : model_whole(model));
}

static inline bool model_can_tear(enum model model)
{
	return model != MODEL_BYTE && model != MODEL_PROCESS && model != MODEL_MIRROR;
}

/* Does the next event make a store durable, even without a flush? */
static inline bool model_is_at_once(enum model model)
{
	return model == MODEL_BYTE || model == MODEL_PROCESS;
}

/* Do flushes have an effect, and do streaming stores bypass the caches, in this model? */
static inline bool model_flushes(enum model model)
{
	return model == MODEL_CACHE_LINE || model == MODEL_ARMV8;
}

static inline bool model_streams(enum model model)
{
	return model == MODEL_CACHE_LINE || model == MODEL_BYTE || model == MODEL_MIRROR;
}

#endif
