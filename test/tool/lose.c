/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lose.c - store to a file, whose second half cannot be written back, and ask for the write-back
 *
 *	lose punch IMAGE	punch a hole into the disk image IMAGE at each page full of 'B'
 *	lose HOW FILE		FILE, on the disk of that image, has one MiB of pages full of 'A',
 *				then one MiB full of 'B'; no room is left to fill the image's holes
 *
 * `lose HOW FILE' stores to both halves, A and B, and has the kernel write all back with syncfs(2),
 * so that the kernel reports the error of B to the first msync(2) of the file only. Then it asks
 * for the write-back in one of these ways:
 *
 *	drain	one drain of both halves, with a writeback handler, which prints
 *		"OFFSET ERROR [uncertain]" at each call
 *	retry	deep flush of A once and of B twice: prints the result of each
 *	other	deep flush of A: prints its result; then a drain of B
 *	thread	like other, with the deep flush on another thread
 *	maps	deep flush of A in one map: prints its result; then a drain of B in another map
 *	child	persist of A in a forked child: prints how the child ends; then a drain of B
 *	pmem	pmem_msync of A in one mapping, of B in another one, twice, and of another file:
 *		prints the result of each; no drain
 *
 * and prints `durable' if no write-back has aborted the process.
 */
#include <err.h>
#include <fcntl.h>
#include <libpmem.h>
#include <libpmem2.h>
#include <libpmem2/holdfast.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HALF ((size_t)1 << 20)
#define PAGE ((size_t)4096)

static struct pmem2_map *map_fd(int fd)
{
	struct pmem2_source *src;
	struct pmem2_config *cfg;
	struct pmem2_map *map;

	if (pmem2_source_from_fd(&src, fd) || pmem2_config_new(&cfg) ||
		pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_PAGE) ||
		pmem2_map_new(&map, cfg, src))
		errx(2, "cannot map the file: %s", pmem2_errormsg());
	pmem2_source_delete(&src);
	pmem2_config_delete(&cfg);
	return map;
}

static char *half(struct pmem2_map *map, char which)
{
	return (char *)pmem2_map_get_address(map) + (which == 'A' ? 0 : HALF) + 16 * PAGE;
}

static void store(struct pmem2_map *map, char which)
{
	char *to = half(map, which);

	memset(to, 'x', 8);
	pmem2_get_flush_fn(map)(to, 8);
}

static const char *deep(struct pmem2_map *map, char which)
{
	return pmem2_deep_flush(map, half(map, which), 8) ? "fails" : "succeeds";
}

/*
 * Has the kernel write back the file system through the descriptor of another file, so that the
 * error stays with the mapped file, unreported.
 */
static void write_back_behind(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%.4000s.other", name);
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		err(2, "%s", path);
	(void)!syncfs(fd); /* the error is left for msync(2) of the mapped file to report */
	close(fd);
}

static enum holdfast_writeback_verdict tell(
	const struct holdfast_writeback_failure *failure, void *context)
{
	(void)context;
	printf("%llu %s%s\n", (unsigned long long)failure->offset, strerror(failure->error),
		failure->flags & HOLDFAST_WRITEBACK_UNCERTAIN ? " uncertain" : "");
	fflush(stdout);
	return HOLDFAST_WRITEBACK_LOST;
}

static void *deep_first(void *map)
{
	printf("A %s\n", deep(map, 'A'));
	fflush(stdout);
	return NULL;
}

static void deep_in_thread(struct pmem2_map *map)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, deep_first, map))
		errx(2, "cannot create a thread");
	pthread_join(thread, NULL);
}

static void persist_in_child(struct pmem2_map *map)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		store(map, 'A');
		pmem2_get_drain_fn(map)();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		err(2, "cannot fork or wait for the child");
	printf("the child %s\n", WIFSIGNALED(status) ? "is ended" : "returns");
	fflush(stdout);
}

static char *map_other(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%.4000s.other", name);
	int fd = open(path, O_RDWR);
	if (fd < 0 || ftruncate(fd, (off_t)PAGE))
		err(2, "%s", path);
	char *addr = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (addr == MAP_FAILED)
		err(2, "%s", path);
	close(fd);
	return addr;
}

static const char *msync_of(char *addr)
{
	*addr = 'x';
	return pmem_msync(addr, 8) ? "fails" : "succeeds";
}

/* Both maps have the same open file, so the kernel reports its error to the first msync(2) only. */
static void ask_libpmem(struct pmem2_map *map, struct pmem2_map *again, const char *name)
{
	char *other = map_other(name);

	printf("A %s\n", msync_of(half(map, 'A')));
	printf("B %s\n", msync_of(half(again, 'B')));
	printf("B %s\n", msync_of(half(again, 'B')));
	printf("the other file %s\n", msync_of(other));
}

static void ask(const char *how, struct pmem2_map *map, struct pmem2_map *other, const char *name)
{
	if (!strcmp(how, "drain"))
		holdfast_set_writeback_handler(tell, NULL);
	else if (!strcmp(how, "retry"))
		printf("A %s\nB %s\nB %s\n", deep(map, 'A'), deep(map, 'B'), deep(map, 'B'));
	else if (!strcmp(how, "other"))
		deep_first(map);
	else if (!strcmp(how, "thread"))
		deep_in_thread(map);
	else if (!strcmp(how, "maps"))
		deep_first(other);
	else if (!strcmp(how, "child"))
		persist_in_child(map);
	else if (!strcmp(how, "pmem"))
		ask_libpmem(map, other, name);
	else
		errx(2, "unknown HOW: %s", how);
	fflush(stdout);
	if (strcmp(how, "retry") && strcmp(how, "pmem"))
		pmem2_get_drain_fn(map)();
}

static void lose(const char *how, const char *name)
{
	int fd = open(name, O_RDWR);

	if (fd < 0)
		err(2, "%s", name);
	struct pmem2_map *map = map_fd(fd), *other = map_fd(fd);
	if (strcmp(how, "child"))
		store(map, 'A');
	store(map, 'B');
	write_back_behind(name);
	ask(how, map, other, name);
	puts("durable");
	fflush(stdout);
	_exit(0);
}

static void punch(const char *name)
{
	char page[PAGE], full[PAGE];
	int fd = open(name, O_RDWR);
	off_t at = 0;
	unsigned pages = 0;

	memset(full, 'B', PAGE);
	for (; pread(fd, page, PAGE, at) == (ssize_t)PAGE; at += (off_t)PAGE) {
		if (memcmp(page, full, PAGE))
			continue;
		if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, (off_t)PAGE))
			err(2, "%s: cannot punch a hole", name);
		pages++;
	}
	printf("%u pages\n", pages);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: lose punch IMAGE, lose HOW FILE");
	if (strcmp(argv[1], "punch"))
		lose(argv[1], argv[2]);
	punch(argv[2]);
	return 0;
}
