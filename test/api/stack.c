/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stack.c - tests that no public call uses more than 4 KiB of stack, libc included
 *
 * Each row of the test is one call. For each row the test fills the unused part of the stack with a
 * pattern, PAINT, makes the call, and looks how far the call overwrote the pattern. The calls run
 * on a separate thread whose stack nothing else uses. Logs are on, since logging takes stack, too.
 * The rows are in an order in which each call finds the objects that it needs. Between the rows,
 * other calls prepare the next row.
 *
 *	stack LIBRARY.sym...	also checks that every function named in these files has a row
 *
 * The first call through a lazily bound reference runs the loader, which saves all vector
 * registers on the stack: up to 11 KiB with AMX. Holdfast's libraries are linked with -z now and
 * have no such references, but libc and this program do. Holdfast cannot choose how those are
 * bound. So this program starts itself again with LD_BIND_NOW, which binds all of them at once.
 *
 *	STACK_ALL=1 stack	prints how much stack every row used
 *
 *	STACK_OFF=1 stack	makes the calls and leaves the stack alone, for a checker of
 *				memory or races to watch: see test/tool/memcheck
 */
#include <errno.h>
#include <libpmem.h>
#include <libpmem2/holdfast.h>
#include <pthread.h>
#include <sys/resource.h>

#include "api/fixture.h"

#define LIMIT 4096
#define STACK ((size_t)1 << 20)
#define PAINT 0x5aa5c33c69960ff0ul

#define ROWS_MAX 512

static struct row {
	const char *call;
	size_t depth;
} rows[ROWS_MAX];
static size_t row_count;
static bool is_off; /* STACK_OFF is set */

static uintptr_t *stack; /* lowest address of the thread's stack */

#define NOINLINE __attribute__((__noinline__))

/*
 * Returns the address at which the stack frame of a function begins if the caller calls that
 * function.
 */
static NOINLINE char *top(void)
{
	return __builtin_frame_address(0);
}

/*
 * paint() fills the stack with PAINT, except for 256 bytes at the top, which paint() itself may
 * use. Every tested call uses more than these. look() records how far `call` overwrote the pattern.
 */
static NOINLINE void paint(void)
{
	char *end = (char *)__builtin_frame_address(0) - 256;

	if (is_off)
		return;
	for (volatile uintptr_t *word = stack; (char *)word < end; word++)
		*word = PAINT;
}

static NOINLINE void look(const char *call, const char *top_of_call)
{
	const volatile uintptr_t *word = stack;

	while (!is_off && *word == PAINT)
		word++;
	if (is_off)
		word = (const void *)top_of_call;
	if (row_count == ROWS_MAX)
		bail("more than ROWS_MAX rows");
	rows[row_count++] = (struct row){call, (size_t)(top_of_call - (const char *)word)};
}

