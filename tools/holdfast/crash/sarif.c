/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sarif.c - writes the facts as SARIF 2.1.0, for services that show findings beside source lines
 *
 * There is a result for each bug: at the lost store, with the early one and the crash as related
 * locations. Notifications list what could not be observed. Like the JSON, the output does not
 * depend on the clock.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "holdfast/tool.h"
#include "facts.h"

#define SCHEMA                                                                                     \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"                      \
	"sarif-schema-2.1.0.json"
/* stands for the root folder of the sources, which is the working directory; services replace it */
#define HERE "%SRCROOT%"

static struct json_object *add_object(struct json_object *to, const char *key)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(to, key, object);
	return object;
}

static struct json_object *add_array(struct json_object *to, const char *key)
{
	struct json_object *array = json_object_new_array();

	json_object_object_add(to, key, array);
	return array;
}

static struct json_object *append_object(struct json_object *array)
{
	struct json_object *object = json_object_new_object();

	json_object_array_add(array, object);
	return object;
}

static void add_number(struct json_object *to, const char *key, uint64_t number)
{
	json_object_object_add(to, key, json_object_new_uint64(number));
}

static void add_message(struct json_object *to, const char *key, const char *words)
{
	json_add_words(add_object(to, key), "text", words);
}

/* ---- locations */

static void print_escaped(FILE *to, const char *path)
{
	for (; *path; path++) {
		unsigned char byte = (unsigned char)*path;
		bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
				(byte >= '0' && byte <= '9') || strchr("/-._~", byte);
		fprintf(to, is_plain ? "%c" : "%%%02X", byte);
	}
}

/*
 * Returns the URI of a path, in new memory. The URI of a file below the working directory is
 * relative.
 */
static char *uri_of(const char *path, bool *is_relative)
{
	char *here = getcwd(NULL, 0);
	size_t length = here ? strlen(here) : 0;
	struct collected words;
	FILE *to = collect_begin(&words);

	*is_relative = length > 1 && !strncmp(path, here, length) && path[length] == '/';
	if (*is_relative)
		path += length + 1;
	else if (*path == '/')
		fputs("file://", to);
	print_escaped(to, path);
	free(here);
	return collect_end(&words);
}

static void add_place(struct json_object *location, const struct call *call)
{
	struct json_object *physical = add_object(location, "physicalLocation");
	struct json_object *artifact = add_object(physical, "artifactLocation");
	bool is_relative;
	char *uri = uri_of(call->file, &is_relative);

	json_add_words(artifact, "uri", uri);
	if (is_relative)
		json_add_words(artifact, "uriBaseId", HERE);
	add_number(add_object(physical, "region"), "startLine", call->line);
	free(uri);
}

static struct json_object *add_name(struct json_object *location, const char *name)
{
	struct json_object *logical = append_object(add_array(location, "logicalLocations"));

	json_add_words(logical, "fullyQualifiedName", name);
	return logical;
}

static void fill_location(struct json_object *location, const struct call *call)
{
	add_place(location, call);
	json_add_words(add_name(location, call->function), "kind", "function");
}

/* Adds a related location: with a source line, or otherwise with an address as text. */
static struct json_object *append_related(
	struct json_object *array, const struct call *call, const char *words)
{
	struct json_object *location = append_object(array);

	add_number(location, "id", json_object_array_length(array));
	if (call)
		fill_location(location, call);
	else
		add_name(location, words);
	return location;
}

static void append_stack(struct json_object *array, const char *role, const struct calls *calls)
{
	struct json_object *stack, *frames;

	if (!calls->count)
		return;
	stack = append_object(array);
	add_message(stack, "message", role);
	frames = add_array(stack, "frames");
	for (unsigned i = 0; i < calls->count; i++)
		fill_location(add_object(append_object(frames), "location"), &calls->list[i]);
}

/* ---- results */

static char *message_of(const struct facts *facts, const struct fact_bug *bug)
{
	enum model model = facts->findings->options->explore.model;
	char *lost = bug->lost.is_there ? fact_store_words("lost", &bug->lost) : NULL;
	char *early = bug->early.is_there ? fact_store_words("early", &bug->early) : NULL;
	char *words;

	if (asprintf(&words, "%s: %llu of %llu images of a %s fail (%s%s%s). %s%s%s%sRepair: %s.",
		    bug->name, (unsigned long long)bug->failing, (unsigned long long)bug->images,
		    model == MODEL_PROCESS  ? "kill"
		    : model == MODEL_MIRROR ? "loss of the machine"
					    : "power cut",
		    bug->status, bug->output ? ": " : "", bug->output ? bug->output : "",
		    lost ? lost : "", lost ? ". " : "", early ? early : "", early ? ". " : "",
		    bug->repair) < 0)
		words = NULL;
	free(lost);
	free(early);
	return words;
}

/*
 * Makes a bug's fingerprint from its cause and functions, and not from line numbers, which change
 * when the source is edited.
 */
static void add_fingerprint(struct json_object *result, const struct fact_bug *bug)
{
	const struct call *lost = fact_call(bug, &bug->lost);
	const struct call *early = fact_call(bug, &bug->early);
	char *words;

	if (asprintf(&words, "%s/%s/%s", fact_causes[bug->cause].id, lost ? lost->function : "",
		    early ? early->function : "") < 0)
		return;
	json_add_words(add_object(result, "partialFingerprints"), "causeAndFunctions/v1", words);
	free(words);
}

