/* SPDX-License-Identifier: BSD-3-Clause */
/* mirror_tell.c - what `holdfast mirror` prints: its progress and its outcome */
#include <inttypes.h>
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "mirror.h"
#include "status_line.h"

/* -- text -- */

/*
 * Returns a number of bytes as text, such as "4096 bytes" or "1.5 MiB". The text is overwritten by
 * the fourth call after this one.
 */
static const char *bytes(uint64_t count)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
	static char texts[4][32];
	static unsigned turn;
	char *text = texts[turn++ % 4];
	double value = (double)count / 1024;
	size_t unit = 0;

	if (count < 10240) {
		snprintf(text, sizeof(texts[0]), "%" PRIu64 " bytes", count);
		return text;
	}
	for (; value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		value /= 1024;
	snprintf(text, sizeof(texts[0]), value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return text;
}

void mirror_progress(const struct mirror_job *job, bool end)
{
	const struct holdfast_mirror_state *state = &job->state;

	if (end)
		status_line_remove();
	if (end || job->quiet || !status_line_is_due(0))
		return;
	fprintf(stderr, STATUS_LINE "%3" PRIu64 " %% of %s compared, %s differ",
		state->size ? state->compared * 100 / state->size : 100, bytes(state->size),
		bytes(state->different));
	if (job->sync && !job->dry_run)
		fprintf(stderr, ", %s sent", bytes(state->sent));
	fflush(stderr);
}

static void tell_difference(const struct mirror_job *job, const char *local, const char *remote)
{
	const struct holdfast_mirror_state *state = &job->state;

	if (!job->sync)
		printf("%s differs from %s in %s of %s\n", remote, local, bytes(state->different),
			bytes(state->size));
	else if (job->dry_run)
		printf("%s differs from %s: a sync would send %s of %s\n", remote, local,
			bytes(state->different), bytes(state->size));
	else
		printf("%s is equal to %s now: %s of %s were sent\n", remote, local,
			bytes(state->sent), bytes(state->size));
}

static void tell_text(const struct mirror_job *job)
{
	const struct holdfast_mirror_state *state = &job->state;
	char *local = must_copy(job->local), *remote = must_copy(job->remote);

	printable(local);
	printable(remote);
	if (state->different)
		tell_difference(job, local, remote);
	else
		printf("%s is equal to %s: %s compared\n", remote, local, bytes(state->size));
	printf("  %s were exchanged to compare.\n", bytes(state->exchanged));
	if (state->inconsistent && (!job->sync || job->dry_run))
		printf("  That pool is marked as inconsistent: an earlier sync or reconnect has not ended. A sync removes the mark.\n");
	if (state->header_size)
		printf("  The first %" PRIu64
		       " bytes are the header of that pool: they are not compared, and stay as they are.\n",
			state->header_size);
	if (state->pool_size > job->file.size)
		printf("  The last %s of that pool are beyond the end of %s, and are not compared.\n",
			bytes(state->pool_size - job->file.size), local);
	free(local);
	free(remote);
}

/* -- JSON -- */

static struct json_object *must(struct json_object *object)
{
	if (!object)
		must_copy(NULL);
	return object;
}

static void put(struct json_object *to, const char *key, struct json_object *value)
{
	if (json_object_object_add(to, key, value))
		must(NULL);
}

static void put_text(struct json_object *to, const char *key, const char *text)
{
	char *clean = text ? utf8_copy(text) : NULL;

	put(to, key, clean ? must(json_object_new_string(clean)) : NULL);
	free(clean);
}

static void put_number(struct json_object *to, const char *key, uint64_t number)
{
	put(to, key, must(json_object_new_int64((int64_t)number)));
}

/*
 * Returns the value of "equal": whether file and pool are equal at the end of the command, or null
 * if that is not known.
 */
static struct json_object *equal(const struct mirror_job *job)
{
	if (job->error)
		return NULL;
	return must(json_object_new_boolean(!job->state.different || (job->sync && !job->dry_run)));
}

static bool tell_json(const struct mirror_job *job)
{
	const struct holdfast_mirror_state *state = &job->state;
	struct json_object *object = must(json_object_new_object());

	put_text(object, "version", HOLDFAST_VERSION);
	put_text(object, "command", job->sync ? "sync" : "check");
	put(object, "dry_run", must(json_object_new_boolean(job->dry_run)));
	put_text(object, "local", job->local);
	put_text(object, "mirror", job->remote);
	put(object, "equal", equal(job));
	put_number(object, "size", state->size);
	put_number(object, "compared", state->compared);
	put_number(object, "different", state->different);
	put_number(object, "sent", state->sent);
	put_number(object, "exchanged", state->exchanged);
	put_number(object, "pool_size", state->pool_size);
	put_number(object, "header_size", state->header_size);
	put(object, "inconsistent", must(json_object_new_boolean(state->inconsistent)));
	put_text(object, "error", job->error);
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
							    JSON_C_TO_STRING_SPACED |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return !ferror(stdout);
}

bool mirror_tell(const struct mirror_job *job)
{
	if (job->json)
		return tell_json(job) && !fflush(stdout);
	if (!job->error && !job->quiet)
		tell_text(job);
	return !fflush(stdout);
}
