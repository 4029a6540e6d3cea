/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explore.h - try what a power cut could have left behind, and say which stores are to blame
 *
 * The caller owns three memories for each file, `first`, `base` and `image`, each with the
 * file's first content in it when explore() begins. In `image` an image is made; `judge` looks
 * at it, or lets somebody look. Between images only lines that differ are written.
 *
 * With the same trace, options and verdicts the result is the same.
 */
#ifndef CRASH_EXPLORE_H
#define CRASH_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

#include "crash/model.h"
#include "trace/trace.h"

enum cause {
	CAUSE_FLUSH,     /* never flushed */
	CAUSE_DRAIN,     /* flushed, and never drained by the thread that did */
	CAUSE_ORDER,     /* may be durable after something that relies on it */
	CAUSE_EVICTION,  /* the same, because a line that nobody flushed may be evicted */
	CAUSE_ATOMICITY, /* part of an operation: in one line, or durable or stored by itself */
	CAUSE_TORN,      /* part of a copy */
	CAUSE_RECOVERY,  /* fails although everything is durable */
	CAUSE_TORN_LINE, /* part of a line: words, where storage keeps no more than these whole */
	CAUSE_TORN_PAGE, /* part of a page: sectors */
};

/* Beside enum element_flags: the store comes after the crash. */
#define SUSPECT_LATER 0x80u

/* A store that a bug is about. */
struct suspect {
	bool is_there;
	uint64_t at, place;
	uint32_t length, stack;
	unsigned flags; /* enum element_flags, SUSPECT_LATER */
};

struct bug {
	enum cause cause;
	int status;  /* what the judge said */
	char *words; /* what the checker printed, or NULL */
	struct suspect lost, early;
	uint64_t at;     /* the crash: before this event; the number of slots: at the end */
	uint32_t stack;  /* of the fence there; 0 at the end */
	uint64_t id;     /* of the image */
	char *name;      /* of the image, for explore_image() */
	uint64_t images; /* how many failed for this reason */
	uint64_t looked; /* of how many at the crash points where they did */
	uint64_t point;  /* the last of these, counted by explore() */
};

struct explore_options {
	uint64_t budget; /* images the first time that a signature is met; 64 unless said */
	bool exhaustive;
	enum model model;
	bool is_torn;    /* storage tears lines into words, or pages into sectors */
	bool is_posix;   /* names and sizes are in no order (R12) */
	uint64_t images; /* at most; 0: no limit */
	uint64_t seed;
};

/* The judge is told an image's id and what was acknowledged, and fills in the rest. */
struct verdict {
	uint64_t id;
	uint64_t at;           /* the crash is before this event */
	unsigned worker;       /* the image is this one's */
	uint64_t acknowledged; /* bytes that the program had written to standard output, at least */
	uint64_t at_most;      /* and at most: an image is good if it is with either */
	int status;            /* 0: the image is good */
	char *words;           /* new memory, or NULL */
};

struct judge {
	/* 0, JUDGE_AGAIN (`image` was spoilt; it is as `base` now), or an error that ends all. */
	int (*judge)(void *context, struct verdict *verdict);
	bool (*enough)(void *context); /* time is up; may be NULL */
	void *context;
	/*
	 * For workers that judge side by side, each an image of its own; 0: there is one image.
	 * `begin` starts one, `end` waits for its verdict and is like `judge`.
	 */
	unsigned workers;
	int (*begin)(void *context, unsigned worker, const struct verdict *verdict);
	int (*end)(void *context, unsigned worker, struct verdict *verdict);
};

#define JUDGE_AGAIN 1

struct memories {
	unsigned char *first[EVENT_FILES], *base[EVENT_FILES], *image[EVENT_FILES];
	unsigned char *(*more)[EVENT_FILES]; /* the images of workers 1 and on */
	unsigned more_count;
};

static inline unsigned char **memories_image(struct memories *memories, unsigned worker)
{
	return worker ? memories->more[worker - 1] : memories->image;
}

struct explored {
	uint64_t points, signatures, covered, images, same, failing;
	uint64_t seen, flushes, fences, stores, copies; /* events of these kinds */
	uint64_t unflushed;                             /* lines that are pending at the end */
	bool was_ended;                                 /* by time or number of images */
	struct bug *bugs;
	unsigned bug_count;
};

/* 0, the judge's error, or -ENOMEM. */
int explore(const struct trace *trace, struct memories *memories,
	const struct explore_options *options, const struct judge *judge,
	struct explored *explored);
void explored_fini(struct explored *explored);

/*
 * Make the image that a bug has named, in `image`, from the same trace with the same model. -EINVAL
 * with a sentence if they do not have it. `base` is left as it is before the crash.
 */
int explore_image(
	const struct trace *trace, struct memories *memories, enum model model, const char *name);

/*
 * Put the crash-free content of the files at the end of the trace into `image`, or the first one.
 */
void explore_last_image(const struct trace *trace, struct memories *memories);
void explore_first_image(const struct trace *trace, struct memories *memories);
/*
 * Put line `number` of those that the trace stores to back to what it was at first; false: there
 * are fewer. A line that is stored to often counts often.
 */
bool explore_put_back(const struct trace *trace, struct memories *memories, uint64_t number);
/* All lines that the trace stores to, from `base`, for one worker. */
void explore_base_image(const struct trace *trace, struct memories *memories, unsigned worker);
/* Do what the event stores, if it stores something, in `image`. */
void explore_store(struct memories *memories, const struct event *event);
/* `base` and all images are as `first` where the trace stores. */
void explore_rewind(const struct trace *trace, struct memories *memories);

#endif
