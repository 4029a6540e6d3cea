/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explore.h - make images of what a power cut could have left behind, have them judged, and find
 * the stores that are to blame for failures
 *
 * For each file the caller owns three copies of its content in memory, `first`, `base` and
 * `image`. When explore() begins, each holds the content that the file had first. explore() makes
 * an image in `image` and calls `judge`, which checks it or has it checked. To turn one image into
 * the next, only lines that differ are written.
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
	CAUSE_EVICTION,  /* like CAUSE_ORDER, but the later store was evicted, not flushed */
	CAUSE_ATOMICITY, /* only a part of an operation, or of a line, becomes durable */
	CAUSE_TORN,      /* a part of a copy becomes durable without the rest */
	CAUSE_RECOVERY,  /* the check fails although everything is durable */
	CAUSE_TORN_LINE, /* only a part of a cache line becomes durable: some of its 8-byte words */
	CAUSE_TORN_PAGE, /* only a part of a page becomes durable: some of its sectors */
};

/* A flag beside those of enum element_flags: this store comes after the crash. */
#define SUSPECT_LATER 0x80u

/* A store that the report of a bug names. */
struct suspect {
	bool is_there;
	uint64_t at, place;
	uint32_t length, stack;
	unsigned flags; /* flags of enum element_flags, and SUSPECT_LATER */
};

struct bug {
	enum cause cause;
	int status;  /* status that the judge returned; not 0 */
	char *words; /* what the checker printed, or NULL */
	struct suspect lost, early;
	uint64_t at;     /* index of the event after the crash; if none follows: the trace's end */
	uint32_t stack;  /* call stack of the fence after the crash; 0: at the end of the trace */
	uint64_t id;     /* id of the image that failed */
	char *name;      /* name of the image, for explore_image() */
	uint64_t images; /* number of images that failed because of this bug */
	uint64_t looked; /* number of images judged at the crash points where some failed */
	uint64_t point;  /* number of the last crash point where an image failed */
};

struct explore_options {
	uint64_t budget; /* maximum number of images at the first crash point of a signature */
	bool exhaustive;
	enum model model;
	bool is_torn;    /* the storage may write only some words of a line, or sectors of a page */
	bool is_posix;   /* names and sizes of files become durable in any order (rule R12) */
	uint64_t images; /* maximum number of images; 0: no limit */
	uint64_t seed;
	/*
	 * For tests: make no chains (chain.h); set member `many` of struct history, unless this is
	 * 0. Neither changes an image.
	 */
	bool only_pieces;
	uint32_t many;
};

/*
 * An image to be judged: explore() sets the members up to `at_most`, and the judge sets `status`
 * and `words`.
 */
struct verdict {
	uint64_t id;
	uint64_t at;           /* index of the event before which the crash comes */
	unsigned worker;       /* number of the worker that judges the image */
	uint64_t acknowledged; /* minimum of bytes written to standard output before the crash */
	uint64_t at_most;      /* maximum; the image is good if it is good for either number */
	int status;            /* 0: the image is good */
	char *words;           /* what the checker printed, in allocated memory, or NULL */
};

/* How far an exploration is. */
struct progress {
	unsigned round, rounds; /* number of this pass, counted from 1; number of passes at most */
	uint64_t at, end;       /* index of the event that was reached; length of the trace */
	uint64_t images;        /* number of images that were made so far */
};

struct judge {
	/*
	 * Judges the image. Returns 0; JUDGE_AGAIN if the check has spoilt `image`, which was
	 * reset to `base`, so that the image has to be made and judged again; or an error that
	 * ends the exploration.
	 */
	int (*judge)(void *context, struct verdict *verdict);
	bool (*enough)(void *context); /* returns true when time is up; may be NULL */
	/* Called for each image and some thousand events, to show how far it is; may be NULL. */
	void (*progress)(const struct progress *progress);
	void *context;
	/*
	 * Number of workers that judge in parallel, each with its own image. If it is 0, there is
	 * one image, and the function `judge` judges it. `begin` starts a worker; `end` waits for
	 * its verdict, and returns values like those of `judge`.
	 */
	unsigned workers;
	int (*begin)(void *context, unsigned worker, const struct verdict *verdict);
	int (*end)(void *context, unsigned worker, struct verdict *verdict);
};

#define JUDGE_AGAIN 1

/* All arrays have an element for each file. */
struct memories {
	unsigned char *first[EVENT_FILES], *base[EVENT_FILES], *image[EVENT_FILES];
	/*
	 * If `base` is a private map of the same file as the map `first`, and has whole pages: the
	 * size of `base` in bytes. Such pages can be dropped. If `base` is other memory: 0.
	 */
	uint64_t droppable[EVENT_FILES];
	unsigned char *(*more)[EVENT_FILES]; /* images of workers 1 and up; worker 0 uses `image` */
	unsigned more_count;
};

static inline unsigned char **memories_image(struct memories *memories, unsigned worker)
{
	return worker ? memories->more[worker - 1] : memories->image;
}

struct explored {
	uint64_t points, signatures, covered, images, same, failing;
	uint64_t seen, flushes, fences, stores, copies; /* how many events of each kind there are */
	uint64_t unflushed; /* number of lines with pending stores at the end */
	bool was_ended;     /* the exploration stopped at its limit of time or images */
	struct bug *bugs;
	unsigned bug_count;
};

/* Explore the trace. Returns 0, the judge's error, or -ENOMEM. */
int explore(const struct trace *trace, struct memories *memories,
	const struct explore_options *options, const struct judge *judge,
	struct explored *explored);
void explored_fini(struct explored *explored);

/*
 * Make again, in `image`, the image of a bug from the image's name (the bug's `name`), with the
 * same trace and model. Returns -EINVAL with an error message if this trace and model have no
 * image of that name. Leaves in `base` the content that was durable before the crash.
 */
int explore_image(
	const struct trace *trace, struct memories *memories, enum model model, const char *name);

/*
 * explore_last_image() puts the content that the files have at the end of the trace, without a
 * crash, into `image`. explore_first_image() puts the content at the beginning of the trace there.
 */
void explore_last_image(const struct trace *trace, struct memories *memories);
void explore_first_image(const struct trace *trace, struct memories *memories);
/* A line of `image`, and the content that it had before explore_put_back(). */
struct put_back {
	uint64_t place;
	unsigned char bytes[EVENT_LINE];
};

/*
 * Reset one line of `image` to its first content: the line that store number `number` of the trace
 * changes. Returns false if the trace has fewer stores. A line that is stored to several times can
 * be named by any of these stores. explore_put_forward() undoes this.
 */
bool explore_put_back(const struct trace *trace, struct memories *memories, uint64_t number,
	struct put_back *line);
void explore_put_forward(struct memories *memories, const struct put_back *line);
/* Copy from `base` to the image of one worker each line to which the trace has a store. */
void explore_base_image(const struct trace *trace, struct memories *memories, unsigned worker);
/* Apply the event to `image`, if it is a store. */
void explore_store(struct memories *memories, const struct event *event);
/* Reset `base` and all images to `first`, in all lines that the stores of the trace change. */
void explore_rewind(const struct trace *trace, struct memories *memories);

#endif
