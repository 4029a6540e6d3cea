/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool-failure.c - a pool that cannot be created leaves no files behind
 *
 * The tests make pool_create() fail by a failure of each system call in turn, a full disk, missing
 * permissions, parts that do not fit, and a process that is killed.
 */
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "unit/pooldir.h"

#define MIB ((size_t)1 << 20)

/*
 * The functions below replace system calls, and count them in `calls`. The call with the number
 * `failing` fails with EIO; 0: no call fails.
 */
static unsigned calls, failing;
static unsigned dropped; /* number of files whose cached pages the library has dropped */
static bool no_tmpfile;
static bool no_naming; /* linkat() of O_TMPFILE files fails, as without /proc before Linux 6.10 */

static bool fails(void)
{
	if (!failing || ++calls != failing)
		return false;
	errno = EIO;
	return true;
}

#define IN_BETWEEN __attribute__((visibility("default")))

int open(const char *path, int flags, ...);
int flock(int fd, int operation);
int ftruncate(int fd, off_t length);
int fallocate(int fd, int mode, off_t offset, off_t length);
int posix_fallocate(int fd, off_t offset, off_t length);
int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int access(const char *path, int mode);
int fsync(int fd);
int fdatasync(int fd);
int posix_fadvise(int fd, off_t offset, off_t length, int advice);
ssize_t pread(int fd, void *to, size_t size, off_t offset);
ssize_t pwrite(int fd, const void *from, size_t size, off_t offset);