#define ROW(...)                                                                                   \
	do {                                                                                       \
		paint();                                                                           \
		(void)(__VA_ARGS__);                                                               \
		look(#__VA_ARGS__, top());                                                         \
	} while (0)

/* Tests a call of a function that returns void. */
#define ROW_VOID(...)                                                                              \
	do {                                                                                       \
		paint();                                                                           \
		__VA_ARGS__;                                                                       \
		look(#__VA_ARGS__, top());                                                         \
	} while (0)

static size_t page;
static char buf[1 << 16];

static void sources(void)
{
	struct pmem2_source *src, *anon;
	int file = file_of(4 * page, O_RDWR), null = open("/dev/null", O_RDWR), got;
	int closed = file_of(page, O_RDWR), writer = file_of(page, O_WRONLY);
	size_t number;
	uint64_t count;
	char id[64] = "";

	ROW(pmem2_source_from_fd(&src, -1));
	ROW(pmem2_source_from_fd(&src, null));
	ROW(pmem2_source_from_fd(&src, writer));
	ROW(pmem2_source_from_fd(NULL, 0));
	ROW(pmem2_source_from_fd(&src, closed));
	close(closed);
	ROW(pmem2_source_size(src, &number));
	ROW(pmem2_source_pread_mcsafe(src, buf, 1, 0));
	ROW(pmem2_source_delete(&src));
	ROW(pmem2_source_from_fd(&src, file));
	ROW(pmem2_source_from_anon(&anon, 4 * page));
	ROW(pmem2_source_get_fd(src, &got));
	ROW(pmem2_source_get_fd(anon, &got));
	ROW(pmem2_source_size(src, &number));
	ROW(pmem2_source_alignment(src, &number));
	ROW(pmem2_source_device_id(src, NULL, &number));
	number = sizeof(id);
	ROW(pmem2_source_device_id(src, id, &number));
	ROW(pmem2_source_device_usc(src, &count));
	ROW(pmem2_source_numa_node(src, &got));
	ROW(pmem2_source_numa_node(anon, &got));
	ROW(pmem2_source_pwrite_mcsafe(src, buf, 2 * page, 5));
	ROW(pmem2_source_pread_mcsafe(src, buf, 2 * page, 5));
	ROW(pmem2_source_pread_mcsafe(src, buf, 2 * page, 3 * page));
	ROW(pmem2_source_pwrite_mcsafe(anon, buf, 1, 0));
	pmem2_source_delete(&src);
	pmem2_source_delete(&anon);
	close(file);
	close(null);
	close(writer);
}

static void badblocks(void)
{
	int file = file_of(4 * page, O_RDWR);
	struct pmem2_source *src = source_of(file);
	struct pmem2_badblock_context *context = NULL;
	struct pmem2_badblock bad = {.offset = 0, .length = page};

	ROW(pmem2_badblock_context_new(&context, NULL));
	ROW(pmem2_badblock_context_new(&context, src));
	ROW(pmem2_badblock_next(context, &bad));
	ROW(pmem2_badblock_clear(context, &bad));
	ROW_VOID(pmem2_badblock_context_delete(&context));
	pmem2_source_delete(&src);
	close(file);
}

static struct pmem2_config *configs(void)
{
	struct pmem2_config *cfg;

	ROW(pmem2_config_new(&cfg));
	ROW(pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_PAGE));
	ROW(pmem2_config_set_required_store_granularity(cfg, (enum pmem2_granularity)7));
	ROW(pmem2_config_set_offset(cfg, SIZE_MAX));
	ROW(pmem2_config_set_length(cfg, 0));
	ROW(pmem2_config_set_sharing(cfg, (enum pmem2_sharing_type)7));
	ROW(pmem2_config_set_protection(cfg, 1));
	ROW(pmem2_config_set_vm_reservation(cfg, NULL, 0));
	ROW(pmem2_config_delete(&cfg));
	return config();
}

/*
 * Tests the functions that belong to a map, such as its persist function. The last of them is a
 * flush without a drain: the caller deletes the map in this state.
 */
static void functions(struct pmem2_map *map, bool page_granularity)
{
	char *addr = pmem2_map_get_address(map);
	struct holdfast_writeback_counts *stats = NULL;
	pmem2_persist_fn persist;
	pmem2_flush_fn flush;
	pmem2_drain_fn drain;
	pmem2_memmove_fn move;
	pmem2_memset_fn set;

	ROW(persist = pmem2_get_persist_fn(map));
	ROW(flush = pmem2_get_flush_fn(map));
	ROW(drain = pmem2_get_drain_fn(map));
	ROW(move = pmem2_get_memmove_fn(map));
	ROW(move = pmem2_get_memcpy_fn(map));
	ROW(set = pmem2_get_memset_fn(map));
	ROW_VOID(flush(addr, 1));
	ROW_VOID(drain());
	for (size_t i = 0; page_granularity && i < 70; i++)
		flush(addr + i * 40 * page, 1);
	ROW_VOID(drain());
	ROW_VOID(persist(addr, 5 * page));
	ROW(move(addr + 7, buf, sizeof(buf), 0));
	ROW(move(addr + 7, addr + 9, 70, 0));
	ROW(move(addr, buf, 100, PMEM2_F_MEM_NONTEMPORAL));
	ROW(set(addr + 3, 1, sizeof(buf), 0));
	ROW(set(addr + 3, 1, 100, PMEM2_F_MEM_NONTEMPORAL));
	ROW(pmem2_deep_flush(map, addr, 5 * page));
	ROW(holdfast_writeback_accept(addr, page));
	ROW(holdfast_writeback_stats(&stats));
	ROW_VOID(holdfast_writeback_stats_free(&stats));
	ROW(pmem2_deep_flush(map, addr - 1, 2));
	flush(addr, 3 * page);
}

static void maps(struct pmem2_config *cfg)
{
	static const char *const granularities[] = {"BYTE", "CACHE_LINE", "PAGE"};
	int file = file_of(4000 * page, O_RDWR), reader = file_of(page, O_RDONLY);
	struct pmem2_source *src = source_of(file), *ro = source_of(reader);
	struct pmem2_map *map = NULL;

	ROW(pmem2_map_delete(&map));
	ROW(pmem2_map_new(&map, cfg, ro));
	ROW(pmem2_map_new(&map, cfg, src));
	pmem2_map_delete(&map);
	for (int g = 0; g < 3; g++) {
		setenv("PMEM2_FORCE_GRANULARITY", granularities[g], 1);
		ROW(pmem2_map_new(&map, cfg, src));
		ROW(pmem2_map_get_address(map));
		ROW(pmem2_map_get_size(map));
		ROW(pmem2_map_get_store_granularity(map));
		functions(map, g == PMEM2_GRANULARITY_PAGE);
		ROW(pmem2_map_delete(&map));
	}
	pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_BYTE);
	ROW(pmem2_map_new(&map, cfg, src));
	pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_PAGE);
	unsetenv("PMEM2_FORCE_GRANULARITY");
	pmem2_source_delete(&src);
	pmem2_source_delete(&ro);
	close(file);
	close(reader);
}

