/* SPDX-License-Identifier: BSD-3-Clause */
/* explain.c - tests holdfast_explain_fd(), _map() and _machine(), and holdfast_read_health() */
#include <errno.h>
#include <libpmem2/holdfast.h>
#include <sys/stat.h>

#include "api/fixture.h"

/*
 * Returns true if /proc/self/mountinfo lists "/". In a chroot the file lists "/" only if the new root
 * is a mount point.
 */
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
	is_int(told->struct_size, sizeof(*told), "%s: struct_size is the size of the struct", what);
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
	is_int(explain(fd), 0, "explain_fd: a file is explained");
	fstat(fd, &after);
	is_whole("explanation of a file");
	is_int(told->object, HOLDFAST_OBJECT_FILE,
		"explanation of a file: the kind of object is a file");
	is_int(told->size.value, 2 * page_size(), "explanation of a file: the size is two pages");
	is_int(told->alignment.value, page_size(),
		"explanation of a file: the alignment is the page size");
	is_int(told->map_error, 0, "explanation of a file: the file can be mapped");
	ok(told->map_sync == HOLDFAST_MAP_SYNC_ACCEPTED ||
			told->map_sync == HOLDFAST_MAP_SYNC_REFUSED,
		"explanation of a file: MAP_SYNC was tried, and accepted or refused");
	ok(told->file_system && told->layer_count,
		"explanation of a file: the file system and its storage layers are reported");
	has_str(told->text, told->file_system,
		"explanation of a file: the text names the file system");
	ok(before.st_mtime == after.st_mtime && before.st_ctime == after.st_ctime &&
			before.st_size == after.st_size,
		"explain_fd: the explained file is unchanged");
	close(fd);

	fd = file_of(page_size(), O_RDONLY);
	enum holdfast_map_sync writable = told->map_sync;
	is_int(explain(fd), 0, "explain_fd: a file that is open for reading only is explained");
	is_int(told->map_sync, writable,
		"explanation of a file open for reading: MAP_SYNC is accepted or refused as for a writable file");
	is_int(told->map_error, 0,
		"explanation of a file open for reading: the file can be mapped");
	close(fd);

	fd = file_of(page_size(), O_WRONLY);
	is_int(explain(fd), 0, "explain_fd: a file that is open for writing only is explained");
	is_int(told->map_error, PMEM2_E_INVALID_FILE_HANDLE,
		"explanation of a file open for writing only: the file cannot be mapped");
	has_str(told->text, "for writing only",
		"explanation of a file open for writing only: the text says why the file cannot be mapped");
	ok(told->map_sync == HOLDFAST_MAP_SYNC_WOULD_ACCEPT ||
			told->map_sync == HOLDFAST_MAP_SYNC_WOULD_REFUSE,
		"explanation of a file open for writing only: the answer about MAP_SYNC was inferred, not tried");
	close(fd);

	fd = file_of(page_size(), O_PATH);
	is_int(explain(fd), 0, "explain_fd: an O_PATH descriptor is explained");
	is_whole("explanation of an O_PATH descriptor");
	is_int(told->map_error, -EBADF,
		"explanation of an O_PATH descriptor: the file cannot be mapped");
	close(fd);

	fd = file_of(0, O_RDWR);
	is_int(explain(fd), 0, "explain_fd: an empty file is explained");
	is_int(told->map_error, PMEM2_E_SOURCE_EMPTY,
		"explanation of an empty file: the file cannot be mapped");
	is_int(told->map_sync, writable,
		"explanation of an empty file: the answer about MAP_SYNC is the same as for a file with data");
	has_str(told->text, "empty",
		"explanation of an empty file: the text says that the file is empty");
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
		"holdfast_explain_fd, forced granularity %s: pmem2_map_new() gets the same granularity",
		forced ? forced : "none");
	is_int(told->reason == HOLDFAST_REASON_FORCED, forced != NULL,
		"holdfast_explain_fd: the reason for the granularity is FORCED only if the granularity was forced");
	enum pmem2_granularity needed = told->needed;

	holdfast_explanation_free(&told);
	is_int(holdfast_explain_map(&told, map), 0, "explain_map: a map is explained");
	is_whole("explanation of a map");
	is_int(told->granularity, pmem2_map_get_store_granularity(map),
		"explanation of a map: the granularity is that of the map");
	is_int(told->needed, needed,
		"explanation of a map: the needed granularity is the same as in the explanation of its file");
	is_int(told->reason == HOLDFAST_REASON_FORCED, forced != NULL,
		"explanation of a map: the reason for the granularity is FORCED only if the granularity was forced");
	is_int(told->size.value, page_size(), "explanation of a map: the size is that of the map");
	/* The map's descriptor is closed: only the list of mounts names the file system. */
	if (root_is_listed())
		ok(told->file_system,
			"explanation of a map: the file system is found although the descriptor is closed");
	else
		skip("explanation of a map: the file system is found although the descriptor is closed",
			"/proc/self/mountinfo does not list the root directory");
	pmem2_map_delete(&map);
	close(fd);
}

