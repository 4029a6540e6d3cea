/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engines.c - tests the table of engines, and which engine is chosen for which CPU features and
 * environment
 *
 * An engine is a set of functions that copy, fill and flush with certain instructions; a row of
 * tuning says how a certain CPU is best used.
 */
#include <ctype.h>
#include <stdint.h>

#include "cpu/arch.h"
#include "tap.h"
#include "unit/features.h"

/* The state of `cpu` before cpu_init(). */
static struct cpu untouched;

static uint32_t all_features(void)
{
	uint32_t all = 0;

	for (int bit = 0; arch_feature_names[bit]; bit++)
		all |= 1u << bit;
	return all;
}

static void test_row(const struct cpu_engine *engine)
{
	const char *name = engine->name;

	ok(cpu_engine_named(name) == engine,
		"engine %s: is found by its name, which no other engine has", name);
	ok(engine->flush && engine->drain && engine->persist && engine->persist_fetching,
		"engine %s: has functions that flush and drain", name);
	ok(engine->move_line && engine->move_byte, "engine %s: has functions that copy", name);
	ok(engine->set_line && engine->set_byte, "engine %s: has functions that fill", name);
	ok(!(engine->needs & ~all_features()),
		"engine %s: all features that the engine needs have names", name);
	ok(engine->flushes == (strncmp(name, "none-", 5) != 0),
		"engine %s: the member `flushes` of its struct agrees with its name", name);
	is_int(engine->line_size, engine->flushes && strncmp(name, "any_", 4) ? USUAL_LINE_HERE : 0,
		"engine %s: the member `line_size` of its struct agrees with its name", name);
}

static void test_table(void)
{
	const struct cpu_engine *engine = cpu_engines(), *last = NULL;

	for (; engine->name; last = engine++)
		test_row(engine);
	is_int(last ? last->needs + last->line_size : 1, 0,
		"table of engines: the last engine needs no CPU feature, and works with cache lines of any size");
	ok(!cpu_engine_named("abacus"), "engine named abacus: is not found");
	ok(!cpu_engine_named(""), "engine without a name: is not found");
}

/* The first feature of the list that is in the mask, or else `otherwise`. */
TAP_UNUSED static const char *best(
	const char *const names[], uint32_t features, const char *otherwise)
{
	for (; *names; names++)
		if (features & feature_bit(*names))
			return *names;
	return otherwise;
}

/*
 * The name of the engine that each architecture should choose, found without the table of engines.
 */
#ifdef __x86_64__
static void expected_on_x86(uint32_t features, bool usual, char *name, size_t size)
{
	static const char *const flushes[] = {"clwb", "clflushopt", "clflush", NULL};
	static const char *const copies[] = {"movdir64b", "avx512f", "avx", "sse2", NULL};
	const char *flush = best(flushes, features, "none");
	const char *copy;

	/*
	 * Copies by MOVDIR64B need SSE2 for their ends, and CLWB: all CPUs with MOVDIR64B have
	 * both.
	 */
	if (!(features & feature_bit("sse2")) || strcmp(flush, "clwb"))
		features &= ~feature_bit("movdir64b");
	copy = best(copies, features, "words");
	/* Without a flush instruction, copies have nothing to gain from bypassing the caches. */
	if (!strcmp(flush, "none") || !usual)
		copy = "words";
	snprintf(name, size, "%s%s-%s", usual || !strcmp(flush, "none") ? "" : "any_", flush, copy);
}
#endif

static void expected_engine(uint32_t features, size_t line_size, char *name, size_t size)
{
	TAP_UNUSED bool usual = line_size == USUAL_LINE_HERE;
	TAP_UNUSED const char *any = usual ? "" : "any_";

	if (!all_features()) { /* LoongArch, and architectures without a port */
		snprintf(name, size, "none-words");
		return;
	}
#ifdef __x86_64__
	expected_on_x86(features, usual, name, size);
#elif defined(__aarch64__)
	static const char *const cleans[] = {"dcpodp", "dcpop", NULL};
	const char *clean = best(cleans, features, "");

	snprintf(name, size, "%s%s-neon", any,
		!strcmp(clean, "dcpodp")  ? "cvadp"
		: !strcmp(clean, "dcpop") ? "cvap"
					  : "cvac");
#elif defined(__riscv)
	if (features & feature_bit("zicbom"))
		snprintf(name, size, "%scboclean-words", any);
	else
		snprintf(name, size, "none-words");
#else
	static const char *const levels[] = {"arch_3_1", "arch_2_07", NULL};
	const char *level = best(levels, features, "none");

	snprintf(name, size, "%s%s-words", strcmp(level, "none") ? any : "",
		!strcmp(level, "arch_3_1")    ? "dcbstps"
		: !strcmp(level, "arch_2_07") ? "dcbf"
					      : "none");
#endif
}