static enum holdfast_writeback_verdict lost(
	const struct holdfast_writeback_failure *failure, void *context)
{
	return HOLDFAST_WRITEBACK_LOST;
}

/*
 * Tests calls whose write-back fails, because the test has unmapped the memory, and calls that make
 * messages.
 */
static void failures(void)
{
	struct pmem2_source *anon;
	struct pmem2_map *map;
	char *addr = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	pmem2_source_from_anon(&anon, page);
	ROW(pmem2_map_from_existing(&map, anon, addr, 0, PMEM2_GRANULARITY_PAGE));
	ROW(pmem2_map_from_existing(&map, anon, addr, page, PMEM2_GRANULARITY_PAGE));
	ROW(pmem2_map_from_existing(&map, anon, addr, page, PMEM2_GRANULARITY_PAGE));
	ROW_VOID(holdfast_set_writeback_handler(lost, NULL));
	pmem2_persist_fn persist_gone = pmem2_get_persist_fn(map);
	munmap(addr, page);
	ROW_VOID(persist_gone(addr, page));
	ROW(pmem2_map_delete(&map));
	holdfast_set_writeback_handler(NULL, NULL);
	pmem2_source_delete(&anon);
	ROW(pmem2_errormsg());
	ROW_VOID(pmem2_perror("%s %d", "stack", 1));
	ROW_VOID(pmem2_perror("%s", buf));
}

static void reservations(struct pmem2_config *cfg)
{
	struct pmem2_vm_reservation *rsv, *none;
	struct pmem2_map *map, *found;
	struct pmem2_source *anon;

	pmem2_source_from_anon(&anon, page);
	ROW(pmem2_vm_reservation_new(&none, NULL, 0));
	ROW(pmem2_vm_reservation_new(&rsv, NULL, 8 * page));
	ROW(pmem2_vm_reservation_new(&none, pmem2_vm_reservation_get_address(rsv), page));
	ROW(pmem2_vm_reservation_get_address(rsv));
	ROW(pmem2_vm_reservation_get_size(rsv));
	ROW(pmem2_vm_reservation_extend(rsv, page));
	ROW(pmem2_vm_reservation_extend(rsv, 1));
	ROW(pmem2_vm_reservation_shrink(rsv, 8 * page, page));
	ROW(pmem2_vm_reservation_shrink(rsv, 4 * page, page));
	pmem2_config_set_vm_reservation(cfg, rsv, page);
	ROW(pmem2_map_new(&map, cfg, anon));
	ROW(pmem2_map_new(&found, cfg, anon));
	ROW(pmem2_vm_reservation_map_find(rsv, 0, page, &found));
	ROW(pmem2_vm_reservation_map_find(rsv, page, 1, &found));
	ROW(pmem2_vm_reservation_map_find_first(rsv, &found));
	ROW(pmem2_vm_reservation_map_find_last(rsv, &found));
	ROW(pmem2_vm_reservation_map_find_prev(rsv, map, &found));
	ROW(pmem2_vm_reservation_map_find_next(rsv, map, &found));
	ROW(pmem2_vm_reservation_delete(&rsv));
	ROW(pmem2_map_delete(&map));
	ROW(pmem2_vm_reservation_delete(&rsv));
	pmem2_config_set_vm_reservation(cfg, NULL, 0);
	pmem2_source_delete(&anon);
}

