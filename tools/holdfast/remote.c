/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * remote.c - explain a pool set on another machine, by asking the daemon rpmemd there
 *
 * librpmem is loaded only when it is needed, which is rare, because it loads libfabric, whose
 * drivers take a fifth of a second to load. Besides, this program must run on machines without
 * librpmem.
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

static struct {
	void *library;
	__typeof__(&holdfast_remote_describe) describe;
	__typeof__(&holdfast_remote_set_free) set_free;
	__typeof__(&holdfast_method_name) method_name;
	__typeof__(&holdfast_provider_name) provider_name;
	__typeof__(&rpmem_errormsg) errormsg;
} rpmem;

/* Loads librpmem. Returns NULL, or a message that says what is missing. */
static const char *load(void)
{
	if (rpmem.library)
		return NULL;
	void *library = dlopen("librpmem.so.1", RTLD_NOW);
	if (!library)
		return dlerror();
	rpmem.describe = (__typeof__(rpmem.describe))dlsym(library, "holdfast_remote_describe");
	rpmem.set_free = (__typeof__(rpmem.set_free))dlsym(library, "holdfast_remote_set_free");
	rpmem.method_name = (__typeof__(rpmem.method_name))dlsym(library, "holdfast_method_name");
	rpmem.provider_name =
		(__typeof__(rpmem.provider_name))dlsym(library, "holdfast_provider_name");
	rpmem.errormsg = (__typeof__(rpmem.errormsg))dlsym(library, "rpmem_errormsg");
	if (!rpmem.describe || !rpmem.set_free || !rpmem.method_name || !rpmem.provider_name ||
		!rpmem.errormsg) {
		dlclose(library);
		return "librpmem.so.1 on this machine is not Holdfast's, and cannot ask another machine";
	}
	rpmem.library = library;
	return NULL;
}

bool remote_is(const char *path)
{
	const char *colon = strchr(path, ':');

	return colon && memchr(path, '/', (size_t)(colon - path)) == NULL && access(path, F_OK);
}

static void fail(struct answer *answer, const char *why)
{
	answer->outcome = OUTCOME_UNKNOWN;
	answer->error = must_copy(why);
}

/*
 * Texts for people.
 */

static const char *durable(enum pmem2_granularity granularity)
{
	switch (granularity) {
	case PMEM2_GRANULARITY_BYTE:
		return "as soon as it has arrived (byte granularity)";
	case PMEM2_GRANULARITY_CACHE_LINE:
		return "after the target has flushed its cache lines (cache-line granularity)";
	case PMEM2_GRANULARITY_PAGE:
		return "after the target's kernel has written back the pages (page granularity)";
	}
	return "at a granularity that this version does not know";
}

static void put_method(FILE *text, const char *provider, enum holdfast_method method)
{
	static const char *const meanings[] = {
		[HOLDFAST_METHOD_MESSAGE] = "sending the data in messages, which the target stores",
		[HOLDFAST_METHOD_WRITE_MESSAGE] =
			"writing the data into the pool, and a message that makes it durable",
		[HOLDFAST_METHOD_WRITE_READ] =
			"writing the data into the pool, and a read that proves its arrival",
		[HOLDFAST_METHOD_WRITE_DELIVERED] =
			"writing the data into the pool, where it is durable when delivered",
	};

	if (method == HOLDFAST_METHOD_NONE)
		return;
	fprintf(text, "Over %s, relaxed persists are done by %s", provider,
		rpmem.method_name(method));
	if ((size_t)method < sizeof(meanings) / sizeof(meanings[0]))
		fprintf(text, ": %s", meanings[method]);
	fputs(".\n", text);
}

bool remote_has_state(const struct holdfast_remote_set *set)
{
	return set->struct_size >=
		       offsetof(struct holdfast_remote_set, extent) + sizeof(set->extent) &&
	       set->generation;
}