static void tmpfs(void)
{
	int fd = memfd_create("explained", 0);

	if (fd < 0 || ftruncate(fd, (off_t)page_size()))
		bail("cannot make a file in memory: %m");
	is_int(explain(fd), 0, "explain_fd: a memfd is explained");
	is_str(told->file_system, "tmpfs", "explanation of a memfd: the file system is tmpfs");
	ok(!told->mount_point, "explanation of a memfd: there is no mount point");
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"explanation of a memfd: stores do not survive a power failure");
	has_str(told->verdict, "do not survive",
		"explanation of a memfd: the verdict says that stores do not survive");
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
	is_int(holdfast_explain_map(&told, map), 0, "explain_map: a private map is explained");
	is_int(told->reason, HOLDFAST_REASON_NOT_SHARED,
		"explanation of a private map: the reason for the granularity is NOT_SHARED");
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"explanation of a private map: stores do not survive a power failure");
	pmem2_map_delete(&map);
	close(fd);

	pmem2_source_from_anon(&anonymous, page_size());
	map = map_with(anonymous, PMEM2_SHARED);
	holdfast_explanation_free(&told);
	is_int(holdfast_explain_map(&told, map), 0, "explain_map: an anonymous map is explained");
	is_whole("explanation of an anonymous map");
	is_int(told->object, HOLDFAST_OBJECT_ANONYMOUS,
		"explanation of an anonymous map: the kind of object is anonymous memory");
	is_int(told->numa_node.answer, HOLDFAST_UNSUPPORTED,
		"explanation of an anonymous map: there is no NUMA node");
	is_str(told->name, "", "explanation of an anonymous map: the name is empty");

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
	is_int(holdfast_explain_map(&told, map), 0,
		"explain_map: a map of existing memory is explained");
	is_int(told->reason, HOLDFAST_REASON_PROGRAM,
		"explanation of a map of existing memory: the reason for the granularity is PROGRAM");
	is_int(told->granularity, PMEM2_GRANULARITY_PAGE,
		"explanation of a map of existing memory: the granularity is the one that the program gave");
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
	ok(!told, "holdfast_explanation_free: NULL, and a pointer to NULL, are accepted");
}

static void directories(void)
{
	int fd = open("/dev/shm", O_RDONLY | O_DIRECTORY);

	if (fd < 0) {
		skip("explain_fd: a directory is explained", "there is no /dev/shm");
		return;
	}
	is_int(explain(fd), 0, "explain_fd: a directory is explained");
	is_whole("explanation of a directory");
	is_int(told->object, HOLDFAST_OBJECT_DIRECTORY,
		"explanation of a directory: the kind of object is a directory");
	is_int(told->map_sync, HOLDFAST_MAP_SYNC_WOULD_REFUSE,
		"explanation of a directory: the answer about MAP_SYNC was inferred, not tried");
	has_str(told->verdict, "new file",
		"explanation of a directory: the verdict says what holds for new files in the directory");
	close(fd);
}