static void add_places(struct json_object *result, const struct fact_bug *bug)
{
	const struct call *call = fact_main_call(bug);
	struct json_object *related, *stacks;
	struct json_object *location = append_object(add_array(result, "locations"));

	if (call)
		fill_location(location, call);
	else
		add_name(location, bug->lost.is_there ? bug->lost.words : bug->crash_words);
	related = add_array(result, "relatedLocations");
	if (bug->early.is_there) {
		char *words = fact_store_words("early", &bug->early);
		location = append_related(related, fact_call(bug, &bug->early), bug->early.words);
		add_message(location, "message", words);
		free(words);
	}
	if (!bug->is_at_end) {
		call = bug->crash.count ? bug->crash.list : NULL;
		location = append_related(related, call, bug->crash_words);
		add_message(location, "message", "the crash comes before this event");
	}
	stacks = add_array(result, "stacks");
	append_stack(stacks, "lost", &bug->lost.calls);
	append_stack(stacks, "early", &bug->early.calls);
}

static void add_result(
	struct json_object *results, const struct facts *facts, const struct fact_bug *bug)
{
	struct json_object *result = append_object(results);
	char *message = message_of(facts, bug);

	json_add_words(result, "ruleId", fact_causes[bug->cause].id);
	add_number(result, "ruleIndex", bug->cause);
	json_add_words(result, "level", "error");
	add_message(result, "message", message);
	add_places(result, bug);
	add_fingerprint(result, bug);
	json_add_rows(add_object(result, "properties"), bug_rows, bug);
	free(message);
}

/* ---- the run */

static void add_rules(struct json_object *driver)
{
	struct json_object *rules = add_array(driver, "rules");

	for (unsigned i = 0; i < FACT_CAUSES; i++) {
		struct json_object *rule = append_object(rules);
		json_add_words(rule, "id", fact_causes[i].id);
		add_message(rule, "shortDescription", fact_causes[i].name);
		add_message(rule, "fullDescription", fact_causes[i].meaning);
		add_message(rule, "help", fact_causes[i].repair);
		json_add_words(add_object(rule, "defaultConfiguration"), "level", "error");
	}
}

static void add_notification(struct json_object *notes, const char *level, const char *words)
{
	struct json_object *note = append_object(notes);

	json_add_words(note, "level", level);
	add_message(note, "message", words);
}

static void add_invocation(struct json_object *run, const struct facts *facts)
{
	struct json_object *invocation = append_object(add_array(run, "invocations"));
	struct json_object *notes;

	json_object_object_add(invocation, "executionSuccessful", json_object_new_boolean(true));
	notes = add_array(invocation, "toolExecutionNotifications");
	add_notification(notes, "note", facts->level_words);
	if (facts->accepts_anything)
		add_notification(notes, "warning",
			"the check accepted even an empty file: it may check nothing");
	for (unsigned i = 0; i < facts->blind.count; i++)
		add_notification(notes, "warning", facts->blind.words[i]);
	if (facts->how)
		add_notification(notes, "note", facts->how);
}

static void add_base(struct json_object *run)
{
	char *here = getcwd(NULL, 0);
	struct collected text;
	FILE *to = collect_begin(&text);

	fputs("file://", to);
	print_escaped(to, here ? here : "");
	fputc('/', to);
	char *words = collect_end(&text);
	json_add_words(add_object(add_object(run, "originalUriBaseIds"), HERE), "uri", words);
	free(words);
	free(here);
}

/* Makes the SARIF log, which contains one run. */
static struct json_object *begin_log(struct json_object **run)
{
	struct json_object *log = json_object_new_object(), *driver;

	json_add_words(log, "$schema", SCHEMA);
	json_add_words(log, "version", "2.1.0");
	*run = append_object(add_array(log, "runs"));
	driver = add_object(add_object(*run, "tool"), "driver");
	json_add_words(driver, "name", "holdfast crash");
	json_add_words(driver, "version", HOLDFAST_VERSION);
	add_rules(driver);
	return log;
}

bool report_sarif(const struct facts *facts, FILE *to)
{
	struct json_object *run, *log = begin_log(&run), *results;

	add_invocation(run, facts);
	add_base(run);
	results = add_array(run, "results");
	for (unsigned i = 0; i < facts->bug_count; i++)
		add_result(results, facts, &facts->bugs[i]);
	json_add_rows(add_object(run, "properties"), run_rows, facts);
	return json_write(log, to);
}

/*
 * Reports a failed run. Leaves out the array of results, because an empty array would mean that no
 * bug was found.
 */
bool report_sarif_failure(int status, const char *message, FILE *to)
{
	struct json_object *run, *log = begin_log(&run);
	struct json_object *invocation = append_object(add_array(run, "invocations"));

	json_object_object_add(invocation, "executionSuccessful", json_object_new_boolean(false));
	add_number(invocation, "exitCode", (uint64_t)status);
	add_notification(add_array(invocation, "toolExecutionNotifications"), "error", message);
	return json_write(log, to);
}