static void explanations(struct pmem2_config *cfg)
{
	struct holdfast_explanation *explanation = NULL;
	struct holdfast_machine *machine = NULL;
	struct holdfast_health *health = NULL;
	int file = file_of(page, O_RDWR), dir = open("/", O_RDONLY),
	    null = open("/dev/null", O_RDONLY);
	struct pmem2_source *src = source_of(file);
	struct pmem2_map *map;

	ROW(holdfast_explain_fd(&explanation, -1));
	ROW(holdfast_explain_fd(&explanation, null));
	ROW(holdfast_explain_fd(&explanation, dir));
	ROW_VOID(holdfast_explanation_free(&explanation));
	ROW(holdfast_explain_fd(&explanation, file));
	holdfast_explanation_free(&explanation);
	if (pmem2_map_new(&map, cfg, src))
		bail("cannot make a map: %s", pmem2_errormsg());
	ROW(holdfast_explain_map(&explanation, map));
	holdfast_explanation_free(&explanation);
	pmem2_map_delete(&map);
	ROW(holdfast_explain_machine(&machine));
	ROW_VOID(holdfast_machine_free(&machine));
	ROW(holdfast_read_health(&health));
	ROW_VOID(holdfast_health_free(&health));
	ROW(holdfast_counting_name(0));
	ROW(holdfast_object_name(0));
	ROW(holdfast_survival_name(0));
	ROW(holdfast_reason_name(0));
	ROW(holdfast_map_sync_name(0));
	ROW(holdfast_obstacle_name(0));
	ROW(holdfast_memory_name(0));
	ROW(holdfast_domain_name(0));
	ROW(holdfast_deep_flush_name(0));
	pmem2_source_delete(&src);
	close(file);
	close(dir);
	close(null);
}

static void libpmem_copies(char *addr)
{
	ROW_VOID(pmem_flush(addr, page));
	ROW_VOID(pmem_drain());
	ROW_VOID(pmem_persist(addr, page));
	ROW(pmem_msync(addr, page));
	ROW(pmem_msync(NULL, page));
	ROW_VOID(pmem_deep_flush(addr, page));
	ROW(pmem_deep_drain(addr, page));
	ROW(pmem_deep_persist(addr, page));
	ROW(pmem_memmove(addr, buf, sizeof(buf), 0));
	ROW(pmem_memcpy(addr, buf, 100, PMEM_F_MEM_NONTEMPORAL));
	ROW(pmem_memset(addr, 1, sizeof(buf), 0));
	ROW(pmem_memmove_persist(addr, buf, 1000));
	ROW(pmem_memcpy_persist(addr, buf, 1000));
	ROW(pmem_memset_persist(addr, 1, 1000));
	ROW(pmem_memmove_nodrain(addr, buf, 1000));
	ROW(pmem_memcpy_nodrain(addr, buf, 1000));
	ROW(pmem_memset_nodrain(addr, 1, 1000));
}

static void quiet(enum pmem_log_level level, const char *file_name, unsigned line_no,
	const char *function_name, const char *message)
{
}

static void libpmem(void)
{
	const char *dir = getenv("TMPDIR");
	char path[256], *addr;
	size_t length;
	int is_pmem;
	enum pmem_log_level level;

	snprintf(path, sizeof(path), "%s/holdfast-stack-%d", dir ? dir : "/tmp", (int)getpid());
	ROW(pmem_map_file("/nonexistent/file", 0, 0, 0, &length, &is_pmem));
	ROW(pmem_map_file(dir ? dir : "/tmp", 0, 0, 0, &length, &is_pmem));
	ROW(pmem_map_file(dir ? dir : "/tmp", 4 * page, PMEM_FILE_CREATE | PMEM_FILE_TMPFILE, 0600,
		&length, &is_pmem));
	ROW(addr = pmem_map_file(path, 1 << 20, PMEM_FILE_CREATE, 0600, &length, &is_pmem));
	unlink(path);
	if (!addr)
		bail("cannot map %s: %s", path, pmem_errormsg());
	ROW(pmem_is_pmem(addr, length));
	libpmem_copies(addr);
	ROW(pmem_unmap(addr, length));
	ROW(pmem_unmap((void *)1, length));
	ROW(pmem_has_auto_flush());
	ROW(pmem_has_hw_drain());
	ROW(pmem_check_version(99, 99));
	ROW(pmem_errormsg());
	ROW(pmem_log_get_threshold(PMEM_LOG_THRESHOLD, &level));
	ROW(pmem_log_set_threshold(PMEM_LOG_THRESHOLD, PMEM_LOG_LEVEL_DEBUG));
	ROW(pmem_log_set_threshold((enum pmem_log_threshold)9, PMEM_LOG_LEVEL_DEBUG));
	ROW(pmem_log_set_function(quiet));
	ROW(pmem_map_file("/nonexistent/file", 0, 0, 0, &length, &is_pmem));
	ROW(pmem_log_set_function(PMEM_LOG_USE_DEFAULT_FUNCTION));
}

