/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * misuse.c - programs and checkers whose behaviour makes crash testing difficult
 *
 *	misuse WHAT FILE
 *
 * As a program under test it stores to FILE, persists the stores and then misbehaves in the way
 * that WHAT names; as a checker it reads FILE. The table at the end lists all values of WHAT.
 */
#include <fcntl.h>
#include <libpmem.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "misuse.h"

const char *name;

volatile char *map(void)
{
	size_t length;
	int is_pmem;
	char *mapped = pmem_map_file(name, 0, 0, 0, &length, &is_pmem);

	if (!mapped) {
		fprintf(stderr, "misuse: %s\n", pmem_errormsg());
		exit(3);
	}
	return mapped;
}

void put(volatile char *at, char value)
{
	*at = value;
	pmem_persist((const void *)at, 1);
}

/* ---- programs */

static int stores(void)
{
	volatile char *mapped = map();

	put(mapped, 1);
	put(mapped + 64, 1);
	return 0;
}

/*
 * Acknowledges the second byte before its drain. At earlier fences the recorder asks the kernel for
 * the length of the output; at the fence of this drain it must notice the new output without
 * asking.
 */
static int says_early(void)
{
	volatile char *mapped = map();

	put(mapped, 1);
	put(mapped, 2);
	put(mapped, 3);
	mapped[64] = 1;
	pmem_flush((const void *)(mapped + 64), 1);
	if (write(STDOUT_FILENO, "x", 1) != 1)
		return 3;
	pmem_drain();
	return 0;
}

static int fails(void)
{
	stores();
	return 7;
}

static int crashes(void)
{
	stores();
	raise(SIGSEGV);
	return 0;
}

static int maps_nothing(void)
{
	return 0;
}

static int maps_privately(void)
{
	int fd = open(name, O_RDWR);
	char *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	*mapped = 1;
	return mapped == MAP_FAILED;
}

/* Maps a sparse file of 64 GiB, and uses only two cache lines of the file. */
static int maps_sparse(void)
{
	size_t size = (size_t)64 << 30;
	int fd = open(name, O_RDWR);

	if (ftruncate(fd, (off_t)size))
		return 1;
	char *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		return 2;
	put(mapped, 1);
	put(mapped + size - 64, 1);
	return 0;
}

/* Maps the file, then moves, grows and shrinks the map. */
static int remaps(void)
{
	int fd = open(name, O_RDWR);
	char *mapped = ftruncate(fd, 65536)
			       ? MAP_FAILED
			       : mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (mapped == MAP_FAILED || munmap(mapped + 4096, 65536 - 4096))
		return 1;
	put(mapped, 1);
	void *there = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mapped = mremap(mapped, 4096, 65536, MREMAP_MAYMOVE | MREMAP_FIXED, there);
	if (mapped == MAP_FAILED)
		return 2;
	put(mapped + 60000, 1);
	mapped = mremap(mapped, 65536, 8192, 0);
	put(mapped + 4096, 1);
	return 0;
}

/*
 * Stores to every page of a file that is larger than the free space in the directory for copies of
 * files.
 */
static int fills(void)
{
	int fd = open(name, O_RDWR);
	size_t size = (size_t)lseek(fd, 0, SEEK_END);
	char *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (mapped == MAP_FAILED)
		return 1;
	for (size_t at = 0; at < size; at += 4096)
		mapped[at] = 1;
	return 0;
}

/* Closes all descriptors that it did not open itself, as daemons do. */
static int closes_all(void)
{
	for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
		close(fd);
	return stores();
}

/* Closes all descriptors that it did not open itself, and opens another file in place of each. */
static int reopens_all(void)
{
	for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
		close(fd);
	for (int fd = open("/", O_RDONLY); fd >= 0 && fd < 1000;)
		fd = dup(fd);
	return stores();
}

/* Does not end by itself: the test must end it with a signal. */
static int waits(void)
{
	stores();
	return pause();
}

static int leaves_child(void)
{
	stores();
	if (!fork()) {
		setsid();
		pause();
	}
	return 0;
}

