/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * look.c - one run of `holdfast info --health`, a "look": reads the state of the previous look,
 * judges, reports, and stores the new state
 */
#include <libpmem2.h>
#include <stdio.h>
#include <stdlib.h>

#include "health.h"

static void find_state_trouble(struct health *health, char *why)
{
	char *what;

	if (!why)
		return;
	if (asprintf(&what, "state file %s", health->path) < 0)
		what = must_copy(NULL);
	health_find(health, what, "state", 0, "%s", why);
	free(what);
	free(why);
}

static struct seen_file *prepare_state(struct health *health)
{
	struct seen after = {.time = NULL};
	struct seen_file *file = NULL;

	seen_update(&after, &health->before, health->now);
	find_state_trouble(health, seen_prepare(&file, &after, health->path));
	seen_fini(&after);
	return file;
}

static void conclude(struct health *health)
{
	static const char *const verdicts[] = {
		[OUTCOME_YES] = "nothing is wrong as far as the kernel knows",
		[OUTCOME_NO] = "something is wrong",
		[OUTCOME_UNKNOWN] = "it could not be found out whether anything is wrong",
	};

	health->outcome = health->finding_count ? OUTCOME_UNKNOWN : OUTCOME_YES;
	for (size_t i = 0; i < health->finding_count; i++)
		if (health->findings[i]->is_wrong)
			health->outcome = OUTCOME_NO;
	health->verdict = verdicts[health->outcome];
}

static bool print(const struct health *health, enum health_format format)
{
	bool done = true;

	switch (format) {
	case HEALTH_TEXT:
		text_health(health);
		break;
	case HEALTH_JSON:
		done = json_health(health);
		break;
	case HEALTH_PROMETHEUS:
		prometheus_health(health);
		break;
	}
	return done && !fflush(stdout) && !ferror(stdout);
}

/*
 * Reports, and then stores the new state. If the report fails, the new state is not stored, so that
 * the next look reports the same findings again.
 */
static enum outcome report(struct health *health, enum health_format format, struct seen_file *file)
{
	if (!print(health, format)) {
		seen_abandon(file);
		return OUTCOME_UNKNOWN;
	}
	char *why = file ? seen_commit(file) : NULL;
	if (!why)
		return health->outcome;
	fprintf(stderr, "holdfast: state file %s: %s\n", health->path, why);
	free(why);
	return health->outcome == OUTCOME_NO ? OUTCOME_NO : OUTCOME_UNKNOWN;
}

static void forget(struct health *health)
{
	for (size_t i = 0; i < health->finding_count; i++) {
		free(health->findings[i]->what);
		free(health->findings[i]->text);
		free(health->findings[i]);
	}
	free(health->findings);
	seen_fini(&health->before);
	holdfast_health_free(&health->now);
}

enum outcome health_look(enum health_format format, const char *path)
{
	struct health health = {.path = path ? path : HEALTH_STATE};
	struct seen_file *file = NULL;

	if (holdfast_read_health(&health.now)) {
		fprintf(stderr, "holdfast: this machine: %s\n", pmem2_errormsg());
		return OUTCOME_UNKNOWN;
	}
	/*
	 * Do not replace a file that cannot be read as a state file: the user may have named a
	 * wrong file.
	 */
	char *why = seen_read(&health.before, health.path);
	bool is_usable = !why;
	find_state_trouble(&health, why);
	health_judge(&health);
	if (is_usable)
		file = prepare_state(&health);
	conclude(&health);
	enum outcome outcome = report(&health, format, file);
	forget(&health);
	return outcome;
}