static void put_verdict(FILE *text, const struct holdfast_remote_set *set)
{
	if (set->busy)
		fputs("a pool that is in use: its properties can be read only while no program has it open\n",
			text);
	else if (!set->created)
		fputs("a pool set without a pool: rpmem_create() would make one\n", text);
	else if (remote_has_state(set) && set->inconsistent)
		fputs("a pool that is inconsistent: a catch-up or a sync was not completed\n",
			text);
	else if (set->survival == HOLDFAST_SURVIVES_NOT)
		fputs("data persisted in this pool does not survive a power cut or a reboot of its machine\n",
			text);
	else
		fprintf(text, "data persisted in this pool is durable %s\n",
			durable(set->granularity));
}

static void put_volatile_parts(FILE *text, const struct holdfast_remote_set *set)
{
	for (size_t i = 0; i < set->part_count; i++)
		if (set->parts[i]->survival == HOLDFAST_SURVIVES_NOT)
			fprintf(text, "%s is on volatile memory or storage on the target.\n",
				set->parts[i]->path);
}

/* Print what the target remembers about the programs that have stored to the pool. */
static void put_state(FILE *text, const struct holdfast_remote_set *set)
{
	char since[40] = "an unknown time";
	time_t seconds = (time_t)set->inconsistent_since;
	struct tm tm;

	if (set->inconsistent && gmtime_r(&seconds, &tm))
		strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S UTC", &tm);
	if (set->inconsistent)
		fprintf(text,
			"The pool has been inconsistent since %s: %" PRIu64
			" bytes are missing. Only a reconnect of its writer, or a sync of at least "
			"its first %" PRIu64 " bytes, can make it consistent.\n",
			since, set->missing, set->extent);
	else if (set->unclosed && !set->busy)
		fputs("The last program that stored to this pool did not close it: that program's memory may be newer than the pool.\n",
			text);
}

/*
 * Returns the target's answer for the whole pool as a sentence. The target has judged all parts,
 * also those that it does not list.
 */
static const char *survival_sentence(enum holdfast_survival survival)
{
	switch (survival) {
	case HOLDFAST_SURVIVES_NOT:
		return "That machine says that a part of the pool does not survive a power cut";
	case HOLDFAST_SURVIVES_UNKNOWN:
		return "That machine cannot tell whether its storage survives a power cut";
	case HOLDFAST_SURVIVES_ELSEWHERE:
		return "Yet another machine decides whether its storage survives a power cut";
	case HOLDFAST_SURVIVES:
		return "That machine says that its storage survives a power cut";
	}
	return "This version does not know what that machine answered about power cuts";
}

const struct holdfast_remote_counts *remote_stats(const struct holdfast_remote_set *set)
{
	size_t end = offsetof(struct holdfast_remote_set, stats) + sizeof(set->stats);

	return set->struct_size >= end ? set->stats : NULL;
}

/*
 * Returns a time in us within which at least the fraction `part` (0 to 1) of all drains ended, or 0
 * if no such time is known.
 */
static uint64_t time_of(const struct holdfast_remote_counts *stats, double part)
{
	uint64_t below = 0;

	for (unsigned i = 0; i < HOLDFAST_TIMES - 1; i++) {
		below += stats->times[i];
		if (below && (double)below >= part * (double)stats->drains)
			return UINT64_C(1) << i;
	}
	return 0;
}

static void put_stats(FILE *text, const struct holdfast_remote_counts *stats)
{
	uint64_t half = time_of(stats, 0.5), most = time_of(stats, 0.99);

	fprintf(text,
		"The session that has the pool open has made %" PRIu64 " ranges of %" PRIu64
		" bytes durable by %" PRIu64 " drains, and %" PRIu64 " calls have failed.\n",
		stats->flushes, stats->bytes, stats->drains, stats->failures);
	if (half && most)
		fprintf(text,
			"Half of the drains took less than %" PRIu64
			" us, and 99 percent less than %" PRIu64 " us.\n",
			half, most);
}

static void put_provider(FILE *text, const struct holdfast_remote_set *set)
{
	if (set->busy && set->provider == HOLDFAST_PROVIDER_SSH)
		fputs("The session that has the pool open sends the data inside ssh.\n", text);
	else if (set->busy && set->provider != HOLDFAST_PROVIDER_NONE)
		fprintf(text, "The session that has the pool open sends the data over %s.\n",
			rpmem.provider_name(set->provider));
	else if (set->provider == HOLDFAST_PROVIDER_SSH)
		fputs("A program here, with this environment, sends the data inside ssh.\n", text);
}

