/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * probe.h - what recorder and tool tell each other about raw instructions
 *
 * The recorder names an object that it found loaded, by a process and an address in its code. The
 * tool answers with the file "sites" beside the ring: a struct probe_list and its sites, which is
 * also what the tool keeps in its cache. The recorder counts what came of it.
 */
#ifndef TRACE_PROBE_H
#define TRACE_PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "trace/raw.h"

#define PROBE_MAGIC    UINT64_C(0x3274697377617268) /* "hrawsit2" */
#define PROBE_BUILD_ID 32u
#define PROBE_REFUSALS 32u

/* An instruction: where the object's file has it, and its bytes. */
struct probe_site {
	uint64_t address;
	uint8_t length;
	uint8_t bytes[RAW_LONGEST];
};

struct probe_list {
	uint64_t magic;
	uint8_t id[PROBE_BUILD_ID]; /* the object's build-id, behind it zeros */
	uint32_t id_length;
	uint32_t count;
	uint64_t sum; /* probe_sum() of the sites */
	struct probe_site sites[];
};

static inline uint64_t probe_sum(const struct probe_site *sites, uint32_t count)
{
	const uint8_t *bytes = (const uint8_t *)sites;
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < count * sizeof(*sites); i++)
		sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
	return sum;
}

/* An instruction that is not probed, or an object (address 0), and why. */
enum probe_reason {
	PROBE_UNKNOWN,      /* the disassembler knows it, and we do not */
	PROBE_SEGMENT,      /* its operand is relative to FS or GS */
	PROBE_CHANGED,      /* memory has not what the file has */
	PROBE_LOCKED,       /* the system does not let its code be changed */
	PROBE_NO_ROOM,      /* too many */
	PROBE_NO_OBJDUMP,   /* there is no objdump */
	PROBE_NOT_READ,     /* the file cannot be read, or objdump failed */
	PROBE_DEBUGGER,     /* a debugger has the process, and takes its traps */
	PROBE_NOT_ANSWERED, /* the tool did not answer */
	PROBE_LOADER,       /* what is loaded later: the loader has no known place to stop at */
	PROBE_OFTEN,        /* locked, executed often, and for nothing */
	PROBE_MADE,         /* code that was made while the program ran */
	PROBE_REASONS,
};

struct probe_refusal {
	uint64_t address; /* in the object's file */
	uint32_t reason;
	char object[84]; /* the end of its path */
};

/* Counts over all processes of the run; atomic where the recorder has them. */
struct probe_report {
	uint32_t probed;  /* instructions */
	uint32_t hit;     /* of them, at least once */
	uint32_t refused; /* beginnings of `refusals`, and what did not fit there */
	uint32_t unused;
	uint64_t hits;
	struct probe_refusal refusals[PROBE_REFUSALS];
};

enum probe_state { PROBE_FREE, PROBE_ASKED, PROBE_ANSWERED, PROBE_REFUSED };

/* Part of the ring. */
struct probe_board {
	uint8_t is_off; /* nothing is to be probed */
	uint8_t unused[3];
	uint32_t owner;  /* the process that may ask; 0: none. Atomic */
	uint32_t state;  /* enum probe_state; atomic */
	int32_t process; /* the question */
	uint64_t address;
	uint32_t reason; /* of PROBE_REFUSED */
	struct probe_report report;
};

#endif