static void test_choice(size_t line_size)
{
	uint32_t all = all_features(), asked_too_much = 0, wrong = 0;
	char expected[64];

	for (uint32_t features = 0; features <= all; features++) {
		const struct cpu_engine *engine = cpu_engine_for(features, line_size);

		expected_engine(features, line_size, expected, sizeof(expected));
		if (engine->needs & ~features && !asked_too_much++)
			diag("%s chosen for%s", engine->name, feature_names(features));
		if ((!engine->name || strcmp(engine->name, expected)) && !wrong++)
			diag("%s, not %s, chosen for%s", engine->name, expected,
				feature_names(features));
	}
	is_int(asked_too_much, 0,
		"%zu-byte cache lines: no set of CPU features gets an engine that needs a feature outside of the set",
		line_size);
	is_int(wrong, 0,
		"%zu-byte cache lines: each of %u sets of CPU features gets the best engine that it allows",
		line_size, all + 1);
}

/* Tests one row of the tuning table, and the settings that cpu_init_tuned() makes from it. */
static void test_tuning_row(const struct cpu_tuning *row)
{
	uint32_t has;

	for (const struct cpu_tuning *other = cpu_tunings(); other != row; other++)
		ok(strcmp(other->name, row->name),
			"tuning row %s: its name differs from that of row %s", row->name,
			other->name);
	ok(!((row->shunned | row->instead) & ~all_features()),
		"tuning row %s: all features that the row avoids have names", row->name);
	cpu = untouched;
	cpu_init_tuned(row);
	is_str(cpu.tuning.name, row->name, "tuning row %s: cpu_init_tuned() uses the row",
		row->name);
	has = cpu_tuning_leaves(row, cpu.features);
	ok(cpu.engine == cpu_engine_for(has, cpu.line_size),
		"tuning row %s: the engine is the best one for the features that the row does not avoid",
		row->name);
	is_int(cpu.fence_while_streaming, row->fence_while_streaming,
		"tuning row %s: fence_while_streaming is taken from the row", row->name);
	is_int(cpu.stream_threshold, row->stream_lines * cpu.line_size,
		"tuning row %s: stream_threshold is taken from the row", row->name);
	is_int(cpu.stream_threshold_nodrain, row->stream_lines_nodrain * cpu.line_size,
		"tuning row %s: stream_threshold_nodrain is taken from the row", row->name);
	ok(cpu_persist() ==
			(row->persist_fetches ? cpu.engine->persist_fetching : cpu.engine->persist),
		"tuning row %s: persist prefetches cache lines exactly if the row says so",
		row->name);
	cpu = untouched;
}

static void test_tunings(void)
{
	size_t count = tuning_count();
	const struct cpu_tuning *last = &cpu_tunings()[count - 1];

	for (size_t i = 0; i < count; i++)
		test_tuning_row(&cpu_tunings()[i]);
	is_str(last->name, "plain", "tuning table: the last row is called plain");
	ok(!last->shunned && !last->persist_fetches && !last->move_fetches && !last->set_fetches &&
			last->fetches_ahead_above == SIZE_MAX && !last->fetches_ends &&
			last->stream_groups_above == SIZE_MAX &&
			last->exact_ends_above == SIZE_MAX && !last->flushes_back &&
			last->stream_lines == 4 && last->stream_lines_nodrain == 4 &&
			!last->fence_while_streaming,
		"tuning row plain: all optimizations are off");
	is_str(untouched.tuning.name, "plain",
		"tuning table: before cpu_init() the row plain is in use");
}

/*
 * The features that each setting disables on a CPU that has all features. Only exact values have
 * an effect: "1 " is not "1".
 */
static const struct {
	const char *variable, *value, *taken;
} settings[] = {
	{"PMEM_NO_CLWB", "1", " clwb movdir64b"},
	{"PMEM_NO_CLWB", "0", " movdir64b"},
	{"PMEM_NO_CLWB", "", " movdir64b"},
	{"PMEM_NO_CLWB", "1 ", " movdir64b"},
	{"PMEM_NO_CLWB", "yes", " movdir64b"},
	{"PMEM_NO_CLFLUSHOPT", "1", " clflushopt movdir64b"},
	{"PMEM_NO_CLFLUSHOPT", "0", " movdir64b"},
	{"PMEM_NO_CLFLUSHOPT", "01", " movdir64b"},
	{"PMEM_NO_CLFLUSHOPT", "yes", " movdir64b"},
	{"PMEM_AVX", "0", " avx movdir64b"},
	{"PMEM_AVX", "1", " movdir64b"},
	{"PMEM_AVX", "", " movdir64b"},
	{"PMEM_AVX", "no", " movdir64b"},
	{"PMEM_AVX512F", "0", " avx512f movdir64b"},
	{"PMEM_AVX512F", "1", " movdir64b"},
	{"PMEM_AVX512F", "0 ", " movdir64b"},
	{"PMEM_MOVDIR64B", "1", ""},
	{"PMEM_MOVDIR64B", "", ""},
	{"PMEM_MOVDIR64B", "no", ""},
	{"PMEM_MOVDIR64B", "00", ""},
	{"PMEM_MOVDIR64B", "0", " movdir64b"},
	{"PMEM_NO_MOVNT", "1", " sse2 avx avx512f movdir64b"},
	{"PMEM_NO_MOVNT", "0", " movdir64b"},
	{"PMEM_NO_MOVNT", "1 ", " movdir64b"},
	{"PMEM_NO_MOVNT", "yes", " movdir64b"},
};

