/* SPDX-License-Identifier: BSD-3-Clause */
/* explain.c - explanations of descriptors, maps and this machine, as programs get them */
#include <errno.h>
#include <libpmem2/holdfast.h>
#include <sys/stat.h>

#include "api/fixture.h"

/* In a chroot that is no mount of its own, the mount that it lies in is kept from us. */
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

static struct holdfast_explanation *told;

static int explain(int fd)
{
	holdfast_explanation_free(&told);
	return holdfast_explain_fd(&told, fd);
}

/* What all of them have. */
static void is_whole(const char *what)
{
	is_int(told->struct_size, sizeof(*told), "%s: the struct says how large it is", what);
	ok(told->verdict && *told->verdict && !strchr(told->verdict, '\n'), "%s: one line", what);
	has_str(told->text, told->verdict, "%s: which the text begins with", what);
	ok(strchr(told->text, '\n') != strrchr(told->text, '\n'), "%s: and goes on", what);
	ok(told->flush && told->drain && told->cpu, "%s: and says how", what);
}

static void files(void)
{
	int fd = file_of(2 * page_size(), O_RDWR);
	struct stat before, after;

	fstat(fd, &before);
	is_int(explain(fd), 0, "a file");
	fstat(fd, &after);
	is_whole("a file");
	is_int(told->object, HOLDFAST_OBJECT_FILE, "is a file");
	is_int(told->size.value, 2 * page_size(), "of two pages");
	is_int(told->alignment.value, page_size(), "mapped by pages");
	is_int(told->map_error, 0, "it can be mapped");
	ok(told->map_sync == HOLDFAST_MAP_SYNC_ACCEPTED ||
			told->map_sync == HOLDFAST_MAP_SYNC_REFUSED,
		"which was tried");
	ok(told->file_system && told->layer_count, "it is on a file system");
	has_str(told->text, told->file_system, "which the text names");
	ok(before.st_mtime == after.st_mtime && before.st_ctime == after.st_ctime &&
			before.st_size == after.st_size,
		"it has not been changed");
	close(fd);

	fd = file_of(page_size(), O_RDONLY);
	enum holdfast_map_sync writable = told->map_sync;
	is_int(explain(fd), 0, "a file that is open for reading");
	is_int(told->map_sync, writable, "gets the same answer");
	is_int(told->map_error, 0, "and can be mapped");
	close(fd);

	fd = file_of(page_size(), O_WRONLY);
	is_int(explain(fd), 0, "a file that is open for writing");
	is_int(told->map_error, PMEM2_E_INVALID_FILE_HANDLE, "cannot be mapped");
	has_str(told->text, "for writing only", "the text says why");
	ok(told->map_sync == HOLDFAST_MAP_SYNC_WOULD_ACCEPT ||
			told->map_sync == HOLDFAST_MAP_SYNC_WOULD_REFUSE,
		"the answer is inferred");
	close(fd);

	fd = file_of(page_size(), O_PATH);
	is_int(explain(fd), 0, "a path");
	is_whole("a path");
	is_int(told->map_error, -EBADF, "cannot be mapped");
	close(fd);

	fd = file_of(0, O_RDWR);
	is_int(explain(fd), 0, "an empty file");
	is_int(told->map_error, PMEM2_E_SOURCE_EMPTY, "cannot be mapped");
	is_int(told->map_sync, writable, "but is explained");
	has_str(told->text, "empty", "the text says why");
	close(fd);
}

