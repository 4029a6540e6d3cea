/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explore.h - make images of what a power cut could have left behind, have them judged, and find
 * the stores that are to blame for failures
 *
 * The caller owns three memories for each file, `first`, `base` and `image`, each with the file's
 * first content in it when explore() begins. explore() makes an image in `image` and calls
 * `judge`, which checks it or has it checked. From one image to the next only lines that differ
 * are written.
 *
 * The result only depends on the trace, the options and the verdicts.
 */
#ifndef CRASH_EXPLORE_H
#define CRASH_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

#include "crash/model.h"
#include "trace/trace.h"

enum cause {
	CAUSE_FLUSH,     /* the store was never flushed */
	CAUSE_DRAIN,     /* the store was flushed, but the flushing thread never drained */
	CAUSE_ORDER,     /* the store may become durable after a store that relies on it */
	CAUSE_EVICTION,  /* as CAUSE_ORDER, because a line that no flush covers may be evicted */
	CAUSE_ATOMICITY, /* an operation, or a line, becomes durable in part */
	CAUSE_TORN,      /* one part of a copy survives without the rest */
	CAUSE_RECOVERY,  /* the check fails although everything is durable */
	CAUSE_TORN_LINE, /* a part of a line's words survives: only words are kept whole */
	CAUSE_TORN_PAGE, /* sectors of a page survive without the rest */
};

/* Used beside enum element_flags: the store comes after the crash. */
#define SUSPECT_LATER 0x80u

/* A store that a bug's report names. */
struct suspect {
	bool is_there;
	uint64_t at, place;
	uint32_t length, stack;
	unsigned flags; /* of enum element_flags, and SUSPECT_LATER */
};

struct bug {
	enum cause cause;
	int status;  /* the judge's status, not 0 */
	char *words; /* output of the checker, or NULL */
	struct suspect lost, early;
	uint64_t at;     /* the crash comes before this event; number of slots: at the end */
	uint32_t stack;  /* call stack of the fence at the crash; 0 at the end */
	uint64_t id;     /* id of the image that failed */
	char *name;      /* name of the image, for explore_image() */
	uint64_t images; /* number of images that failed for this reason */
	uint64_t looked; /* images that were judged at the crash points where some failed */
	uint64_t point;  /* number of the last of these crash points, as counted by explore() */
};

struct explore_options {
	uint64_t budget; /* maximum number of images when a signature is first met; default 64 */
	bool exhaustive;
	enum model model;
	bool is_torn;    /* the storage tears lines into words, or pages into sectors */
	bool is_posix;   /* names and sizes become durable in any order (R12 of unit.h) */
	uint64_t images; /* maximum number of images; 0: no limit */
	uint64_t seed;
};

/* A question to the judge, which gets the first members and fills in `status` and `words`. */
struct verdict {
	uint64_t id;
	uint64_t at;           /* index of the event before which the crash comes */
	unsigned worker;       /* number of the worker that has the image */
	uint64_t acknowledged; /* bytes of standard output before the crash, at least */
	uint64_t at_most;      /* maximum of these bytes: an image may fit either number */
	int status;            /* 0: the image is good */
	char *words;           /* output of the checker, in new memory, or NULL */
};

struct judge {
	/*
	 * Returns 0, JUDGE_AGAIN (`image` was spoilt and was reset to `base`: ask again), or an
	 * error that ends the exploration.
	 */
	int (*judge)(void *context, struct verdict *verdict);
	bool (*enough)(void *context); /* true: time is up; may be NULL */
	void *context;
	/*
	 * Number of workers that judge in parallel, each with its own image; 0: there is one
	 * image, for `judge`. `begin` starts a worker, `end` waits for its verdict and returns
	 * what `judge` returns.
	 */
	unsigned workers;
	int (*begin)(void *context, unsigned worker, const struct verdict *verdict);
	int (*end)(void *context, unsigned worker, struct verdict *verdict);
};

#define JUDGE_AGAIN 1

struct memories {
	unsigned char *first[EVENT_FILES], *base[EVENT_FILES], *image[EVENT_FILES];
	unsigned char *(*more)[EVENT_FILES]; /* images of workers 1 and up; worker 0 has `image` */
	unsigned more_count;
};

static inline unsigned char **memories_image(struct memories *memories, unsigned worker)
{
	return worker ? memories->more[worker - 1] : memories->image;
}

struct explored {
	uint64_t points, signatures, covered, images, same, failing;
	uint64_t seen, flushes, fences, stores, copies; /* numbers of these events */
	uint64_t unflushed;                             /* lines still pending at the end */
	bool was_ended; /* the time or the limit of images was used up */
	struct bug *bugs;
	unsigned bug_count;
};

/* Returns 0, the judge's error, or -ENOMEM. */
int explore(const struct trace *trace, struct memories *memories,
	const struct explore_options *options, const struct judge *judge,
	struct explored *explored);
void explored_fini(struct explored *explored);

/*
 * Make the image with the name that a bug has, in `image`, from the same trace with the same
 * model. -EINVAL with an error message if the trace and model do not have this image. Leaves the
 * durable state before the crash in `base`.
 */
int explore_image(
	const struct trace *trace, struct memories *memories, enum model model, const char *name);

/*
 * explore_last_image() puts the content of the files at the end of the trace, without a crash,
 * into `image`; explore_first_image() the content at its beginning.
 */
void explore_last_image(const struct trace *trace, struct memories *memories);
void explore_first_image(const struct trace *trace, struct memories *memories);
/*
 * Reset one line of `image` to its first content: the line of the store with this number in the
 * trace. False: the trace has fewer stores. A line that is stored to several times has several
 * numbers.
 */
bool explore_put_back(const struct trace *trace, struct memories *memories, uint64_t number);
/* Copy all lines that the trace stores to from `base` to the image of one worker. */
void explore_base_image(const struct trace *trace, struct memories *memories, unsigned worker);
/* Apply the event to `image`, if it stores something. */
void explore_store(struct memories *memories, const struct event *event);
/* Reset `base` and all images to `first`, where the trace stores. */
void explore_rewind(const struct trace *trace, struct memories *memories);

#endif