static void *all_calls(void *unused)
{
	struct pmem2_config *cfg;

	memset(buf, 'b', sizeof(buf) - 1);
	sources();
	badblocks();
	cfg = configs();
	maps(cfg);
	failures();
	reservations(cfg);
	explanations(cfg);
	pmem2_config_delete(&cfg);
	libpmem();
	return unused;
}

static void run_on_painted_stack(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_init(&attributes);
	if (is_off) {
		all_calls(NULL);
		return;
	}
	if (stack == MAP_FAILED || pthread_attr_setstack(&attributes, stack, STACK) ||
		pthread_create(&thread, &attributes, all_calls, NULL))
		bail("cannot start a thread: %m");
	pthread_join(thread, NULL);
}

static bool has_row(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < row_count; i++) {
		const char *at = strstr(rows[i].call, name);
		if (at && (at[length] == '(' || at[length] == ')'))
			return true;
	}
	return false;
}

/* Tests that every function named in the .sym file at `path` is called by a row of this test. */
static void nothing_is_missing(const char *path)
{
	FILE *symbols = fopen(path, "r");
	char name[128];
	unsigned missing = 0;

	if (!symbols)
		bail("cannot open %s: %m", path);
	for (char line[256]; fgets(line, sizeof(line), symbols);)
		if (sscanf(line, " %127[a-z0-9_];", name) == 1 && strchr(line, ';') &&
			!has_row(name)) {
			diag("%s has no row", name);
			missing++;
		}
	fclose(symbols);
	const char *base = strrchr(path, '/');
	is_int(missing, 0,
		"symbols: the test of stack use calls every function that the list of symbols %s names",
		base ? base + 1 : path);
}

/*
 * Starts this program again with LD_BIND_NOW and with logs on: the loader and the libraries read
 * these variables at the start.
 */
static void restart(char *argv[])
{
	if (getenv("LD_BIND_NOW"))
		return;
	setenv("LD_BIND_NOW", "1", 1);
	setenv("PMEM_LOG_LEVEL", "4", 1);
	setenv("PMEM_LOG_FILE", "/dev/null", 1);
	setenv("PMEM2_LOG_LEVEL", "4", 1);
	setenv("PMEM2_LOG_FILE", "/dev/null", 1);
	exec_again(argv);
	bail("cannot start this program again: %m");
}

int main(int argc, char *argv[])
{
	size_t deepest = 0;

	is_off = getenv("STACK_OFF");
	if (!is_off && under_valgrind())
		skip_all("valgrind does not let a program read below the stack pointer");
	restart(argv);
	/*
	 * pmem2_perror() prints to standard error. Replace its descriptor by /dev/null; freopen(3)
	 * would give the stream a buffer, which changes the use of the stack.
	 */
	int null = open("/dev/null", O_WRONLY);
	if (null < 0 || dup2(null, STDERR_FILENO) < 0)
		bail("cannot send standard error to /dev/null: %m");
	page = page_size();
	run_on_painted_stack();
	for (size_t i = 0; i < row_count; i++) {
		if (!ok(rows[i].depth <= LIMIT, "stack: a call uses at most 4 KiB: %s",
			    rows[i].call) ||
			getenv("STACK_ALL"))
			diag("%zu bytes", rows[i].depth);
		if (rows[i].depth > rows[deepest].depth)
			deepest = i;
	}
	diag("most stack, %zu bytes, is used by %s", rows[deepest].depth, rows[deepest].call);
	for (int i = 1; i < argc; i++)
		nothing_is_missing(argv[i]);
	return tap_done();
}