/* It must be what pmem2_map_new() does, whatever this machine is. */
static void agrees(const char *forced)
{
	int fd = file_of(page_size(), O_RDWR);
	struct pmem2_map *map = map_of(page_size(), forced);

	if (forced)
		setenv("PMEM2_FORCE_GRANULARITY", forced, 1);
	explain(fd);
	unsetenv("PMEM2_FORCE_GRANULARITY");
	is_int(told->granularity, pmem2_map_get_store_granularity(map),
		"forced %s: as pmem2_map_new() does it", forced ? forced : "nothing");
	is_int(told->reason == HOLDFAST_REASON_FORCED, forced != NULL, "and why");
	enum pmem2_granularity needed = told->needed;

	holdfast_explanation_free(&told);
	is_int(holdfast_explain_map(&told, map), 0, "the map");
	is_whole("the map");
	is_int(told->granularity, pmem2_map_get_store_granularity(map), "it has what it has");
	is_int(told->needed, needed, "and needs what the file needs");
	is_int(told->reason == HOLDFAST_REASON_FORCED, forced != NULL, "and why");
	is_int(told->size.value, page_size(), "its size");
	/* Only the list of mounts tells of a map whose descriptor is closed. */
	if (root_is_listed())
		ok(told->file_system, "its file system is found");
	else
		skip("its file system is found",
			"the root directory is in no mount that is listed");
	pmem2_map_delete(&map);
	close(fd);
}

static void tmpfs(void)
{
	int fd = memfd_create("explained", 0);

	if (fd < 0 || ftruncate(fd, (off_t)page_size()))
		bail("no memfd: %m");
	is_int(explain(fd), 0, "a memfd");
	is_str(told->file_system, "tmpfs", "is on a tmpfs that is mounted nowhere");
	ok(!told->mount_point, "it has no mount point");
	is_int(told->survival, HOLDFAST_SURVIVES_NOT, "it survives nothing");
	has_str(told->verdict, "do not survive", "the verdict says so");
	close(fd);
}

static struct pmem2_map *map_with(struct pmem2_source *src, enum pmem2_sharing_type sharing)
{
	struct pmem2_config *cfg = config();
	struct pmem2_map *map;

	pmem2_config_set_sharing(cfg, sharing);
	if (pmem2_map_new(&map, cfg, src))
		bail("no map: %s", pmem2_errormsg());
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
	is_int(holdfast_explain_map(&told, map), 0, "a private map");
	is_int(told->reason, HOLDFAST_REASON_NOT_SHARED, "is not shared");
	is_int(told->survival, HOLDFAST_SURVIVES_NOT, "it survives nothing");
	pmem2_map_delete(&map);
	close(fd);

	pmem2_source_from_anon(&anonymous, page_size());
	map = map_with(anonymous, PMEM2_SHARED);
	holdfast_explanation_free(&told);
	is_int(holdfast_explain_map(&told, map), 0, "an anonymous map");
	is_whole("an anonymous map");
	is_int(told->object, HOLDFAST_OBJECT_ANONYMOUS, "has no file");
	is_int(told->numa_node.answer, HOLDFAST_UNSUPPORTED, "and no NUMA node");
	is_str(told->name, "", "and no name");

	char not_a_map[512] = {0};
	holdfast_explanation_free(&told);
	told = UNTOUCHED;
	is_int(holdfast_explain_map(&told, (struct pmem2_map *)not_a_map),
		PMEM2_E_MAPPING_NOT_FOUND, "no live map");
	ok(told == UNTOUCHED, "and nothing is handed out");
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
		bail("no map: %s", pmem2_errormsg());
	is_int(holdfast_explain_map(&told, map), 0, "a map of the program's own");
	is_int(told->reason, HOLDFAST_REASON_PROGRAM, "has what the program said");
	is_int(told->granularity, PMEM2_GRANULARITY_PAGE, "which is this");
	pmem2_map_delete(&map);
	pmem2_source_delete(&src);
	munmap(addr, page_size());
	close(fd);
	holdfast_explanation_free(&told);
}

static void refused(int fd, int code, const char *part, const char *what)
{
	told = UNTOUCHED;
	is_int(holdfast_explain_fd(&told, fd), code, "%s", what);
	has_str(pmem2_errormsg(), part, "%s: the sentence", what);
	ok(told == UNTOUCHED, "%s: nothing is handed out", what);
	told = NULL;
}

