/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * routes.c - programs that write and sync files by calls that are seldom used together
 *
 *	routes CASE good|bad write FILE	write the first block by the calls of CASE; with `good`,
 *					make it durable; then set and sync the flag through a map
 *	routes CASE good|bad check FILE	the flag must not be set without the block
 *
 * The first table has these cases: FILE has 8192 bytes, the flag is at 4096. Cases of the second
 * table work in a directory instead, in which they make the file "final/data"; if this file exists,
 * it must be complete, unless the case writes it in place. After "done" is printed the flag must be
 * set, and "final/data" must exist.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK 64
#define FLAG  4096
#define SIZE  8192

static const char *name;
static int is_bad;
static char block[BLOCK];

static int must(long result)
{
	if (result < 0) {
		perror("routes");
		exit(3);
	}
	return (int)result;
}

static void done(void)
{
	must(write(STDOUT_FILENO, "done\n", 5));
}

static int sync_unless_bad(int fd)
{
	return is_bad ? 0 : fsync(fd);
}

/*
 * ---- ways to write the first block; only the good variant makes it durable
 */

static void by_pwrite(int fd)
{
	must(pwrite(fd, block, BLOCK, 0));
	must(sync_unless_bad(fd));
}

static void by_writev(int fd)
{
	struct iovec pieces[2] = {{block, 10}, {block + 10, BLOCK - 10}};

	must(lseek(fd, 0, SEEK_SET));
	must(writev(fd, pieces, 2));
	must(sync_unless_bad(fd));
}

static void by_dsync_flag(int fd)
{
	struct iovec pieces[2] = {{block, 10}, {block + 10, BLOCK - 10}};

	must(pwritev2(fd, pieces, 2, 0, is_bad ? 0 : RWF_DSYNC));
}

static void by_dsync_descriptor(int fd)
{
	struct iovec pieces[2] = {{block, 10}, {block + 10, BLOCK - 10}};
	int other = must(open(name, O_RDWR | (is_bad ? 0 : O_DSYNC)));

	(void)fd;
	must(pwritev(other, pieces, 2, 0));
	close(other);
}

/* Writes the block to a new file that has no name. */
static int source(void)
{
	int fd = must(memfd_create("block", 0));

	must(write(fd, block, BLOCK));
	must(lseek(fd, 0, SEEK_SET));
	return fd;
}

static void by_sendfile(int fd)
{
	must(lseek(fd, 0, SEEK_SET));
	must(sendfile(fd, source(), NULL, BLOCK));
	must(sync_unless_bad(fd));
}

static void by_copy_file_range(int fd)
{
	char other[4096];

	snprintf(other, sizeof(other), "%s.other", name);
	int from = must(open(other, O_RDWR | O_CREAT, 0600));
	off_t in = 0, out = 0;
	must(unlink(other));
	must(write(from, block, BLOCK));
	must(copy_file_range(from, &in, fd, &out, BLOCK, 0));
	must(sync_unless_bad(fd));
}

static void by_splice(int fd)
{
	int ends[2];
	off_t out = 0;

	must(pipe(ends));
	must(write(ends[1], block, BLOCK));
	must(splice(ends[0], NULL, fd, &out, BLOCK, 0));
	must(sync_unless_bad(fd));
}

static void by_stdio(int fd)
{
	FILE *file = fdopen(must(dup(fd)), "r+");

	if (!file || fseek(file, 0, SEEK_SET) || fwrite(block, 1, BLOCK, file) != BLOCK ||
		fflush(file) || sync_unless_bad(fileno(file)))
		exit(3);
	fclose(file);
}

static void by_file_system(int fd)
{
	must(pwrite(fd, block, BLOCK, 0));
	if (!is_bad)
		must(syncfs(fd));
	else
		must(sync_file_range(fd, 0, BLOCK, SYNC_FILE_RANGE_WRITE));
}

static void *sync_in_thread(void *fd)
{
	must(sync_unless_bad(*(int *)fd));
	return NULL;
}

