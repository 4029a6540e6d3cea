/* SPDX-License-Identifier: BSD-3-Clause */
/* explain.c - tests holdfast_explain_fd(), _map() and _machine(), and holdfast_read_health() */
#include <errno.h>
#include <libpmem2/holdfast.h>
#include <sys/stat.h>

#include "api/fixture.h"

/* Returns true if /proc/self/mountinfo lists "/": in a chroot it does so only for a mount point. */
static bool root_is_listed(void)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "r");
	char line[1024], point[512];
	bool listed = false;

	while (mounts && !listed && fgets(line, sizeof(line), mounts))
		listed = sscanf(line, "%*s %*s %*s %*s %511s", point) == 1 && !strcmp(point, "/");
	if (mounts)
		fclose(mounts);
	return listed;
}

static struct holdfast_explanation *told; /* explanation that the last explain() made */

static int explain(int fd)
{
	holdfast_explanation_free(&told);
	return holdfast_explain_fd(&told, fd);
}

/* Tests the fields that every explanation has; `what` names the explained object. */
static void is_whole(const char *what)
{
	is_int(told->struct_size, sizeof(*told), "%s: the explanation has the size of its struct",
		what);
	ok(told->verdict && *told->verdict && !strchr(told->verdict, '\n'),
		"%s: the verdict is one line", what);
	has_str(told->text, told->verdict, "%s: the text contains the verdict", what);
	ok(strchr(told->text, '\n') != strrchr(told->text, '\n'),
		"%s: the text has more than one line", what);
	ok(told->flush && told->drain && told->cpu,
		"%s: the explanation says how to flush and drain, and names the CPU", what);
}

static void files(void)
{
	int fd = file_of(2 * page_size(), O_RDWR);
	struct stat before, after;

	fstat(fd, &before);
	is_int(explain(fd), 0, "a file: it is explained");
	fstat(fd, &after);
	is_whole("a file");
	is_int(told->object, HOLDFAST_OBJECT_FILE, "a file: its kind is a file");
	is_int(told->size.value, 2 * page_size(), "a file: its size is two pages");
	is_int(told->alignment.value, page_size(), "a file: its alignment is the page size");
	is_int(told->map_error, 0, "a file: it can be mapped");
	ok(told->map_sync == HOLDFAST_MAP_SYNC_ACCEPTED ||
			told->map_sync == HOLDFAST_MAP_SYNC_REFUSED,
		"a file: MAP_SYNC was tried, and accepted or refused");
	ok(told->file_system && told->layer_count,
		"a file: its file system and its storage layers are reported");
	has_str(told->text, told->file_system, "a file: the text names the file system");
	ok(before.st_mtime == after.st_mtime && before.st_ctime == after.st_ctime &&
			before.st_size == after.st_size,
		"a file: explaining it does not change it");
	close(fd);

	fd = file_of(page_size(), O_RDONLY);
	enum holdfast_map_sync writable = told->map_sync;
	is_int(explain(fd), 0, "a file that is open for reading: it is explained");
	is_int(told->map_sync, writable,
		"a file that is open for reading: its MAP_SYNC is that of a writable file");
	is_int(told->map_error, 0, "a file that is open for reading: it can be mapped");
	close(fd);

	fd = file_of(page_size(), O_WRONLY);
	is_int(explain(fd), 0, "a file that is open for writing: it is explained");
	is_int(told->map_error, PMEM2_E_INVALID_FILE_HANDLE,
		"a file that is open for writing: it cannot be mapped");
	has_str(told->text, "for writing only",
		"a file that is open for writing: the text says why it cannot be mapped");
	ok(told->map_sync == HOLDFAST_MAP_SYNC_WOULD_ACCEPT ||
			told->map_sync == HOLDFAST_MAP_SYNC_WOULD_REFUSE,
		"a file that is open for writing: MAP_SYNC is inferred, not tried");
	close(fd);

	fd = file_of(page_size(), O_PATH);
	is_int(explain(fd), 0, "an O_PATH descriptor: it is explained");
	is_whole("an O_PATH descriptor");
	is_int(told->map_error, -EBADF, "an O_PATH descriptor: it cannot be mapped");
	close(fd);

	fd = file_of(0, O_RDWR);
	is_int(explain(fd), 0, "an empty file: it is explained");
	is_int(told->map_error, PMEM2_E_SOURCE_EMPTY, "an empty file: it cannot be mapped");
	is_int(told->map_sync, writable, "an empty file: its MAP_SYNC is that of other files");
	has_str(told->text, "empty", "an empty file: the text says that it is empty");
	close(fd);
}

