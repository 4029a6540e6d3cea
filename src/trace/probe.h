/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * probe.h - structs by which the recorder, which is in the traced program, asks the tool for the
 * flushes, fences and streaming stores in machine code, and the tool answers; the recorder then
 * sets a probe at each of these instructions
 *
 * The recorder names an object, which is a loaded program or library, by a process and an address
 * in the object's code. The tool answers with the file "sites" beside the ring (trace/ring.h): a
 * struct probe_list and its sites. The tool's cache holds files of the same format. The recorder
 * counts the probes that it set and those that it could not set.
 */
#ifndef TRACE_PROBE_H
#define TRACE_PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "trace/raw.h"

#define PROBE_MAGIC    UINT64_C(0x3274697377617268) /* "hrawsit2" */
#define PROBE_BUILD_ID 32u
#define PROBE_REFUSALS 32u

/* An instruction: its address in the object's file, and its bytes. */
struct probe_site {
	uint64_t address;
	uint8_t length;
	uint8_t bytes[RAW_LONGEST];
};

struct probe_list {
	uint64_t magic;
	uint8_t id[PROBE_BUILD_ID]; /* the object's build-id, filled up with zeros */
	uint32_t id_length;
	uint32_t count;
	uint64_t sum; /* checksum of the sites, by probe_sum() */
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

/* The reason why an instruction is not probed, or a whole object (address 0). */
enum probe_reason {
	PROBE_UNKNOWN,      /* objdump knows the instruction, but raw.h does not */
	PROBE_SEGMENT,      /* its operand is relative to FS or GS */
	PROBE_CHANGED,      /* the bytes in memory differ from those in the file */
	PROBE_LOCKED,       /* the system forbids changing its code */
	PROBE_NO_ROOM,      /* there are more instructions than the table can hold */
	PROBE_NO_OBJDUMP,   /* objdump is not installed */
	PROBE_NOT_READ,     /* the file cannot be read, or objdump failed */
	PROBE_DEBUGGER,     /* a debugger is attached, which would get the traps of the probes */
	PROBE_NOT_ANSWERED, /* the tool did not answer */
	PROBE_LOADER,       /* objects loaded later get no probes: the loader cannot be probed */
	PROBE_OFTEN,        /* an instruction with LOCK that runs often and completes no flushes */
	PROBE_MADE,         /* code that was generated while the program ran */
	PROBE_REASONS,
};

struct probe_refusal {
	uint64_t address; /* the instruction's address in the object's file */
	uint32_t reason;
	char object[84]; /* the end of the object's path */
};

/* Counts over all processes of the run. The recorder changes them atomically. */
struct probe_report {
	uint32_t probed;  /* number of instructions that are probed */
	uint32_t hit;     /* number of probed instructions that were executed at least once */
	uint32_t refused; /* number of refusals, of which the first are in `refusals` */
	uint32_t unused;
	uint64_t hits;
	struct probe_refusal refusals[PROBE_REFUSALS];
};

enum probe_state { PROBE_FREE, PROBE_ASKED, PROBE_ANSWERED, PROBE_REFUSED };

/*
 * The part of the ring, which is shared memory, in which the recorder asks the tool about a program
 * or library, and the tool answers.
 */
struct probe_board {
	uint8_t is_off; /* not 0: the recorder sets no probes */
	uint8_t unused[3];
	uint32_t owner;  /* the process that may ask; 0: no process. Atomic */
	uint32_t state;  /* enum probe_state; atomic */
	int32_t process; /* in a question: id of the process that loaded the object */
	uint64_t address;
	uint32_t reason; /* in an answer: enum probe_reason, if the state is PROBE_REFUSED */
	struct probe_report report;
};

#endif