static void put_text(FILE *text, const struct holdfast_remote_set *set)
{
	put_verdict(text, set);
	fprintf(text,
		"The pool is on another machine. %s: run `holdfast info' there, with the paths of the parts, to know why.\n",
		survival_sentence(set->survival));
	if (remote_has_state(set))
		put_state(text, set);
	put_volatile_parts(text, set);
	if (set->created && !set->busy)
		fputs(set->header_size ? "The first bytes belong to the pool's header.\n"
				       : "The pool has no header: all bytes are the program's.\n",
			text);
	if (remote_stats(set))
		put_stats(text, remote_stats(set));
	put_method(text, "verbs", set->method_verbs);
	put_method(text, "tcp", set->method_tcp);
	put_method(text, "ssh", set->method_ssh);
	put_provider(text, set);
	fputs("Persists without RPMEM_PERSIST_RELAXED send the data in messages.\n", text);
}

static char *words(const struct holdfast_remote_set *set)
{
	struct collected text;

	put_text(collect_begin(&text), set);
	return collect_end(&text);
}

/*
 * ---- asking the other machine
 */

/*
 * Returns the library's message without its beginning "HOST: POOLSET: ", because this tool prints
 * the path itself.
 */
static const char *without_names(const char *message, const char *target, const char *set)
{
	for (const char *const *name = (const char *const[]){target, set, NULL}; *name; name++) {
		size_t length = strlen(*name);

		if (strncmp(message, *name, length) || strncmp(message + length, ": ", 2))
			return message;
		message += length + 2;
	}
	return message;
}

void remote_explain(struct answer *answer)
{
	const char *missing = load();
	char *target = must_copy(answer->path), *colon = strrchr(target, ':');

	*colon = '\0';
	if (missing)
		fail(answer, missing);
	else if (colon == target || !colon[1])
		fail(answer, "neither a file nor HOST:POOLSET");
	else if (rpmem.describe(target, colon + 1, &answer->set))
		fail(answer, without_names(rpmem.errormsg(), target, colon + 1));
	else
		answer->text = words(answer->set);
	free(target);
}

const char *remote_method(enum holdfast_method method)
{
	return rpmem.method_name(method);
}

const char *remote_provider(enum holdfast_provider provider)
{
	return rpmem.provider_name(provider);
}

void remote_fini(struct answer *answer)
{
	if (answer->set)
		rpmem.set_free(&answer->set);
	free(answer->text);
}

static void require_survival(struct answer *answer, enum holdfast_survival survival)
{
	switch (survival) {
	case HOLDFAST_SURVIVES:
		answer->outcome = OUTCOME_YES;
		answer->because = NULL;
		return;
	case HOLDFAST_SURVIVES_NOT:
		answer->outcome = OUTCOME_NO;
		answer->because = "the target's storage is volatile";
		return;
	case HOLDFAST_SURVIVES_ELSEWHERE:
		answer->because =
			"another machine or storage layer decides whether stores survive a power cut";
		return;
	case HOLDFAST_SURVIVES_UNKNOWN:
		answer->because = "the target cannot tell whether stores survive a power cut";
		return;
	}
	answer->because = "this version does not know the target's answer";
}

/* Does what path_require() does, for a pool set on another machine. */
void remote_require(struct answer *answer, enum pmem2_granularity required)
{
	const struct holdfast_remote_set *set = answer->set;

	answer->outcome = OUTCOME_UNKNOWN;
	if (set->busy) {
		answer->because = "the pool is in use";
	} else if (!set->created) {
		answer->because = "there is no pool yet";
	} else if (remote_has_state(set) && set->inconsistent) {
		answer->outcome = OUTCOME_NO;
		answer->because = "the pool is inconsistent";
	} else if (set->granularity > required) {
		answer->outcome = OUTCOME_NO;
		answer->because = "the granularity is coarser";
	} else {
		require_survival(answer, set->survival);
	}
}