/*
 * Tests that explanations of a file and of its map have the granularity that pmem2_map_new()
 * chose.
 */
static void agrees(const char *forced)
{
	int fd = file_of(page_size(), O_RDWR);
	struct pmem2_map *map = map_of(page_size(), forced);

	if (forced)
		setenv("PMEM2_FORCE_GRANULARITY", forced, 1);
	explain(fd);
	unsetenv("PMEM2_FORCE_GRANULARITY");
	is_int(told->granularity, pmem2_map_get_store_granularity(map),
		"holdfast_explain_fd, forced %s: the granularity is that of pmem2_map_new()",
		forced ? forced : "nothing");
	is_int(told->reason == HOLDFAST_REASON_FORCED, forced != NULL,
		"holdfast_explain_fd: the reason is FORCED if the granularity was forced");
	enum pmem2_granularity needed = told->needed;

	holdfast_explanation_free(&told);
	is_int(holdfast_explain_map(&told, map), 0, "a map: it is explained");
	is_whole("a map");
	is_int(told->granularity, pmem2_map_get_store_granularity(map),
		"a map: its explanation has the granularity of the map");
	is_int(told->needed, needed, "a map: it needs the same granularity as its file");
	is_int(told->reason == HOLDFAST_REASON_FORCED, forced != NULL,
		"a map: the reason is FORCED if its granularity was forced");
	is_int(told->size.value, page_size(), "a map: its size is reported");
	/* The map's descriptor is closed: only the list of mounts names the file system. */
	if (root_is_listed())
		ok(told->file_system, "a map: its file system is found");
	else
		skip("a map: its file system is found",
			"/proc/self/mountinfo does not list the root directory");
	pmem2_map_delete(&map);
	close(fd);
}

static void tmpfs(void)
{
	int fd = memfd_create("explained", 0);

	if (fd < 0 || ftruncate(fd, (off_t)page_size()))
		bail("cannot make a file in memory: %m");
	is_int(explain(fd), 0, "a memfd: it is explained");
	is_str(told->file_system, "tmpfs", "a memfd: it is on tmpfs");
	ok(!told->mount_point, "a memfd: it has no mount point");
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"a memfd: its stores do not survive a power failure");
	has_str(told->verdict, "do not survive",
		"a memfd: the verdict says that stores do not survive");
	close(fd);
}

static struct pmem2_map *map_with(struct pmem2_source *src, enum pmem2_sharing_type sharing)
{
	struct pmem2_config *cfg = config();
	struct pmem2_map *map;

	pmem2_config_set_sharing(cfg, sharing);
	if (pmem2_map_new(&map, cfg, src))
		bail("cannot make a map: %s", pmem2_errormsg());
	pmem2_config_delete(&cfg);
	pmem2_source_delete(&src);
	return map;
}

static void maps(void)
{
	struct pmem2_source *anonymous;
	int fd = file_of(page_size(), O_RDWR);
	struct pmem2_map *map = map_with(source_of(fd), PMEM2_PRIVATE);

	holdfast_explanation_free(&told);
	is_int(holdfast_explain_map(&told, map), 0, "a private map: it is explained");
	is_int(told->reason, HOLDFAST_REASON_NOT_SHARED, "a private map: the reason is NOT_SHARED");
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"a private map: its stores do not survive a power failure");
	pmem2_map_delete(&map);
	close(fd);

	pmem2_source_from_anon(&anonymous, page_size());
	map = map_with(anonymous, PMEM2_SHARED);
	holdfast_explanation_free(&told);
	is_int(holdfast_explain_map(&told, map), 0, "an anonymous map: it is explained");
	is_whole("an anonymous map");
	is_int(told->object, HOLDFAST_OBJECT_ANONYMOUS, "an anonymous map: it has no file");
	is_int(told->numa_node.answer, HOLDFAST_UNSUPPORTED,
		"an anonymous map: it has no NUMA node");
	is_str(told->name, "", "an anonymous map: it has no name");

	char not_a_map[512] = {0};
	holdfast_explanation_free(&told);
	told = UNTOUCHED;
	is_int(holdfast_explain_map(&told, (struct pmem2_map *)not_a_map),
		PMEM2_E_MAPPING_NOT_FOUND,
		"holdfast_explain_map: a pointer that is not a live map is refused");
	ok(told == UNTOUCHED, "holdfast_explain_map: the output is unchanged on failure");
	told = NULL;
	pmem2_map_delete(&map);
}