static void by_thread(int fd)
{
	pthread_t thread;

	must(pwrite(fd, block, BLOCK, 0));
	must(-pthread_create(&thread, NULL, sync_in_thread, &fd));
	pthread_join(thread, NULL);
}

static void by_vfork(int fd)
{
	int status;

	must(pwrite(fd, block, BLOCK, 0));
	pid_t child = must(vfork());
	if (!child) {
		if (!is_bad)
			fsync(fd);
		_exit(0);
	}
	waitpid(child, &status, 0);
}

/* Maps the file for reading, and makes the map writable by mprotect(2) later. */
static void by_protection(int fd)
{
	char *mapped = mmap(NULL, FLAG, PROT_READ, MAP_SHARED, fd, 0);

	must(mapped == MAP_FAILED ? -1 : mprotect(mapped, FLAG, PROT_READ | PROT_WRITE));
	memcpy(mapped, block, BLOCK);
	must(is_bad ? 0 : msync(mapped, FLAG, MS_SYNC));
}

/* Moves the map by mremap(2) and, if the kernel allows this, keeps the old map, too. */
static void by_moved_map(int fd)
{
	char *mapped = mmap(NULL, FLAG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *there = mapped == MAP_FAILED
			      ? MAP_FAILED
			      : mremap(mapped, FLAG, FLAG, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);

	if (there == MAP_FAILED)
		there = mapped;
	memcpy(mapped, block, BLOCK / 2);
	memcpy(there + BLOCK / 2, block + BLOCK / 2, BLOCK / 2);
	must(is_bad ? 0 : msync(there, FLAG, MS_SYNC));
}

/*
 * Maps the file's two halves side by side, the second half first, and syncs both maps by one call.
 * The bad variant does not sync the map of the first half, to which it writes.
 */
static void by_two_maps(int fd)
{
	int ways = PROT_READ | PROT_WRITE, fixed = MAP_SHARED | MAP_FIXED;
	char *room = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED || mmap(room, FLAG, ways, fixed, fd, FLAG) != room ||
		mmap(room + FLAG, FLAG, ways, fixed, fd, 0) != room + FLAG)
		must(-1);
	memcpy(room + FLAG, block, BLOCK);
	must(msync(room, is_bad ? FLAG : SIZE, MS_SYNC));
}