IN_BETWEEN int open(const char *path, int flags, ...)
{
	va_list ap;

	va_start(ap, flags);
	mode_t mode = va_arg(ap, mode_t);
	va_end(ap);
	if (no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return fails() ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

IN_BETWEEN int flock(int fd, int operation)
{
	return fails() ? -1 : (int)syscall(SYS_flock, fd, operation);
}

IN_BETWEEN int ftruncate(int fd, off_t length)
{
	return fails() ? -1 : (int)syscall(SYS_ftruncate, fd, length);
}

IN_BETWEEN int posix_fallocate(int fd, off_t offset, off_t length)
{
	return fails() ? EIO : syscall(SYS_fallocate, fd, 0, offset, length) ? errno : 0;
}

IN_BETWEEN int fallocate(int fd, int mode, off_t offset, off_t length)
{
	return fails() ? -1 : (int)syscall(SYS_fallocate, fd, mode, offset, length);
}

IN_BETWEEN int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	if (no_naming) {
		errno = ENOENT;
		return -1;
	}
	return fails() ? -1 : (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
}

IN_BETWEEN int access(const char *path, int mode)
{
	if (no_naming && !strncmp(path, "/proc/", 6)) {
		errno = ENOENT;
		return -1;
	}
	return (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

IN_BETWEEN int fsync(int fd)
{
	return fails() ? -1 : (int)syscall(SYS_fsync, fd);
}

IN_BETWEEN int posix_fadvise(int fd, off_t offset, off_t length, int advice)
{
	dropped += advice == POSIX_FADV_DONTNEED && !offset && !length;
	return fails() ? EIO : syscall(SYS_fadvise64, fd, offset, length, advice) ? errno : 0;
}

IN_BETWEEN int fdatasync(int fd)
{
	return fails() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

IN_BETWEEN ssize_t pread(int fd, void *to, size_t size, off_t offset)
{
	return fails() ? -1 : syscall(SYS_pread64, fd, to, size, offset);
}

IN_BETWEEN ssize_t pwrite(int fd, const void *from, size_t size, off_t offset)
{
	return fails() ? -1 : syscall(SYS_pwrite64, fd, from, size, offset);
}

/* Counts the entries of a directory, such as the open descriptors in /proc/self/fd. */
static int count_entries(const char *directory)
{
	DIR *entries = opendir(directory);
	int count = 0;

	if (!entries)
		bail("cannot read %s: %m", directory);
	while (readdir(entries))
		count++;
	closedir(entries);
	return count;
}

/* Counts mappings of files below pooldir_root, also of unlinked ones. */
static int count_maps(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	char line[1000];
	int count = 0;

	if (!file)
		bail("cannot read /proc/self/maps: %m");
	while (fgets(line, sizeof(line), file))
		count += strstr(line, pooldir_root) != NULL;
	fclose(file);
	return count;
}

static void make_file(const char *name, size_t size)
{
	int fd = creat(pooldir_path(name), 0644);

	if (fd < 0 || syscall(SYS_ftruncate, fd, size))
		bail("cannot make %s: %m", name);
	close(fd);
}

static bool is_blank(const char *name)
{
	char page[4096];
	int fd = (int)syscall(SYS_openat, AT_FDCWD, pooldir_path(name), O_RDONLY, 0);

	if (fd < 0 || read(fd, page, sizeof(page)) != sizeof(page))
		bail("cannot read %s: %m", name);
	close(fd);
	for (size_t i = 0; i < sizeof(page); i++)
		if (page[i])
			return false;
	return true;
}

/*
 * Creates a pool again and again, with a failure of the first, second, third... system call, until
 * no call is left to fail. The first and third part of the pool are new, and the second one exists.
 */
static void each_call(bool without_tmpfile, bool without_naming)
{
	struct pool_set *set = pooldir_set("each.set", "2M @/e0\n2M @/e1\n2M @/e2\n");
	struct rpmem_pool_attr attr =
		pooldir_attr(POOL_INCOMPAT_SHUTDOWN | POOL_INCOMPAT_CHECKSUM_2K);
	struct pool *pool = NULL;
	int error = -1, left = 0, silent = 0, written = 0;
	int descriptors = count_entries("/proc/self/fd");

	no_tmpfile = without_tmpfile;
	no_naming = without_naming;
	make_file("e1", 2 * MIB);
	for (failing = 1; error && failing < 200; failing++) {
		calls = 0;
		error = pool_create(set, 2 * MIB, &attr, &pool);
		if (!error)
			break;
		left += pooldir_has("e0") || pooldir_has("e2");
		written += !is_blank("e1");
		silent += error != -EIO || !strstr(err_get(), strerror(EIO));
	}
	unsigned tried = failing - 1;
	failing = 0;
	ok(!error && tried > 15,
		"pool_create: succeeds after %u attempts in which one system call failed (%s)",
		tried,
		without_tmpfile  ? "without O_TMPFILE"
		: without_naming ? "O_TMPFILE files cannot be given names"
				 : "with O_TMPFILE");
	is_int(left, 0, "pool_create: no failed call has left a file");
	is_int(written, 0,
		"pool_create: no failed call has left a header in a part that existed before the call");
	is_int(silent, 0, "pool_create: each failed call is reported as EIO, with a message");
	if (!error)
		pool_discard(pool);
	ok(!pooldir_has("e0") && !pooldir_has("e2") && is_blank("e1"),
		"pool_discard: removes new parts, and clears the header of a part that existed before pool_create");
	is_int(count_entries("/proc/self/fd"), descriptors,
		"pool_create: no descriptor is left open after failed and discarded calls");
	is_int(count_maps(), 0, "pool_create: no mapping is left behind");
	unlink(pooldir_path("e1"));
	pool_set_free(set);
	no_tmpfile = false;
	no_naming = false;
}

/* A failure of pool_open() must not remove or change the pool. */
static void each_call_of_open(void)
{
	struct pool_set *set = pooldir_set("open.set", "2M @/o0\n2M @/o1\n");
	struct rpmem_pool_attr attr = pooldir_attr(POOL_INCOMPAT_SHUTDOWN), found;
	struct pool *pool = NULL;
	int error = -1, lost = 0;

	if (pool_create(set, 2 * MIB, &attr, &pool) || pool_close(pool))
		bail("pool_create: %s", err_get());
	for (failing = 1; error && failing < 200; failing++) {
		calls = 0;
		error = pool_open(set, 2 * MIB, &pool);
		lost += is_blank("o0") || is_blank("o1");
	}
	ok(!error && failing > 6,
		"pool_open: succeeds at attempt %u, after each system call failed once", failing);
	failing = 0;
	is_int(lost, 0, "pool_open: no failure has changed the pool");
	ok(pool_attributes(pool, &found) && !memcmp(&attr, &found, sizeof(attr)),
		"pool_open: the attributes are those with which the pool was created");
	pool_discard(pool);
	ok(pooldir_has("o0") && pooldir_has("o1") && !is_blank("o0"),
		"pool_discard: an opened pool cannot be discarded");
	pool_remove(pooldir_root, "open.set", 0);
	pool_set_free(set);
}

/* If an earlier process failed to write back pages, the disk lacks bytes of the page cache. */
static void look_at_disk(void)
{
	struct pool_set *set = pooldir_set("look.set", "OPTION NOHDRS\n2M @/l0\n2M @/l1\n");
	struct pool *pool = NULL;

	make_file("l0", 2 * MIB);
	make_file("l1", 2 * MIB);
	if (pool_look(set, &pool))
		bail("pool_look: %s", err_get());
	dropped = 0;
	is_int(pool_drop_caches(pool), 0, "pool_drop_caches: succeeds for files");
	is_int(dropped, 2,
		"pool_drop_caches: the pages of each file are dropped from the page cache");
	calls = 0;
	failing = 1;
	is_int(pool_drop_caches(pool), -EIO, "pool_drop_caches: a write-back that fails gives EIO");
	failing = 0;
	has_str(err_get(), "l0: ", "pool_drop_caches: the message names the file");
	pool_close(pool);
	pool_remove(pooldir_root, "look.set", 0);
	pool_set_free(set);
}

/* A part has holes, as after a sparse copy by an administrator, and the disk is full. */
static void holes(const struct pool_set *set)
{
	struct pool *pool = NULL;
	int fd = open(pooldir_path("small/f1"), O_RDWR);

	if (syscall(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, MIB, MIB))
		bail("cannot make a hole: %m");
	close(fd);
	make_file("small/filler", 0);
	fd = open(pooldir_path("small/filler"), O_RDWR);
	if (syscall(SYS_fallocate, fd, 0, 0, 3 * MIB / 2))
		bail("cannot fill the disk: %m");
	close(fd);
	is_int(pool_open(set, 3 * MIB, &pool), -ENOSPC,
		"pool_open: a part with holes on a full disk gives ENOSPC");
	has_str(err_get(), "small/f1: No space left",
		"pool_open: the message names the part with holes");
	unlink(pooldir_path("small/filler"));
	is_int(pool_open(set, 3 * MIB, &pool), 0,
		"pool_open: holes of a part are filled if the disk has room");
	memset((char *)pool_base(pool) + MIB, 1, MIB);
	pool_close(pool);
}

/* Tests pools on a full tmpfs, which is mounted in a namespace that ends with this process. */
static void full_disk(void)
{
	struct pool_set *set;
	struct rpmem_pool_attr attr = pooldir_attr(0);
	struct pool *pool = NULL;

	mkdir(pooldir_path("small"), 0755);
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("none", pooldir_path("small"), "tmpfs", 0, "size=5m")) {
		skip("pool_create: a full disk gives ENOSPC", "only root can mount a tmpfs");
		return;
	}
	set = pooldir_set("full.set", "3M @/f0\n3M @/small/f1\n3M @/small/f2\n");
	is_int(pool_create(set, 3 * MIB, &attr, &pool), -ENOSPC,
		"pool_create: a full disk gives ENOSPC");
	has_str(err_get(), "3145728 bytes for",
		"pool_create: the message has the size of the part that does not fit");
	has_str(err_get(), "small/f2", "pool_create: the message names the part that does not fit");
	is_int(pooldir_count(), 0, "pool_create: a full disk leaves no file behind");
	pool_set_free(set);
	set = pooldir_set("full.set", "4M @/small/f1\n");
	is_int(pool_create(set, 3 * MIB, &attr, &pool), 0,
		"pool_create: a failure on a full disk leaves no block allocated");
	pool_close(pool);
	holes(set);
	pool_remove(pooldir_root, "full.set", 0);
	is_int(pooldir_count(), 0, "pool_remove: no file is left of a pool that filled the disk");
	pool_set_free(set);
	umount(pooldir_path("small"));
}

static void unfit(const char *what, size_t size, int error, const char *sentence)
{
	struct pool_set *set = pooldir_set("unfit.set", "2M @/u0\n3M @/u1\n2M @/u2\n");
	struct rpmem_pool_attr attr = pooldir_attr(0);
	struct pool *pool = NULL;

	if (!is_int(pool_create(set, size, &attr, &pool), error, "pool_create: %s is refused",
		    what) &&
		pool)
		pool_discard(pool);
	has_str(err_get(), sentence, "pool_create: the message tells the reason of a refusal");
	ok(!pooldir_has("u0") && !pooldir_has("u2"),
		"pool_create: a refusal leaves no new part behind");
	pool_set_free(set);
}

static void parts_that_do_not_fit(void)
{
	unfit("a size larger than the set", 7 * MIB, -EFBIG, "of 7340032 bytes was requested");
	make_file("u1", 3 * MIB - 1);
	unfit("an existing part of another size", 4 * MIB, -EINVAL,
		"u1 has 3145727 bytes, but 3145728 in");
	make_file("u1", 3 * MIB);
	int fd = open(pooldir_path("u1"), O_RDWR);
	if (pwrite(fd, "x", 1, 4095) != 1)
		bail("cannot write: %m");
	unfit("a part whose header is not blank", 4 * MIB, -EEXIST, "u1 is a part of a pool");
	if (pwrite(fd, "\0x", 2, 4095) != 2)
		bail("cannot write: %m");
	syscall(SYS_flock, fd, LOCK_SH | LOCK_NB);
	unfit("a part that is locked", 4 * MIB, -EBUSY, "u1 is in use");
	close(fd);
	unlink(pooldir_path("u1"));
	mkdir(pooldir_path("u1"), 0755);
	unfit("a directory among files", 4 * MIB, -EINVAL, "some of the parts are directories");
	rmdir(pooldir_path("u1"));
	mkfifo(pooldir_path("u1"), 0644);
	unfit("a FIFO", 4 * MIB, -EINVAL, "");
	unlink(pooldir_path("u1"));
	symlink("nowhere/at/all", pooldir_path("u1"));
	unfit("a symbolic link to nothing", 4 * MIB, -EEXIST, "cannot make");
	unlink(pooldir_path("u1"));
}

/* Creates a pool as user 65534, who is not root, and closes it. */
static int create_as_nobody(const struct pool_set *set)
{
	struct rpmem_pool_attr attr = pooldir_attr(0);
	int status;
	pid_t child = fork();

	if (!child) {
		struct pool *pool;
		if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
			_exit(100);
		int error = pool_create(set, 2 * MIB, &attr, &pool);
		_exit(-(error ? error : pool_close(pool)));
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

static void rights(void)
{
	if (geteuid()) {
		skip("pool_create: no permission to make the second part gives EACCES",
			"only root can become another user");
		return;
	}
	chmod(pooldir_root, 0755);
	mkdir(pooldir_path("open"), 0777);
	mkdir(pooldir_path("closed"), 0755);
	chmod(pooldir_path("open"), 0777);
	struct pool_set *set = pooldir_set("rights.set", "2M @/open/r0\n2M @/closed/r1\n");
	is_int(create_as_nobody(set), -EACCES,
		"pool_create: no permission to make the second part gives EACCES");
	ok(!pooldir_has("open/r0"), "pool_create: a lack of permission leaves no part behind");
	pool_set_free(set);
	set = pooldir_set("rights.set", "2M @/open/r0\n2M @/open/r1\n");
	is_int(create_as_nobody(set), 0,
		"pool_create: a user with no other permission than write permission for the directory can create a pool");
	ok(pooldir_has("open/r0") && pooldir_has("open/r1"),
		"pool_create: the parts exist after a user with write permission for the directory created a pool");
	is_int(pool_remove(pooldir_root, "rights.set", 0), 0,
		"pool_remove: write permission for the directory is enough to remove a pool");
	pool_set_free(set);
}

static mode_t mode_with(mode_t mask)
{
	struct pool_set *set = pooldir_set("mode.set", "2M @/mode\n");
	struct rpmem_pool_attr attr = pooldir_attr(0);
	struct pool *pool;
	struct stat st;

	umask(mask);
	if (pool_create(set, 2 * MIB, &attr, &pool) || stat(pooldir_path("mode"), &st))
		bail("pool_create: %s", err_get());
	umask(022);
	pool_discard(pool);
	pool_set_free(set);
	return st.st_mode & 07777;
}

/* PMDK's rpmemd makes part files with mode 0666 whatever the umask is. */
static void modes(void)
{
	is_int(mode_with(077), 0600, "part files: permissions obey a umask of 077");
	is_int(mode_with(027), 0640, "part files: permissions obey a umask of 027");
	is_int(mode_with(0), 0666, "part files: nobody may execute part files under a umask of 0");
	no_tmpfile = true;
	is_int(mode_with(027), 0640,
		"part files: permissions obey the umask also without O_TMPFILE");
	no_tmpfile = false;
}

static void pause_us(unsigned us)
{
	struct timespec time = {.tv_nsec = us * 1000L};

	nanosleep(&time, NULL);
}

/*
 * Kills a process `us` microseconds after it began to create a pool. All of the pool must exist
 * then, or nothing of it.
 */
static int kill_once(const struct pool_set *set, unsigned us, bool *made)
{
	struct rpmem_pool_attr attr = pooldir_attr(POOL_INCOMPAT_SHUTDOWN);
	struct pool *pool = NULL;
	int status;
	pid_t child = fork();

	if (!child) {
		pool_create(set, 2 * MIB, &attr, &pool);
		pause();
		_exit(0);
	}
	pause_us(us);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	*made = pooldir_count();
	if (!*made)
		return 0;
	int error = pool_open(set, 2 * MIB, &pool);
	if (!error)
		pool_close(pool);
	else
		diag("after %u us: %s", us, err_get());
	pool_remove(pooldir_root, "kill.set", POOL_REMOVE_FORCE);
	return error;
}

static void killed(void)
{
	struct pool_set *set = pooldir_set("kill.set", "40M @/k0\n");
	unsigned wrong = 0, made = 0, us = 0;
	const unsigned times = 60;

	/*
	 * Kill at times around the end of creating a pool: a little later each time until the pool
	 * exists, then much earlier.
	 */
	for (unsigned i = 0; i < times; i++) {
		bool there;
		wrong += kill_once(set, us, &there) != 0;
		made += there;
		us = there ? us / 3 : us + us / 8 + 100;
	}
	ok(made && made < times,
		"pool_create: a process was killed %u times, %u of them after it had made the pool",
		times, made);
	is_int(wrong, 0, "pool_create: a killed process leaves a whole pool or nothing");
	is_int(pooldir_count(), 0, "pool_create: killed processes leave no file behind");
	pool_set_free(set);
}

/* Four processes create the same pool: one succeeds, the others get EBUSY or EEXIST. */
static void race_once(const struct pool_set *set, unsigned *made, unsigned *odd)
{
	struct rpmem_pool_attr attr = pooldir_attr(0);
	struct pool *pool = NULL;
	int start[2], status;

	if (pipe2(start, O_CLOEXEC))
		bail("pipe: %m");
	for (int i = 0; i < 4; i++)
		if (!fork()) {
			close(start[1]);
			if (read(start[0], &status, 1))
				_exit(100);
			/* Keep the pool open until the other processes have failed. */
			int error = pool_create(set, 2 * MIB, &attr, &pool);
			if (!error)
				pause_us(20000);
			_exit(-error);
		}
	close(start[0]);
	close(start[1]);
	for (int i = 0; i < 4; i++) {
		wait(&status);
		*made += !status;
		*odd += status && WEXITSTATUS(status) != EBUSY && WEXITSTATUS(status) != EEXIST;
	}
	if (pool_open(set, 2 * MIB, &pool))
		++*odd;
	else
		pool_close(pool);
	pool_remove(pooldir_root, "race.set", 0);
}

static void races(void)
{
	struct pool_set *set = pooldir_set("race.set", "2M @/r0\n2M @/r1\n2M @/r2\n");
	unsigned made = 0, odd = 0;
	const unsigned times = 25;

	for (unsigned i = 0; i < times; i++)
		race_once(set, &made, &odd);
	is_int(made, times,
		"pool_create: one of four concurrent processes creates the pool, in each of %u rounds",
		times);
	is_int(odd, 0, "pool_create: the other three concurrent processes get EBUSY or EEXIST");
	is_int(pooldir_count(), 0, "pool_create: concurrent processes leave no file behind");
	pool_set_free(set);
}

int main(void)
{
	umask(022);
	pooldir_open(NULL);
	each_call(false, false);
	each_call(true, false);
	each_call(false, true);
	each_call_of_open();
	look_at_disk();
	parts_that_do_not_fit();
	rights();
	modes();
	killed();
	races();
	full_disk();
	pooldir_close();
	return tap_done();
}