static int forks(void)
{
	volatile char *mapped = map();

	for (int i = 0; i < 3; i++)
		if (!fork()) {
			put(mapped + 64 * (i + 2), 1);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	put(mapped, 1);
	return 0;
}

static int drops_rights(void)
{
	return geteuid() ? 0 : setgid(65534) || setuid(65534) || stores();
}

#define THREADS 64

static void *store_in_thread(void *line)
{
	for (char i = 1; i < 20; i++)
		put(line, i);
	return NULL;
}

static int starts_threads(void)
{
	pthread_t threads[THREADS];
	volatile char *mapped = map();

	put(mapped, 1);
	for (int i = 0; i < THREADS; i++) {
		char *line = (char *)mapped + i % 63 * 64 + 1;
		if (pthread_create(&threads[i], NULL, store_in_thread, line))
			return 1;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static sigjmp_buf after_fault;

static void on_fault(int number)
{
	(void)number;
	siglongjmp(after_fault, 1);
}

/* Causes SIGSEGV, and continues where its own signal handler jumps to. */
static int handles_faults(void)
{
	volatile char *mapped = map();
	volatile int *nowhere = (volatile int *)8;

	signal(SIGSEGV, on_fault);
	put(mapped, 1);
	if (!sigsetjmp(after_fault, 1))
		*nowhere = 1;
	put(mapped + 64, 1);
	return 0;
}

/* Creates a new file with the given name. */
static int creates(void)
{
	size_t length;
	int is_pmem;
	char *mapped = pmem_map_file(name, 4096, PMEM_FILE_CREATE, 0600, &length, &is_pmem);

	if (!mapped)
		return 3;
	put(mapped, 1);
	put(mapped + 64, 1);
	return 0;
}

/* ---- checkers: if the second byte is set, the first one must be set, too */

static int checks(void)
{
	volatile char *mapped = map();

	return mapped[64] && !mapped[0];
}

static int hangs(void)
{
	if (!checks())
		pause();
	return 0;
}

static int refuses(void)
{
	puts("this check refuses every image");
	return 1;
}

/* Changes the image with write(2), a change that a private map of the image does not show. */
static int writes(void)
{
	volatile char *mapped = map();
	int fd = open(name, O_WRONLY), bad = mapped[64] == 2 || (mapped[64] && !mapped[0]);

	return bad || pwrite(fd, "\2", 1, 64) != 1;
}

static int truncates(void)
{
	int bad = checks();

	return truncate(name, 0) || bad;
}

/*
 * Changes the image through a map of it; the next image that the tool makes must not contain this
 * change.
 */
static int recovers(void)
{
	volatile char *mapped = map();
	int bad = mapped[128] != 0;

	put(mapped + 128, 1);
	return bad;
}

/*
 * Refuses an image in which the second byte is not set if the program has acknowledged this byte.
 */
static int checks_words(void)
{
	const char *said = getenv("HOLDFAST_CRASH_OUT");
	struct stat st;

	if (!said || stat(said, &st))
		return 3;
	return st.st_size && !map()[64];
}

static int leaves_and_checks(void)
{
	int bad = checks();

	if (!fork()) {
		setsid();
		pause();
	}
	return bad;
}

/* Lets a child process store to the image, and must see this store. */
static int checks_in_child(void)
{
	volatile char *mapped = map();
	int bad = checks();

	if (!fork()) {
		put(mapped + 256, 3);
		_exit(0);
	}
	wait(NULL);
	return bad || mapped[256] != 3;
}

static const struct {
	const char *word;
	int (*run)(void);
} table[] = {
	{"stores", stores},
	{"says-early", says_early},
	{"fails", fails},
	{"crashes", crashes},
	{"maps-nothing", maps_nothing},
	{"maps-privately", maps_privately},
	{"maps-sparse", maps_sparse},
	{"remaps", remaps},
	{"fills", fills},
	{"closes-all", closes_all},
	{"reopens-all", reopens_all},
	{"waits", waits},
	{"dies-in-record", dies_in_record},
	{"opens-remote", opens_remote},
	{"rings-itself", rings_itself},
	{"leaves-child", leaves_child},
	{"forks", forks},
	{"drops-rights", drops_rights},
	{"starts-threads", starts_threads},
	{"handles-faults", handles_faults},
	{"creates", creates},
	{"checks", checks},
	{"hangs", hangs},
	{"refuses", refuses},
	{"accepts", maps_nothing},
	{"writes", writes},
	{"truncates", truncates},
	{"recovers", recovers},
	{"checks-words", checks_words},
	{"leaves-and-checks", leaves_and_checks},
	{"checks-in-child", checks_in_child},
};

int main(int argc, char *argv[])
{
	if (argc != 3)
		return 2;
	name = argv[2];
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(argv[1], table[i].word))
			return table[i].run();
	return 2;
}