/* Calls msync(2) in ways that the kernel refuses; the bad variant relies on them. */
static void by_wrong_calls(int fd)
{
	char *mapped = mmap(NULL, FLAG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	must(mapped == MAP_FAILED ? -1 : 0);
	memcpy(mapped, block, BLOCK);
	if (!msync(mapped, FLAG, MS_SYNC | MS_ASYNC) || !msync(mapped, FLAG, MS_SYNC | 64) ||
		!msync(mapped + 1, FLAG - 1, MS_SYNC))
		exit(3);
	must(is_bad ? 0 : msync(mapped, FLAG, MS_SYNC));
}

/*
 * Writes through a descriptor in append mode: the bytes go to the end of the file, whatever offset
 * the call has.
 */
static void by_append(int fd)
{
	int other = must(open(name, O_RDWR | O_APPEND));

	must(pwrite(fd, block, BLOCK, 0));
	must(sync_unless_bad(fd));
	memset(block, 'z', BLOCK);
	must(pwrite(other, block, BLOCK, 0));
	close(other);
}

/*
 * The flag is behind the end of the file when the file is mapped; write_flag() makes the file
 * longer.
 */
static void by_growth(int fd)
{
	by_pwrite(fd);
}

static const struct {
	const char *word;
	void (*run)(int fd);
} routes[] = {
	{"pwrite", by_pwrite},
	{"writev", by_writev},
	{"dsync-flag", by_dsync_flag},
	{"dsync-descriptor", by_dsync_descriptor},
	{"sendfile", by_sendfile},
	{"copy-file-range", by_copy_file_range},
	{"splice", by_splice},
	{"stdio", by_stdio},
	{"file-system", by_file_system},
	{"thread", by_thread},
	{"vfork", by_vfork},
	{"protection", by_protection},
	{"moved-map", by_moved_map},
	{"two-maps", by_two_maps},
	{"wrong-calls", by_wrong_calls},
	{"append", by_append},
	{"growth", by_growth},
};

static int write_flag(void (*run)(int))
{
	int fd = must(open(name, O_RDWR));

	if (run == by_growth)
		must(ftruncate(fd, FLAG));
	char *flag = mmap(NULL, SIZE - FLAG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, FLAG);
	if (flag == MAP_FAILED)
		return 3;
	run(fd);
	if (run == by_growth)
		must(ftruncate(fd, SIZE));
	*(volatile char *)flag = 1;
	must(msync(flag, SIZE - FLAG, MS_SYNC));
	done();
	return 0;
}

static int wrong(const char *what)
{
	puts(what);
	return 1;
}

static int is_promised(void)
{
	struct stat st;

	return !stat(getenv("HOLDFAST_CRASH_OUT"), &st) && st.st_size > 0;
}

static int check_flag(void)
{
	char image[SIZE] = {0};
	int fd = must(open(name, O_RDONLY));

	must(pread(fd, image, SIZE, 0));
	if (image[FLAG] && memcmp(image, block, BLOCK))
		return wrong("the flag is set without the block");
	return is_promised() && !image[FLAG] ? wrong("the flag is not set") : 0;
}

/* ---- files in directories: each makes "final/data" */

static int directory;

static int sync_directory(const char *path)
{
	int fd = must(openat(directory, path, O_RDONLY | O_DIRECTORY)), result = fsync(fd);

	close(fd);
	return result;
}

static void make(const char *path)
{
	int fd = must(openat(directory, path, O_WRONLY | O_CREAT | O_EXCL, 0666));

	must(write(fd, block, BLOCK));
	must(fsync(fd));
	close(fd);
}

/*
 * Makes a directory and a file in it; the bad variant does not sync the parent, and so the name of
 * the directory.
 */
static void new_directory(void)
{
	must(mkdirat(directory, "final", 0777));
	make("final/data");
	must(sync_directory("final"));
	must(is_bad ? 0 : sync_directory("."));
}

/* Moves a file from one directory to another; the bad variant does not sync the two directories. */
static void other_directory(void)
{
	must(mkdirat(directory, "work", 0777));
	must(mkdirat(directory, "final", 0777));
	must(sync_directory("."));
	make("work/data");
	must(renameat(directory, "work/data", directory, "final/data"));
	must(is_bad ? 0 : sync_directory("final"));
}

/* Makes files in a directory, and then renames the directory. */
static void renamed_directory(void)
{
	must(mkdirat(directory, "work", 0777));
	must(mkdirat(directory, "work/deep", 0777));
	make("work/deep/more");
	make("work/data");
	must(sync_directory("work/deep"));
	must(sync_directory("work"));
	must(renameat(directory, "work", directory, "final"));
	must(is_bad ? 0 : sync_directory("."));
	must(unlinkat(directory, "final/deep/more", 0));
	must(unlinkat(directory, "final/deep", AT_REMOVEDIR));
}

/* Syncs the parent through a descriptor that was opened by another path, and duplicated. */
static void other_descriptor(void)
{
	char path[64];

	must(mkdirat(directory, "final", 0777));
	must(sync_directory("."));
	make("final/data");
	int final = must(openat(directory, "final/../final/.", O_RDONLY));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", final);
	int again = must(open(path, O_RDONLY | O_DIRECTORY));
	must(is_bad ? 0 : fsync(must(dup(again))));
}

/*
 * Writes with stdio to a file whose name the C library chooses; the bad variant does not sync the
 * data.
 */
static void made_up_name(void)
{
	char path[4096], final[4096];

	must(mkdirat(directory, "final", 0777) && errno != EEXIST ? -1 : 0);
	snprintf(path, sizeof(path), "%s/final/XXXXXX", name);
	snprintf(final, sizeof(final), "%s/final/data", name);
	FILE *file = fdopen(must(mkstemp(path)), "w");
	if (!file || fwrite(block, 1, BLOCK, file) != BLOCK || fflush(file) ||
		sync_unless_bad(fileno(file)))
		exit(3);
	fclose(file);
	must(rename(path, final));
	must(sync_directory("final"));
	must(sync_directory("."));
}

/* Makes a file without a name, and names it when it is complete. */
static void nameless(void)
{
	char path[64];

	must(mkdirat(directory, "final", 0777));
	must(sync_directory("."));
	int fd = must(openat(directory, "final", O_TMPFILE | O_WRONLY, 0600));
	must(write(fd, block, BLOCK));
	must(sync_unless_bad(fd));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(linkat(AT_FDCWD, path, directory, "final/data", AT_SYMLINK_FOLLOW));
	must(sync_directory("final"));
}

/* Exchanges a directory that has the complete file with an older directory. */
static void exchange(void)
{
	must(mkdirat(directory, "final", 0777));
	must(mkdirat(directory, "work", 0777));
	make("work/data");
	must(sync_directory("work"));
	must(sync_directory("."));
	must(renameat2(directory, "work", directory, "final", RENAME_EXCHANGE));
	must(is_bad ? 0 : sync_directory("."));
}

/* Stores through a map; msync(2) makes the size durable, too. */
static void mapped(void)
{
	must(mkdirat(directory, "final", 0777));
	must(sync_directory("."));
	int fd = must(openat(directory, "final/new", O_RDWR | O_CREAT, 0666));
	must(ftruncate(fd, BLOCK));
	char *map = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		exit(3);
	memcpy(map, block, BLOCK);
	must(is_bad ? 0 : msync(map, BLOCK, MS_SYNC));
	must(renameat(directory, "final/new", directory, "final/data"));
	must(sync_directory("final"));
}

/*
 * Kills five children that write all the time: most probably at least one of them is killed inside
 * a call.
 */
static void killed_child(void)
{
	must(mkdirat(directory, "final", 0777));
	for (int i = 0; i < 5; i++) {
		pid_t child = must(fork());
		int fd = child ? -1 : must(openat(directory, "other", O_WRONLY | O_CREAT, 0666));
		while (!child)
			must(pwrite(fd, block, BLOCK, 0));
		usleep(2000);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	made_up_name();
}

static const struct {
	const char *word;
	void (*run)(void);
	int is_in_place; /* "final/data" exists before it is complete */
} trees[] = {
	{"new-directory", new_directory, 1},
	{"other-directory", other_directory, 0},
	{"renamed-directory", renamed_directory, 0},
	{"other-descriptor", other_descriptor, 1},
	{"made-up-name", made_up_name, 0},
	{"nameless", nameless, 0},
	{"exchange", exchange, 0},
	{"mapped", mapped, 0},
	{"killed-child", killed_child, 0},
};

static int check_tree(int is_in_place)
{
	char image[2 * BLOCK];
	int fd = openat(directory, "final/data", O_RDONLY);

	if (fd < 0)
		return is_promised() ? wrong("the file is not there") : 0;
	if (is_in_place && !is_promised())
		return 0;
	if (read(fd, image, sizeof(image)) != BLOCK || memcmp(image, block, BLOCK))
		return wrong("the file is not whole");
	return 0;
}

int main(int argc, char *argv[])
{
	if (argc != 5)
		return 2;
	int checks = !strcmp(argv[3], "check");
	name = argv[4];
	is_bad = !strcmp(argv[2], "bad");
	memset(block, 'a', BLOCK);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (!strcmp(argv[1], routes[i].word))
			return checks ? check_flag() : write_flag(routes[i].run);
	directory = must(open(name, O_RDONLY | O_DIRECTORY));
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
		if (!strcmp(argv[1], trees[i].word)) {
			if (checks)
				return check_tree(trees[i].is_in_place);
			trees[i].run();
			done();
			return 0;
		}
	return 2;
}
