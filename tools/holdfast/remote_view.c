/* SPDX-License-Identifier: BSD-3-Clause */
/* remote_view.c - prepares the facts of a pool set on another machine for JSON output */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* Memory for the values to which the pointers of one struct remote_view point. */
struct room {
	int64_t header_size, generation;
	struct remote_mark mark;
	struct remote_attributes attributes;
	char *verdict;
	const struct remote_part **parts;
	struct remote_part *part;
	struct remote_counters counters;
	struct remote_time time[HOLDFAST_TIMES];
	const struct remote_time *times[HOLDFAST_TIMES];
};

static char *hex(const unsigned char *bytes, size_t length)
{
	char *text = must_make(2 * length + 1, 1);

	for (size_t i = 0; i < length; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

static void fill_attributes(struct remote_attributes *to, const struct rpmem_pool_attr *attr)
{
	to->signature = must_make(sizeof(attr->signature) + 1, 1);
	memcpy(to->signature, attr->signature, sizeof(attr->signature));
	to->major = attr->major;
	to->compat_features = attr->compat_features;
	to->incompat_features = attr->incompat_features;
	to->ro_compat_features = attr->ro_compat_features;
	to->poolset_uuid = hex(attr->poolset_uuid, sizeof(attr->poolset_uuid));
	to->uuid = hex(attr->uuid, sizeof(attr->uuid));
	to->next_uuid = hex(attr->next_uuid, sizeof(attr->next_uuid));
	to->prev_uuid = hex(attr->prev_uuid, sizeof(attr->prev_uuid));
	to->user_flags = hex(attr->user_flags, sizeof(attr->user_flags));
}

static void add_parts(
	struct remote_view *view, struct room *room, const struct holdfast_remote_set *set)
{
	room->part = must_make(set->part_count, sizeof(*room->part));
	room->parts = must_make(set->part_count, sizeof(*room->parts));
	for (size_t i = 0; i < set->part_count; i++) {
		room->part[i] = (struct remote_part){set->parts[i]->path, set->parts[i]->size,
			holdfast_survival_name(set->parts[i]->survival)};
		room->parts[i] = &room->part[i];
	}
	view->parts = room->parts;
	view->part_count = set->part_count;
}

/*
 * Adds the session's counters to the facts to print, and the histogram of its drain times, without
 * the elements of the histogram that are 0.
 */
static void add_counters(
	struct remote_view *view, struct room *room, const struct holdfast_remote_counts *stats)
{
	struct remote_counters *to = &room->counters;

	*to = (struct remote_counters){stats->flushes, stats->bytes, stats->drains, stats->reads,
		stats->read_bytes, stats->retries, stats->failures, stats->reconnects, room->times,
		0};
	for (unsigned i = 0; i < HOLDFAST_TIMES; i++) {
		struct remote_time *time = &room->time[i];
		if (!stats->times[i])
			continue;
		*time = (struct remote_time){stats->times[i], &time->limit, INT64_C(1) << i};
		if (i == HOLDFAST_TIMES - 1)
			time->below_us = NULL;
		room->times[to->time_count++] = time;
	}
	view->counters = to;
}

/* Adds fields that are known only if the pool exists and is not in use. */
static void add_pool(
	struct remote_view *view, struct room *room, const struct holdfast_remote_set *set)
{
	view->needed = granularity_word(set->granularity);
	room->header_size = (int64_t)set->header_size;
	view->header_size = &room->header_size;
	if (!set->header_size)
		return;
	fill_attributes(&room->attributes, &set->attr);
	view->attributes = &room->attributes;
}

/* Adds what the target remembers about the programs that have stored to the pool. */
static void add_state(
	struct remote_view *view, struct room *room, const struct holdfast_remote_set *set)
{
	view->unclosed = -1;
	if (!remote_has_state(set))
		return;
	room->generation = (int64_t)set->generation;
	view->generation = &room->generation;
	view->unclosed = set->unclosed;
	if (!set->inconsistent)
		return;
	room->mark = (struct remote_mark){set->inconsistent_since, set->missing, set->extent};
	view->inconsistent = &room->mark;
}

void remote_view(struct remote_view *view, const struct answer *answer)
{
	const struct holdfast_remote_set *set = answer->set;
	struct room *room = must_make(1, sizeof(*room));

	room->verdict = must_copy(answer->text);
	room->verdict[strcspn(room->verdict, "\n")] = '\0';
	*view = (struct remote_view){
		.room = room,
		.object = "remote-pool-set",
		.verdict = room->verdict,
		.text = answer->text,
		.survives = holdfast_survival_name(set->survival),
		.state = set->busy      ? "in-use"
			 : set->created ? "created"
					: "absent",
		.method_verbs = remote_method(set->method_verbs),
		.method_tcp = remote_method(set->method_tcp),
		.method_ssh = remote_method(set->method_ssh),
		.provider = remote_provider(set->provider),
		.size = set->size,
		.max_lanes = set->max_lanes,
		.protocol = set->version,
	};
	add_parts(view, room, set);
	if (set->created && !set->busy)
		add_pool(view, room, set);
	add_state(view, room, set);
	if (remote_stats(set))
		add_counters(view, room, remote_stats(set));
}

void remote_view_fini(struct remote_view *view)
{
	struct room *room = view->room;

	free(room->attributes.signature);
	free(room->attributes.poolset_uuid);
	free(room->attributes.uuid);
	free(room->attributes.next_uuid);
	free(room->attributes.prev_uuid);
	free(room->attributes.user_flags);
	free(room->verdict);
	free(room->parts);
	free(room->part);
	free(room);
}
