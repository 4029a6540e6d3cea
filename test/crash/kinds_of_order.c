/* SPDX-License-Identifier: BSD-3-Clause */
/* kinds_of_order.c - mistakes in the order in which stores become durable */
#include <emmintrin.h>
#include <pthread.h>
#include <stdlib.h>

#include "kinds.h"

/* ---- mistake "reuse": a block of a list is used again although its removal may be lost */

struct list {
	ALIGNED uint64_t first;
	struct {
		ALIGNED uint64_t next;
		uint64_t value;
	} blocks[4];
};

static void reuse_work(bool is_bad)
{
	struct list *list = (struct list *)(void *)base;

	list->blocks[1].value = 10;
	list->blocks[1].next = 2;
	list->blocks[2].value = 20;
	pmem_persist(list->blocks, sizeof(list->blocks));
	list->first = 1;
	pmem_persist(&list->first, sizeof(list->first));
	done();
	list->first = 2; /* reuse: lost */
	pmem_flush(&list->first, sizeof(list->first));
	if (!is_bad)
		pmem_drain();
	list->blocks[1].value = 30; /* reuse: early */
	list->blocks[1].next = 0;   /* reuse: early */
	pmem_persist(&list->blocks[1], sizeof(list->blocks[1]));
	done();
}

static const char *reuse_check(unsigned count)
{
	const struct list *list = (const struct list *)(void *)base;

	if (count && !list->first)
		return "the list is empty";
	if (list->first == 1 && (list->blocks[1].value != 10 || list->blocks[1].next != 2))
		return "the first block holds something else";
	return count > 1 && list->first != 2 ? "a removed block is in the list" : NULL;
}

/* ---- mistake "wrap": a circular log is overwritten before its new beginning is durable */

#define SLOTS 4u

struct ring {
	ALIGNED uint64_t oldest; /* the oldest record's number; it and later records are valid */
	ALIGNED uint64_t next;
	struct {
		ALIGNED uint64_t number;
	} slots[SLOTS];
};

static void wrap_work(bool is_bad)
{
	struct ring *ring = (struct ring *)(void *)base;

	for (uint64_t number = 1; number <= SLOTS + 2; number++) {
		if (ring->next - ring->oldest == SLOTS) {
			ring->oldest++; /* wrap: lost */
			pmem_flush(&ring->oldest, sizeof(ring->oldest));
			if (!is_bad)
				pmem_drain();
		}
		ring->slots[ring->next % SLOTS].number = number; /* wrap: early */
		pmem_persist(&ring->slots[ring->next % SLOTS], 64);
		ring->next++;
		pmem_persist(&ring->next, sizeof(ring->next));
		done();
	}
}

static const char *wrap_check(unsigned count)
{
	const struct ring *ring = (const struct ring *)(void *)base;

	for (uint64_t i = ring->oldest; i < ring->next; i++)
		if (ring->slots[i % SLOTS].number != i + 1)
			return "a record of the log was overwritten";
	return ring->next < count ? "a record is missing" : NULL;
}

/*
 * ---- mistake "checksum": the checksum of a record covers only the header of the record
 */

struct record {
	ALIGNED uint64_t length;
	uint64_t checksum;
	ALIGNED uint64_t bytes[8];
};

static uint64_t checksum_of(const struct record *record, bool is_bad)
{
	uint64_t sum = record->length * 31 + 7;

	for (unsigned i = 0; i < 8 && !is_bad; i++)
		sum = sum * 31 + record->bytes[i];
	return sum;
}

static bool covers_header; /* true: each checksum in the file covers only a record's header */

static void checksum_work(bool is_bad)
{
	struct record *record = (struct record *)(void *)(base + 64);

	*(uint64_t *)(void *)base = 1 + is_bad;
	pmem_persist(base, 8);
	for (unsigned i = 0; i < 8; i++)
		record->bytes[i] = i + 1; /* checksum: lost */
	record->length = 64;
	record->checksum = checksum_of(record, is_bad); /* checksum: early */
	pmem_persist(record, sizeof(*record));
	done();
}