static void existing(void)
{
	int fd = file_of(page_size(), O_RDWR);
	struct pmem2_source *src = source_of(fd);
	struct pmem2_map *map;
	void *addr = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (pmem2_map_from_existing(&map, src, addr, page_size(), PMEM2_GRANULARITY_PAGE))
		bail("cannot make a map: %s", pmem2_errormsg());
	is_int(holdfast_explain_map(&told, map), 0, "a map of existing memory: it is explained");
	is_int(told->reason, HOLDFAST_REASON_PROGRAM,
		"a map of existing memory: the reason is PROGRAM");
	is_int(told->granularity, PMEM2_GRANULARITY_PAGE,
		"a map of existing memory: the granularity is the one that the program gave");
	pmem2_map_delete(&map);
	pmem2_source_delete(&src);
	munmap(addr, page_size());
	close(fd);
	holdfast_explanation_free(&told);
}

static void refused(int fd, int code, const char *part, const char *what)
{
	told = UNTOUCHED;
	is_int(holdfast_explain_fd(&told, fd), code, "holdfast_explain_fd: %s is refused", what);
	has_str(pmem2_errormsg(), part,
		"holdfast_explain_fd: the message for %s says what is wrong", what);
	ok(told == UNTOUCHED, "holdfast_explain_fd: the output is unchanged after %s", what);
	told = NULL;
}

static void wrong(void)
{
	int ends[2], fd;

	holdfast_explanation_free(&told);
	if (pipe(ends))
		bail("cannot make a pipe: %m");
	refused(ends[0], PMEM2_E_INVALID_FILE_TYPE, "a pipe", "a pipe");
	close(ends[0]);
	close(ends[1]);
	refused(ends[0], PMEM2_E_INVALID_FILE_HANDLE, "is not open", "a closed descriptor");
	refused(-1, PMEM2_E_INVALID_FILE_HANDLE, "is not open", "descriptor -1");
	fd = open("/dev/null", O_RDONLY);
	refused(fd, PMEM2_E_INVALID_FILE_TYPE, "not a DAX device", "a character device");

	is_int(holdfast_explain_fd(NULL, fd), -EINVAL,
		"holdfast_explain_fd: NULL for the output is refused");
	is_int(holdfast_explain_map(&told, NULL), -EINVAL,
		"holdfast_explain_map: NULL for the map is refused");
	is_int(holdfast_explain_machine(NULL), -EINVAL,
		"holdfast_explain_machine: NULL for the output is refused");
	close(fd);
	holdfast_explanation_free(NULL);
	holdfast_explanation_free(&told);
	ok(!told, "holdfast_explanation_free: NULL and a freed explanation are accepted");
}

static void directories(void)
{
	int fd = open("/dev/shm", O_RDONLY | O_DIRECTORY);

	if (fd < 0) {
		skip("a directory: it is explained", "there is no /dev/shm");
		return;
	}
	is_int(explain(fd), 0, "a directory: it is explained");
	is_whole("a directory");
	is_int(told->object, HOLDFAST_OBJECT_DIRECTORY, "a directory: its kind is a directory");
	is_int(told->map_sync, HOLDFAST_MAP_SYNC_WOULD_REFUSE,
		"a directory: MAP_SYNC is inferred, not tried");
	has_str(told->verdict, "new file", "a directory: the verdict is about new files");
	close(fd);
}

static void sentence_stays(void)
{
	int fd = file_of(0, O_WRONLY);

	pmem2_source_get_fd(NULL, NULL);
	char *before = strdup(pmem2_errormsg());
	ok(*before, "pmem2_errormsg: a failed call leaves a message");
	explain(fd);
	is_str(pmem2_errormsg(), before, "pmem2_errormsg: an explanation leaves the message alone");
	free(before);
	close(fd);
}

