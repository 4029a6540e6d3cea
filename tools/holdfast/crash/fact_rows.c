/* SPDX-License-Identifier: BSD-3-Clause */
/* fact_rows.c - tables of all facts of a report, which are used to print it in each format */
#include "facts.h"

const struct fact_cause fact_causes[] = {
	[CAUSE_FLUSH] = {"missing flush", "missing-flush",
		"The lost store is not flushed, neither before the program ends nor before it acknowledges an operation.",
		"flush the lost store"},
	[CAUSE_DRAIN] = {"missing drain", "missing-drain",
		"The lost store is flushed, but the thread that flushed it has not drained.",
		"drain on the thread that flushed the lost store, before the program makes a store that relies on it"},
	[CAUSE_ORDER] = {"missing order", "missing-order",
		"The lost store may become durable after the early store, which relies on it: there is no drain between the two.",
		"a drain between the two"},
	[CAUSE_EVICTION] = {"missing order (eviction)", "missing-order-eviction",
		"The lost store may become durable after the early store, which relies on it, because the cache line of the early store may be evicted at any time.",
		"make the lost store durable first, and let the program make the early store after that"},
	[CAUSE_ATOMICITY] = {"atomicity", "atomicity",
		"Data that belongs together is only half updated: in one line, or with one half durable or stored before the other.",
		"one store of 8 bytes that makes the whole update valid, or a log"},
	[CAUSE_TORN] = {"torn copy", "torn-copy", "Only a part of a copy is durable.",
		"store a flag or a checksum of the copy after the copy is durable"},
	[CAUSE_RECOVERY] = {"recovery", "recovery",
		"The check fails although everything that was stored before the crash is durable.",
		"correct the program's recovery, or flush the stores that were only found after the program's end"},
	[CAUSE_TORN_LINE] = {"torn line", "torn-line",
		"Two stores in one cache line may become durable in either order if the memory keeps no more than 8 bytes whole.",
		"a drain between the two, or a checksum over both"},
	[CAUSE_TORN_PAGE] = {"torn page", "torn-page",
		"Two stores in one page may become durable in either order if the storage keeps no more than a sector whole.",
		"a sync between the two, or a checksum over both"},
};

#define NUMBER(type, key, member)                                                                  \
	{                                                                                          \
		key, FACT_NUMBER, offsetof(type, member)                                           \
	}
#define FLAG(type, key, member)                                                                    \
	{                                                                                          \
		key, FACT_FLAG, offsetof(type, member)                                             \
	}
#define WORDS(type, key, member)                                                                   \
	{                                                                                          \
		key, FACT_WORDS, offsetof(type, member)                                            \
	}

const struct fact_row run_rows[] = {
	WORDS(struct facts, "version", version),
	WORDS(struct facts, "model", model),
	NUMBER(struct facts, "level", level),
	NUMBER(struct facts, "stores", stores),
	NUMBER(struct facts, "copies", copies),
	NUMBER(struct facts, "points", points),
	NUMBER(struct facts, "signatures", signatures),
	NUMBER(struct facts, "covered", covered),
	NUMBER(struct facts, "images", images),
	NUMBER(struct facts, "same_images", same),
	NUMBER(struct facts, "failing_images", failing),
	FLAG(struct facts, "ended_by_limit", was_ended),
	FLAG(struct facts, "accepts_empty_file", accepts_anything),
	{0},
};

const struct fact_row bug_rows[] = {
	WORDS(struct fact_bug, "cause", name),
	WORDS(struct fact_bug, "status", status),
	WORDS(struct fact_bug, "output", output),
	NUMBER(struct fact_bug, "failing", failing),
	NUMBER(struct fact_bug, "images", images),
	WORDS(struct fact_bug, "image", image),
	NUMBER(struct fact_bug, "event", event),
	WORDS(struct fact_bug, "crash", crash_words),
	{0},
};

const struct fact_row store_rows[] = {
	WORDS(struct fact_store, "what", what),
	WORDS(struct fact_store, "file", file),
	NUMBER(struct fact_store, "offset", offset),
	NUMBER(struct fact_store, "length", length),
	WORDS(struct fact_store, "place", words),
	FLAG(struct fact_store, "found_by_comparing", is_found),
	FLAG(struct fact_store, "flushed", is_flushed),
	{0},
};

const struct fact_row blind_rows[] = {
	NUMBER(struct fact_blind, "lines_found_by_comparing", found),
	NUMBER(struct fact_blind, "lines_found_after_end", found_after_end),
	NUMBER(struct fact_blind, "maps_not_recorded", maps),
	NUMBER(struct fact_blind, "names_not_seen", names),
	NUMBER(struct fact_blind, "records_lost", records),
	FLAG(struct fact_blind, "file_gone", is_gone),
	NUMBER(struct fact_blind, "other_namespaces", missed[MISSED_NAMESPACE]),
	NUMBER(struct fact_blind, "moved_in", missed[MISSED_MOVE]),
	NUMBER(struct fact_blind, "special_files", missed[MISSED_SPECIAL]),
	NUMBER(struct fact_blind, "no_room", missed[MISSED_ROOM]),
	NUMBER(struct fact_blind, "cut_off", missed[MISSED_CUT]),
	NUMBER(struct fact_blind, "asynchronous", missed[MISSED_ASYNC]),
	NUMBER(struct fact_blind, "grown_unseen", missed[MISSED_GROWTH]),
	NUMBER(struct fact_blind, "remote_pools", missed[MISSED_REMOTE]),
	{0},
};

const struct fact_row probe_rows[] = {
	NUMBER(struct fact_probes, "probed", probed),
	NUMBER(struct fact_probes, "hit", hit),
	NUMBER(struct fact_probes, "hits", hits),
	NUMBER(struct fact_probes, "refused", refused),
	{0},
};

const struct fact_row refusal_rows[] = {
	WORDS(struct fact_refusal, "place", place),
	WORDS(struct fact_refusal, "reason", reason),
	{0},
};
