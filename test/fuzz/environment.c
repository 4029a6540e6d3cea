/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * environment.c - a fuzzer of the variables that libpmem2 reads when it is loaded, and at each map
 *
 * Each line of the input is NAME=VALUE. Names that are not in the table names[] are ignored. Log
 * files are made in a temporary directory: slashes in their names are replaced.
 */

#include "base/err.h"
#include "base/log.h"
#include "cpu/cpu.h"
#include "fuzz.h"
#include "map/granularity.h"
#include "unit/tree.h"

static const char *const names[] = {
	"PMEM_NO_CLWB",
	"PMEM_NO_CLFLUSHOPT",
	"PMEM_NO_MOVNT",
	"PMEM_NO_GENERIC_MEMCPY",
	"PMEM_MOVNT_THRESHOLD",
	"PMEM_AVX",
	"PMEM_AVX512F",
	"PMEM_MOVDIR64B",
	"PMEM_WC_WORKAROUND",
	"PMEM2_FORCE_GRANULARITY",
	"PMEM2_LOG_LEVEL",
	"PMEM2_LOG_FILE",
};

#define NAMES (sizeof(names) / sizeof(names[0]))

static void set(char *line)
{
	char *equals = strchr(line, '=');

	if (!equals)
		return;
	*equals = '\0';
	for (size_t i = 0; i < NAMES; i++) {
		if (strcmp(line, names[i]))
			continue;
		if (!strcmp(line, "PMEM2_LOG_FILE"))
			for (char *slash = equals; (slash = strchr(slash + 1, '/'));)
				*slash = '_';
		setenv(line, equals + 1, 1);
	}
}

static void set_all(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *rest = text;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *line; (line = strsep(&rest, "\n"));)
		set(line);
	free(text);
}

/*
 * Starts the log. Returns the descriptor that it opened, the lowest free one; -1 if it opened
 * none.
 */
static int open_log(void)
{
	int next = dup(STDERR_FILENO);

	close(next);
	log_init("PMEM2");
	return fcntl(next, F_GETFD) < 0 ? -1 : next;
}

/*
 * Sends the log to /dev/null. Returns the descriptor of the log: the fuzzer closes it at the next
 * input, since the library opens only one log in a process, and never closes it.
 */
static int quiet_log(void)
{
	setenv("PMEM2_LOG_LEVEL", "1", 1);
	setenv("PMEM2_LOG_FILE", "/dev/null", 1);
	return open_log();
}

static void check_granularity(void)
{
	const struct device file = {.kind = DEVICE_FILE}, dax = {.kind = DEVICE_DAX};
	const struct region none = {.found = false};
	struct granularity found = {.value = PMEM2_GRANULARITY_PAGE};

	must(!granularity_decide(&found, &file, &none, false, true));
	must(found.value <= PMEM2_GRANULARITY_PAGE && granularity_name(found.value));
	const char *forced = getenv("PMEM2_FORCE_GRANULARITY");
	if (!forced || strlen(forced) > strlen("CACHE_LINE"))
		must(found.value == PMEM2_GRANULARITY_PAGE);
	/* A DAX device outside of all regions is refused, unless its granularity is forced. */
	struct granularity dax_found = {.value = PMEM2_GRANULARITY_PAGE};
	int error = granularity_decide(&dax_found, &dax, &none, true, true);
	must(error ? error == PMEM2_E_NOSUPP : dax_found.value == found.value);
}

static void check_engine(void)
{
	char from[700], to[700];

	must(cpu.engine && cpu.engine->name);
	must(!(cpu.engine->needs & ~cpu.features));
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (char)i;
	memset(to, 0, sizeof(to));
	must(cpu.engine->move_line(to, from, sizeof(from), 0) == to);
	must(!memcmp(from, to, sizeof(from)));
	cpu.engine->set_byte(to, 7, sizeof(to), 0);
	must(to[0] == 7 && !memcmp(to, to + 1, sizeof(to) - 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int null_log = -1;

	for (size_t i = 0; i < NAMES; i++)
		unsetenv(names[i]);
	tree_open();
	if (chdir(tree_root))
		abort();
	set_all(data, size);
	int log = open_log();
	must(atomic_load(&log_threshold) <= LOG_DEBUG);
	cpu_init();
	check_engine();
	check_granularity();
	err_set(-1, "%s", getenv("PMEM2_LOG_FILE") ? getenv("PMEM2_LOG_FILE") : "");
	int before = null_log;
	null_log = quiet_log();
	if (log >= 0)
		close(log);
	if (before >= 0)
		close(before);
	if (chdir("/"))
		abort();
	tree_close();
	return 0;
}