static void machine(void)
{
	struct holdfast_machine *all;

	is_int(holdfast_explain_machine(&all), 0, "holdfast_explain_machine: it succeeds");
	is_int(all->struct_size, sizeof(*all),
		"holdfast_explain_machine: struct_size is the size of the struct");
	ok(all->cpu && *all->cpu->engine,
		"holdfast_explain_machine: the copy engine in use is named");
	ok(all->cpu && all->cpu->tuning && *all->cpu->tuning,
		"holdfast_explain_machine: the row of the tuning table in use is named");
	has_str(all->text, "CPU", "holdfast_explain_machine: the text speaks of the CPU");
	holdfast_machine_free(&all);
	ok(!all, "holdfast_machine_free: the pointer becomes NULL");
	holdfast_machine_free(&all);
	holdfast_machine_free(NULL);
}

static void names(void)
{
	is_str(holdfast_object_name(HOLDFAST_OBJECT_DAX_DEVICE), "dax-device",
		"holdfast_object_name: DAX_DEVICE is dax-device");
	is_str(holdfast_survival_name(HOLDFAST_SURVIVES_NOT), "no",
		"holdfast_survival_name: SURVIVES_NOT is \"no\"");
	is_str(holdfast_reason_name(HOLDFAST_REASON_FORCED), "forced",
		"holdfast_reason_name: FORCED is forced");
	is_str(holdfast_map_sync_name(HOLDFAST_MAP_SYNC_WOULD_ACCEPT), "would-accept",
		"holdfast_map_sync_name: WOULD_ACCEPT is would-accept");
	is_str(holdfast_obstacle_name(HOLDFAST_OBSTACLE_BLOCK_DAX), "block-dax",
		"holdfast_obstacle_name: BLOCK_DAX is block-dax");
	is_str(holdfast_memory_name(HOLDFAST_MEMORY_MIXED), "mixed",
		"holdfast_memory_name: MIXED is mixed");
	is_str(holdfast_domain_name(HOLDFAST_DOMAIN_CPU_CACHE), "cpu-cache",
		"holdfast_domain_name: CPU_CACHE is cpu-cache");
	is_str(holdfast_deep_flush_name(HOLDFAST_DEEP_FLUSH_PAGES), "pages",
		"holdfast_deep_flush_name: PAGES is pages");
	is_str(holdfast_reason_name((enum holdfast_reason)99), "?",
		"holdfast_reason_name: an unknown reason is ?");
}

static void health(void)
{
	struct holdfast_health *seen = NULL;

	is_int(holdfast_read_health(NULL), -EINVAL, "holdfast_read_health: NULL is refused");
	is_int(holdfast_read_health(&seen), 0, "holdfast_read_health: it succeeds");
	is_int(seen->struct_size, sizeof(*seen),
		"holdfast_read_health: struct_size is the size of the struct");
	ok(!seen->dimm_count || seen->dimms[0]->name,
		"holdfast_read_health: the first memory module, if any, has a name");
	for (size_t i = 0; i < seen->counter_count; i++)
		ok(seen->counters[i]->kind && seen->counters[i]->name && seen->counters[i]->meaning,
			"holdfast_read_health: counter %s of %s has a meaning",
			seen->counters[i]->counter, seen->counters[i]->name);
	holdfast_health_free(&seen);
	ok(!seen, "holdfast_health_free: the pointer becomes NULL");
	holdfast_health_free(&seen);
	holdfast_health_free(NULL);
	is_str(holdfast_counting_name(HOLDFAST_COUNTING_SINCE_MOUNT), "since-mount",
		"holdfast_counting_name: SINCE_MOUNT is since-mount");
	is_str(holdfast_counting_name(99), "?",
		"holdfast_counting_name: an unknown way of counting is ?");
}

int main(void)
{
	files();
	agrees(NULL);
	agrees("BYTE");
	agrees("PAGE");
	tmpfs();
	maps();
	existing();
	wrong();
	directories();
	sentence_stays();
	machine();
	names();
	holdfast_explanation_free(&told);
	health();
	return tap_done();
}