static void wrong(void)
{
	int ends[2], fd;

	holdfast_explanation_free(&told);
	if (pipe(ends))
		bail("no pipe: %m");
	refused(ends[0], PMEM2_E_INVALID_FILE_TYPE, "a pipe", "a pipe");
	close(ends[0]);
	close(ends[1]);
	refused(ends[0], PMEM2_E_INVALID_FILE_HANDLE, "is not open", "a closed descriptor");
	refused(-1, PMEM2_E_INVALID_FILE_HANDLE, "is not open", "no descriptor");
	fd = open("/dev/null", O_RDONLY);
	refused(fd, PMEM2_E_INVALID_FILE_TYPE, "not a DAX device", "a character device");

	is_int(holdfast_explain_fd(NULL, fd), -EINVAL, "nowhere to put it");
	is_int(holdfast_explain_map(&told, NULL), -EINVAL, "no map");
	is_int(holdfast_explain_machine(NULL), -EINVAL, "nowhere to put the machine");
	close(fd);
	holdfast_explanation_free(NULL);
	holdfast_explanation_free(&told);
	ok(!told, "freeing nothing does nothing");
}

static void directories(void)
{
	int fd = open("/dev/shm", O_RDONLY | O_DIRECTORY);

	if (fd < 0) {
		skip("a directory", "there is no /dev/shm");
		return;
	}
	is_int(explain(fd), 0, "a directory");
	is_whole("a directory");
	is_int(told->object, HOLDFAST_OBJECT_DIRECTORY, "is a directory");
	is_int(told->map_sync, HOLDFAST_MAP_SYNC_WOULD_REFUSE, "nothing is tried");
	has_str(told->verdict, "new file", "the verdict is about new files");
	close(fd);
}

static void sentence_stays(void)
{
	int fd = file_of(0, O_WRONLY);

	pmem2_source_get_fd(NULL, NULL);
	char *before = strdup(pmem2_errormsg());
	ok(*before, "there is a sentence of a call that failed");
	explain(fd);
	is_str(pmem2_errormsg(), before, "an explanation leaves it alone");
	free(before);
	close(fd);
}

static void machine(void)
{
	struct holdfast_machine *all;

	is_int(holdfast_explain_machine(&all), 0, "the machine");
	is_int(all->struct_size, sizeof(*all), "says how large it is");
	ok(all->cpu && *all->cpu->engine, "and which engine it uses");
	has_str(all->text, "CPU", "in words, too");
	holdfast_machine_free(&all);
	ok(!all, "and is freed");
	holdfast_machine_free(&all);
	holdfast_machine_free(NULL);
}

static void names(void)
{
	is_str(holdfast_object_name(HOLDFAST_OBJECT_DAX_DEVICE), "dax-device", "names: object");
	is_str(holdfast_survival_name(HOLDFAST_SURVIVES_NOT), "no", "names: survival");
	is_str(holdfast_reason_name(HOLDFAST_REASON_FORCED), "forced", "names: reason");
	is_str(holdfast_map_sync_name(HOLDFAST_MAP_SYNC_WOULD_ACCEPT), "would-accept",
		"names: MAP_SYNC");
	is_str(holdfast_obstacle_name(HOLDFAST_OBSTACLE_BLOCK_DAX), "block-dax", "names: obstacle");
	is_str(holdfast_memory_name(HOLDFAST_MEMORY_MIXED), "mixed", "names: memory");
	is_str(holdfast_domain_name(HOLDFAST_DOMAIN_CPU_CACHE), "cpu-cache", "names: domain");
	is_str(holdfast_deep_flush_name(HOLDFAST_DEEP_FLUSH_PAGES), "pages", "names: deep flush");
	is_str(holdfast_reason_name((enum holdfast_reason)99), "?", "names: none");
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
	return tap_done();
}