static void clean_environment(void)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		unsetenv(settings[i].variable);
	unsetenv("PMEM_MOVNT_THRESHOLD");
	unsetenv("PMEM_WC_WORKAROUND");
}

static const char *taken_away(void)
{
	return feature_names(all_features() & ~arch_allowed(all_features()));
}

static void test_settings(void)
{
	if (!feature_bit("clflush")) {
		is_str(taken_away(), "", "environment: without variables no feature is disabled");
		return;
	}
	is_str(taken_away(), " movdir64b",
		"environment: MOVDIR64B is used only if a variable asks for it");
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		setenv(settings[i].variable, settings[i].value, true);
		is_str(taken_away(), settings[i].taken,
			"%s=\"%s\": the right features are disabled", settings[i].variable,
			settings[i].value);
		unsetenv(settings[i].variable);
	}
	setenv("PMEM_NO_CLWB", "1", true);
	setenv("PMEM_NO_CLFLUSHOPT", "1", true);
	setenv("PMEM_MOVDIR64B", "1", true);
	is_str(taken_away(), " clflushopt clwb",
		"environment: PMEM_NO_CLWB and PMEM_NO_CLFLUSHOPT together disable both features");
	is_int(arch_allowed(0), 0, "environment: no setting adds a feature that the CPU lacks");
	clean_environment();
}

/* Calls cpu_init() in an environment with this one setting. */
static void init_with(const char *variable, const char *value)
{
	cpu = untouched;
	setenv(variable, value, true);
	cpu_init();
	unsetenv(variable);
}

/* In the table below: the default threshold, which depends on the size of the CPU's cache lines. */
#define DERIVED SIZE_MAX

static void test_threshold(void)
{
	static const struct {
		const char *value;
		size_t threshold;
	} rows[] = {
		{"0", 0},
		{"100", 100},
		{" 100", 100},
		{"100k", 100},
		{"-1", DERIVED},
		{"-100", DERIVED},
		{"lots", 0},
		{"", 0},
		{"9223372036854775807", INT64_MAX},
		{"99999999999999999999", INT64_MAX},
	};

	is_int(untouched.stream_threshold, 256,
		"stream_threshold: before cpu_init(), it has the size of four cache lines of 64 bytes");
	is_int(untouched.stream_threshold_nodrain, 256,
		"stream_threshold_nodrain: before cpu_init(), it has the size of four cache lines of 64 bytes");
	cpu_init();
	size_t drained = cpu.tuning.stream_lines * cpu.line_size;
	size_t undrained = cpu.tuning.stream_lines_nodrain * cpu.line_size;
	is_int(cpu.stream_threshold, drained,
		"stream_threshold: is as many cache lines as the CPU's tuning row says");
	is_int(cpu.stream_threshold_nodrain, undrained,
		"stream_threshold_nodrain: is as many cache lines as the CPU's tuning row says");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t expected = rows[i].threshold;
		init_with("PMEM_MOVNT_THRESHOLD", rows[i].value);
		is_int(cpu.stream_threshold, expected == DERIVED ? drained : expected,
			"stream_threshold: PMEM_MOVNT_THRESHOLD=\"%s\" gives the expected value",
			rows[i].value);
		is_int(cpu.stream_threshold_nodrain, expected == DERIVED ? undrained : expected,
			"stream_threshold_nodrain: PMEM_MOVNT_THRESHOLD=\"%s\" gives the expected value",
			rows[i].value);
	}
	cpu = untouched;
}