static const char *checksum_check(unsigned count)
{
	const struct record *record = (const struct record *)(void *)(base + 64);

	covers_header = *(uint64_t *)(void *)base == 2;
	if (record->checksum != checksum_of(record, covers_header) || !record->length)
		return count ? "an acknowledged record is not valid" : NULL;
	for (unsigned i = 0; i < 8; i++)
		if (record->bytes[i] != i + 1)
			return "a valid record has other bytes";
	return NULL;
}

/* ---- mistake "push": a node is published by compare and swap, and flushed only after that */

struct stack {
	ALIGNED uint64_t top;
	struct {
		ALIGNED uint64_t value;
		uint64_t below;
	} nodes[4];
};

static void push_work(bool is_bad)
{
	struct stack *stack = (struct stack *)(void *)base;

	for (uint64_t i = 1; i <= 2; i++) {
		uint64_t top = __atomic_load_n(&stack->top, __ATOMIC_ACQUIRE);
		stack->nodes[i].value = 10 * i; /* push: lost */
		stack->nodes[i].below = top;    /* push: lost */
		if (!is_bad)
			pmem_persist(&stack->nodes[i], sizeof(stack->nodes[i]));
		/* push: early */ __atomic_compare_exchange_n(
			&stack->top, &top, i, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
		pmem_flush(&stack->nodes[i], sizeof(stack->nodes[i]));
		pmem_persist(&stack->top, sizeof(stack->top));
		done();
	}
}

static const char *push_check(unsigned count)
{
	const struct stack *stack = (const struct stack *)(void *)base;

	for (uint64_t i = stack->top; i; i--)
		if (stack->nodes[i].value != 10 * i || stack->nodes[i].below != i - 1)
			return "a node of the stack has no content";
	return stack->top < count ? "a node is missing" : NULL;
}

/*
 * ---- mistake "helper": a thread flushes data without a fence, and another thread relies on the
 * data
 */

struct parts {
	ALIGNED uint64_t part;
	ALIGNED uint64_t is_complete;
};

static void *help(void *is_bad)
{
	struct parts *parts = (struct parts *)(void *)base;

	parts->part = 5; /* helper: lost */
	pmem_flush(&parts->part, sizeof(parts->part));
	if (!*(const bool *)is_bad)
		pmem_drain();
	return NULL;
}

static void helper_work(bool is_bad)
{
	struct parts *parts = (struct parts *)(void *)base;
	pthread_t thread;

	if (pthread_create(&thread, NULL, help, &is_bad))
		return;
	pthread_join(thread, NULL);
	parts->is_complete = 1; /* helper: early */
	pmem_persist(&parts->is_complete, sizeof(parts->is_complete));
	done();
}

static const char *helper_check(unsigned count)
{
	const struct parts *parts = (const struct parts *)(void *)base;

	if (parts->is_complete && parts->part != 5)
		return "a complete object has no content";
	return count && !parts->is_complete ? "the object is missing" : NULL;
}

/*
 * ---- mistake "guarded": a word is marked as valid before it is stored. Its cache line also has a
 * lock, which is held while the line is flushed
 */

struct guarded {
	ALIGNED pthread_spinlock_t lock;
	uint64_t is_valid, value;
};

static void guarded_work(bool is_bad)
{
	struct guarded *guarded = (struct guarded *)(void *)base;

	pthread_spin_init(&guarded->lock, PTHREAD_PROCESS_PRIVATE);
	for (uint64_t i = 1; i <= 2; i++) {
		pthread_spin_lock(&guarded->lock);
		if (is_bad)
			guarded->is_valid = i; /* guarded: early */
		guarded->value = 10 * i;       /* guarded: lost */
		if (!is_bad)
			guarded->is_valid = i;
		pmem_persist(guarded, sizeof(*guarded));
		pthread_spin_unlock(&guarded->lock);
		done();
	}
}

static const char *guarded_check(unsigned count)
{
	const struct guarded *guarded = (const struct guarded *)(void *)base;

	if (guarded->value < 10 * guarded->is_valid)
		return "a valid word has an old value";
	return guarded->is_valid < count ? "a value is missing" : NULL;
}

/*
 * ---- mistake "text": a text is counted before the C library has written it to the same cache line
 */

struct text {
	ALIGNED uint64_t number;
	char words[40];
};

static void text_work(bool is_bad)
{
	struct text *text = (struct text *)(void *)base;

	for (unsigned i = 1; i <= 2; i++) {
		if (is_bad)
			text->number = i;                                   /* text: early */
		snprintf(text->words, sizeof(text->words), "number %u", i); /* text: lost */
		if (!is_bad)
			text->number = i;
		pmem_persist(text, sizeof(*text));
		done();
	}
}

static const char *text_check(unsigned count)
{
	const struct text *text = (const struct text *)(void *)base;
	unsigned long written =
		*text->words ? strtoul(text->words + strlen("number "), NULL, 10) : 0;

	if (written < text->number)
		return "the text is old";
	return text->number < count ? "the number is missing" : NULL;
}

/*
 * ---- mistake "stream": a flag shares a cache line with streaming stores, which are unordered
 */

static void stream_work(bool is_bad)
{
	uint64_t *line = (uint64_t *)(void *)base;

	for (unsigned i = 0; i < 7; i++)
		_mm_stream_si64((long long *)(void *)&line[i], 3); /* stream: lost */
	if (!is_bad)
		_mm_sfence();
	line[7] = 1; /* stream: early */
	pmem_persist(line, 64);
	done();
}

static const char *stream_check(unsigned count)
{
	const uint64_t *line = (const uint64_t *)(const void *)base;

	for (unsigned i = 0; i < 7 && line[7]; i++)
		if (line[i] != 3)
			return "the flag is set before the words";
	return count && !line[7] ? "the flag is missing" : NULL;
}

/* ---- mistake "recovery": recovery clears the undo log before the restored data is durable */

struct undo {
	ALIGNED uint64_t is_valid;
	uint64_t old;
	ALIGNED uint64_t value;
};

static void undo(struct undo *log, bool is_bad)
{
	if (!log->is_valid)
		return;
	log->value = log->old; /* recovery: lost */
	pmem_flush(&log->value, sizeof(log->value));
	if (!is_bad)
		pmem_drain();
	log->is_valid = 0; /* recovery: early */
	pmem_persist(&log->is_valid, sizeof(log->is_valid));
}

/* First makes the file as a crash in the middle of a transaction would leave it; then recovers. */
static void recovery_work(bool is_bad)
{
	struct undo *log = (struct undo *)(void *)base;

	log->old = log->value = 1;
	pmem_persist(log, sizeof(*log));
	log->is_valid = 1;
	pmem_persist(&log->is_valid, sizeof(log->is_valid));
	log->value = 2;
	pmem_persist(&log->value, sizeof(log->value));
	done();
	undo(log, is_bad);
}

static const char *recovery_check(unsigned count)
{
	struct undo *log = (struct undo *)(void *)base;

	undo(log, false);
	return count && log->value != 1 ? "half of a transaction remains" : NULL;
}

/* ---- mistake "files": an index in one file is durable before the data in another file */

static void files_work(bool is_bad)
{
	memcpy(side, "content", 8); /* files: lost */
	pmem_flush(side, 8);
	if (!is_bad)
		pmem_drain();
	*(uint64_t *)(void *)base = 8; /* files: early */
	pmem_persist(base, 8);
	done();
}

static const char *files_check(unsigned count)
{
	uint64_t length = *(uint64_t *)(void *)base;

	if (length && memcmp(side, "content", 8))
		return "the index leads to nothing";
	return count && !length ? "the index is empty" : NULL;
}

const struct kind kinds_of_order[] = {
	{"reuse", reuse_work, reuse_check},
	{"wrap", wrap_work, wrap_check},
	{"checksum", checksum_work, checksum_check},
	{"push", push_work, push_check},
	{"helper", helper_work, helper_check},
	{"guarded", guarded_work, guarded_check},
	{"text", text_work, text_check},
	{"stream", stream_work, stream_check},
	{"recovery", recovery_work, recovery_check},
	{"files", files_work, files_check},
	{0},
};