static void sentence_stays(void)
{
	int fd = file_of(0, O_WRONLY);

	pmem2_source_get_fd(NULL, NULL);
	char *before = strdup(pmem2_errormsg());
	ok(*before, "pmem2_errormsg: a failed call sets a message");
	explain(fd);
	is_str(pmem2_errormsg(), before,
		"pmem2_errormsg: holdfast_explain_fd() does not change the message");
	free(before);
	close(fd);
}

static void machine(void)
{
	struct holdfast_machine *all;

	is_int(holdfast_explain_machine(&all), 0, "holdfast_explain_machine: the call returns 0");
	is_int(all->struct_size, sizeof(*all),
		"holdfast_explain_machine: struct_size is the size of the struct");
	ok(all->cpu && *all->cpu->engine,
		"holdfast_explain_machine: the copy engine in use is named");
	ok(all->cpu && all->cpu->tuning && *all->cpu->tuning,
		"holdfast_explain_machine: the row that is used of the tuning table is named");
	has_str(all->text, "CPU", "holdfast_explain_machine: the text describes the CPU");
	holdfast_machine_free(&all);
	ok(!all, "holdfast_machine_free: the pointer becomes NULL");
	holdfast_machine_free(&all);
	holdfast_machine_free(NULL);
}

static void names(void)
{
	is_str(holdfast_object_name(HOLDFAST_OBJECT_DAX_DEVICE), "dax-device",
		"holdfast_object_name: the name of DAX_DEVICE is dax-device");
	is_str(holdfast_survival_name(HOLDFAST_SURVIVES_NOT), "no",
		"holdfast_survival_name: the name of SURVIVES_NOT is \"no\"");
	is_str(holdfast_reason_name(HOLDFAST_REASON_FORCED), "forced",
		"holdfast_reason_name: the name of FORCED is forced");
	is_str(holdfast_map_sync_name(HOLDFAST_MAP_SYNC_WOULD_ACCEPT), "would-accept",
		"holdfast_map_sync_name: the name of WOULD_ACCEPT is would-accept");
	is_str(holdfast_obstacle_name(HOLDFAST_OBSTACLE_BLOCK_DAX), "block-dax",
		"holdfast_obstacle_name: the name of BLOCK_DAX is block-dax");
	is_str(holdfast_memory_name(HOLDFAST_MEMORY_MIXED), "mixed",
		"holdfast_memory_name: the name of MIXED is mixed");
	is_str(holdfast_domain_name(HOLDFAST_DOMAIN_CPU_CACHE), "cpu-cache",
		"holdfast_domain_name: the name of CPU_CACHE is cpu-cache");
	is_str(holdfast_deep_flush_name(HOLDFAST_DEEP_FLUSH_PAGES), "pages",
		"holdfast_deep_flush_name: the name of PAGES is pages");
	is_str(holdfast_reason_name((enum holdfast_reason)99), "?",
		"holdfast_reason_name: the name of an unknown reason is ?");
}

static void health(void)
{
	struct holdfast_health *seen = NULL;

	is_int(holdfast_read_health(NULL), -EINVAL, "holdfast_read_health: NULL is refused");
	is_int(holdfast_read_health(&seen), 0, "holdfast_read_health: the call returns 0");
	is_int(seen->struct_size, sizeof(*seen),
		"holdfast_read_health: struct_size is the size of the struct");
	ok(!seen->dimm_count || seen->dimms[0]->name,
		"holdfast_read_health: the first memory module, if any, has a name");
	for (size_t i = 0; i < seen->counter_count; i++)
		ok(seen->counters[i]->kind && seen->counters[i]->name && seen->counters[i]->meaning,
			"holdfast_read_health: counter %s of %s is reported with a text that says what it means",
			seen->counters[i]->counter, seen->counters[i]->name);
	holdfast_health_free(&seen);
	ok(!seen, "holdfast_health_free: the pointer becomes NULL");
	holdfast_health_free(&seen);
	holdfast_health_free(NULL);
	is_str(holdfast_counting_name(HOLDFAST_COUNTING_SINCE_MOUNT), "since-mount",
		"holdfast_counting_name: the name of SINCE_MOUNT is since-mount");
	is_str(holdfast_counting_name(99), "?",
		"holdfast_counting_name: the name of an unknown way of counting is ?");
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