static void test_fence_while_streaming(void)
{
	static const char *const ignored[] = {"", "1 ", "01", "yes", "no", "00", "-1", NULL};
	struct cpu found = untouched;

	arch_detect(&found);
	cpu_init();
	is_int(cpu.fence_while_streaming, found.tuning.fence_while_streaming,
		"fence_while_streaming: without PMEM_WC_WORKAROUND the value is that of the CPU's tuning row");
	init_with("PMEM_WC_WORKAROUND", "1");
	ok(cpu.fence_while_streaming,
		"fence_while_streaming: PMEM_WC_WORKAROUND=\"1\" switches the fences on");
	init_with("PMEM_WC_WORKAROUND", "0");
	ok(!cpu.fence_while_streaming,
		"fence_while_streaming: PMEM_WC_WORKAROUND=\"0\" switches the fences off");
	for (int i = 0; ignored[i]; i++) {
		init_with("PMEM_WC_WORKAROUND", ignored[i]);
		is_int(cpu.fence_while_streaming, found.tuning.fence_while_streaming,
			"fence_while_streaming: PMEM_WC_WORKAROUND=\"%s\" is ignored", ignored[i]);
	}
	cpu = untouched;
}

static void check_init(const char *environment)
{
	struct cpu found = untouched;

	arch_detect(&found);
	is_int(cpu.features, arch_allowed(found.features),
		"cpu.features: contains the features of the CPU that the environment allows (%s)",
		environment);
	is_str(cpu.tuning.name, found.tuning.name,
		"cpu.tuning: is the tuning row for this CPU (%s)", environment);
	ok(cpu.engine == cpu_engine_for(
				 cpu_tuning_leaves(&found.tuning, cpu.features), cpu.line_size),
		"cpu.engine: is the best engine for the features in use (%s)", environment);
	is_int(cpu.line_size, found.line_size,
		"cpu.line_size: is the size that the CPU reports (%s)", environment);
}

static void test_init(void)
{
	cpu_init();
	check_init("clean environment");
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		char text[64];

		setenv(settings[i].variable, settings[i].value, true);
		cpu = untouched;
		cpu_init();
		snprintf(text, sizeof(text), "%s=\"%s\"", settings[i].variable, settings[i].value);
		check_init(text);
		unsetenv(settings[i].variable);
	}
	cpu = untouched;
}

/*
 * The value of the first line with this key in /proc/cpuinfo, in a buffer that the next call
 * reuses.
 */
static const char *cpuinfo(const char *key)
{
	static char line[8192];
	FILE *file = fopen("/proc/cpuinfo", "r");
	const char *value = NULL;

	while (file && !value && fgets(line, sizeof(line), file)) {
		size_t n = strlen(key);
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, key, n) && isspace((unsigned char)line[n]))
			value = strchr(line, ':');
	}
	if (file)
		fclose(file);
	return value ? value + 1 + strspn(value + 1, " ") : NULL;
}

static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (; text; text = strchr(text, ' ')) {
		text += strspn(text, " ");
		if (!strncmp(text, word, n) && (text[n] == ' ' || text[n] == '\0'))
			return true;
	}
	return false;
}

#ifdef __aarch64__
#define FEATURES_IN_CPUINFO "Features"
#elif defined(__riscv)
#define FEATURES_IN_CPUINFO "isa"
#else
#define FEATURES_IN_CPUINFO "flags"
#endif

/*
 * Compares the features found by arch_detect() with those that /proc/cpuinfo lists. The kernel does
 * not list features whose registers it does not save, so this also tests that arch_detect() reads
 * XCR0.
 */
static void test_detection(void)
{
	struct cpu found = {.line_size = 0, .tuning = untouched.tuning};
	const char *flags = emulator() ? NULL : cpuinfo(FEATURES_IN_CPUINFO), *text;

	arch_detect(&found);
	if (!all_features() || !flags) {
		skip("/proc/cpuinfo: lists the features that arch_detect() finds",
			!all_features() ? "this architecture has no optional features"
			: emulator()    ? "it describes the emulator's host"
					: "it lists no features");
		return;
	}
	for (int bit = 0; arch_feature_names[bit]; bit++)
		is_int(found.features >> bit & 1, has_word(flags, arch_feature_names[bit]),
			"feature %s: arch_detect() finds the feature exactly if /proc/cpuinfo lists it",
			arch_feature_names[bit]);
	text = cpuinfo("clflush size");
	if (text)
		is_int(found.line_size, atoi(text),
			"cpu.line_size: is the size that /proc/cpuinfo has");
	text = cpuinfo("vendor_id");
	if (text)
		is_int(found.tuning.fence_while_streaming, !strcmp(text, "GenuineIntel"),
			"fence_while_streaming: is on for Intel's processors only");
}

int main(void)
{
	untouched = cpu;
	clean_environment();
	test_table();
	test_choice(USUAL_LINE_HERE);
	test_choice(32);
	test_choice(256);
	test_tunings();
	test_settings();
	test_threshold();
	test_fence_while_streaming();
	test_init();
	test_detection();
	return tap_done();
}
