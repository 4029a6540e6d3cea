/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem-map-file.c - tests the arguments of pmem_map_file
 *
 * This file replaces libc's ftruncate(), posix_fallocate() and open(), as tools may interpose
 * them: the functions in this file record the library's calls, look at the file, and fail when a
 * test wants it. _FILE_OFFSET_BITS is undefined here, as it could rename these functions; they
 * assume a machine whose off_t has 64 bits.
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#pragma GCC visibility push(default)

#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "api/libpmem.h"

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))
#define MiB  ((size_t)1 << 20)
#define GiB  ((size_t)1 << 30)

/*
 * The test sets `orders` to control the replaced functions, which record in `seen` what they saw.
 */
static struct {
	int truncate_error, allocate_error, interrupts;
	bool no_tmpfile;
	const char *rename_from, *rename_to; /* if not NULL, ftruncate() renames this file */
	bool look;                           /* ftruncate calls look_at() */
} orders;

static struct {
	char calls[16]; /* calls in their order: t for ftruncate, a for posix_fallocate */
	struct stat st;
	int link_error;
	bool umask_changed, signals_blocked;
} seen;

static void see(char call)
{
	size_t length = strlen(seen.calls);

	if (length < sizeof(seen.calls) - 1)
		seen.calls[length] = call;
}

/*
 * Records if the call has changed the umask or the signal mask, which other threads would notice,
 * and if linkat() can give the file a name.
 */
static void look_at(int fd)
{
	char link[64];
	sigset_t blocked;
	FILE *status = fopen("/proc/self/status", "r");
	unsigned mask = 0;

	for (char line[256]; status && fgets(line, sizeof(line), status);)
		sscanf(line, "Umask: %o", &mask);
	if (status)
		fclose(status);
	seen.umask_changed = mask != 022;
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	seen.signals_blocked = sigismember(&blocked, SIGTERM);
	fstat(fd, &seen.st);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	seen.link_error =
		linkat(AT_FDCWD, link, AT_FDCWD, at("linked"), AT_SYMLINK_FOLLOW) ? errno : 0;
	unlink(at("linked"));
}

int ftruncate(int fd, off_t length)
{
	see('t');
	if (orders.look)
		look_at(fd);
	if (orders.rename_from)
		rename(orders.rename_from, orders.rename_to);
	if (orders.truncate_error) {
		errno = orders.truncate_error;
		return -1;
	}
	return (int)syscall(SYS_ftruncate, fd, length);
}

int posix_fallocate(int fd, off_t offset, off_t length)
{
	see('a');
	if (orders.interrupts && orders.interrupts--)
		return EINTR;
	if (orders.allocate_error)
		return orders.allocate_error;
	return syscall(SYS_fallocate, fd, 0, offset, length) ? errno : 0;
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if (orders.no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static void new_orders(void)
{
	memset(&orders, 0, sizeof(orders));
	memset(&seen, 0, sizeof(seen));
}

/*
 * Tests that the call fails with errno `error`, stores no output, and leaves no descriptor or
 * mapping behind.
 */
static void fails(const char *what, const char *path, size_t len, int flags, int error)
{
	size_t length = NO_LENGTH;
	int is_pmem = NO_IS_PMEM, descriptors = open_descriptors(), before = mappings();

	errno = 0;
	void *addr = pmem_map_file(path, len, flags, 0666, &length, &is_pmem);
	int got = errno;
	is_int(addr ? 0 : got, error, "%s: the call fails with the expected errno", what);
	ok(length == NO_LENGTH && is_pmem == NO_IS_PMEM && *pmem_errormsg() &&
			open_descriptors() == descriptors && mappings() <= before + 1,
		"%s: the failed call sets an error message, changes no output, and leaves no descriptor or mapping behind",
		what);
	if (addr)
		diag("mapped at %p", addr);
	else if (got != error)
		diag("%s", pmem_errormsg());
}

/* Tests that the call succeeds and maps `wanted` bytes; returns their address. */
static char *maps(const char *what, const char *path, size_t len, int flags, size_t wanted)
{
	size_t length = NO_LENGTH;
	int is_pmem = NO_IS_PMEM, descriptors = open_descriptors();
	char *addr = pmem_map_file(path, len, flags, 0666, &length, &is_pmem);

	ok(addr && length == wanted && (is_pmem == 0 || is_pmem == 1),
		"%s: the call maps the expected number of bytes", what);
	ok(open_descriptors() == descriptors, "%s: the descriptor is closed", what);
	if (!addr)
		diag("%s", pmem_errormsg());
	return addr;
}

static void other_types(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	fails("pmem_map_file: a path of NULL", NULL, 0, 0, EINVAL);
	if (mkfifo(at("fifo"), 0600))
		bail("cannot make a FIFO: %m");
	fails("pmem_map_file: a FIFO", at("fifo"), 0, 0, EINVAL);
	fails("pmem_map_file: a FIFO with CREATE", at("fifo"), PAGE, PMEM_FILE_CREATE, EINVAL);
	snprintf(name.sun_path, sizeof(name.sun_path), "%s", at("socket"));
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)))
		bail("cannot make a socket: %m");
	close(fd);
	fails("pmem_map_file: a socket", at("socket"), 0, 0, EINVAL);
	if (mknod(at("block"), S_IFBLK | 0600, makedev(7, 250)))
		skip("pmem_map_file: a block device: the call fails with the expected errno",
			"cannot make a block device");
	else
		fails("pmem_map_file: a block device", at("block"), 0, 0, EINVAL);
	fails("pmem_map_file: a character device that is not DAX", "/dev/null", 0, 0, EINVAL);
	has_str(pmem_errormsg(), "1:3, is not a DAX device",
		"pmem_map_file: the message for /dev/null says that the device 1:3 is not a DAX device");
}

static int look_up_as_nobody(void)
{
	if (setgid(65534) || setuid(65534))
		return 90;
	return pmem_map_file(at("closed/file"), 0, 0, 0, NULL, NULL) ? 91 : errno;
}

static int open_as_nobody(void)
{
	if (setgid(65534) || setuid(65534))
		return 90;
	return pmem_map_file(at("readonly"), 0, 0, 0, NULL, NULL) ? 91 : errno;
}

static void look_ups(void)
{
	char long_name[400];

	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	file_of("file", PAGE, 'f');
	fails("pmem_map_file: a path with a file where a directory should be", at("file/x"), 0, 0,
		ENOTDIR);
	fails("pmem_map_file: the path is looked up before flags are checked", at("file/x"), 5,
		0x10, ENOTDIR);
	fails("pmem_map_file: a long name", at(long_name), 0, 0, ENAMETOOLONG);
	symlink("loop", at("loop"));
	fails("pmem_map_file: a symbolic link to itself", at("loop"), 0, 0, ELOOP);
	if (mkdir(at("closed"), 0700))
		bail("cannot make a directory: %m");
	file_of("closed/file", PAGE, 'x');
	chmod(file_of("readonly", PAGE, 'r'), 0444);
	if (geteuid()) {
		skip("pmem_map_file: it fails with EACCES for a file in a directory without search permission",
			"only root can become the user nobody");
		skip("pmem_map_file: it fails with EACCES for a file with read permission only",
			"only root can become the user nobody");
	} else {
		is_int(in_child(look_up_as_nobody), EACCES,
			"pmem_map_file: it fails with EACCES for a file in a directory without search permission");
		is_int(in_child(open_as_nobody), EACCES,
			"pmem_map_file: it fails with EACCES for a file with read permission only");
	}
	fails("pmem_map_file: a missing file", at("none"), 0, 0, ENOENT);
}

static void flags_and_lengths(void)
{
	const int create = PMEM_FILE_CREATE;

	fails("pmem_map_file: an unknown flag", at("file"), 0, 0x10, EINVAL);
	has_str(pmem_errormsg(), "0x10", "pmem_map_file: the message names the unknown flag");
	fails("pmem_map_file: CREATE with the highest bit as a flag", at("none"), PAGE,
		create | INT32_MIN, EINVAL);
	fails("pmem_map_file: a length without CREATE", at("file"), PAGE, 0, EINVAL);
	fails("pmem_map_file: a length without CREATE, for a missing file", at("none"), PAGE, 0,
		EINVAL);
	fails("pmem_map_file: a length with EXCL and SPARSE only", at("file"), PAGE,
		PMEM_FILE_EXCL | PMEM_FILE_SPARSE, EINVAL);
	fails("pmem_map_file: CREATE without a length", at("none"), 0, create, EINVAL);
	fails("pmem_map_file: TMPFILE without a length", scratch, 0, create | PMEM_FILE_TMPFILE,
		EINVAL);
	fails("pmem_map_file: a length beyond that of any file", at("none"), (size_t)INT64_MAX + 1,
		create, EINVAL);
	fails("pmem_map_file: a length of SIZE_MAX", at("file"), SIZE_MAX, create, EINVAL);
	fails("pmem_map_file: TMPFILE without CREATE", scratch, 0, PMEM_FILE_TMPFILE, EINVAL);
	fails("pmem_map_file: TMPFILE without CREATE, for a missing directory", at("none"), 0,
		PMEM_FILE_TMPFILE, EINVAL);
	fails("pmem_map_file: a directory", scratch, 0, 0, EISDIR);
	fails("pmem_map_file: a directory with CREATE", scratch, PAGE, create, EISDIR);
	is_int(size_of(at("file")), PAGE,
		"pmem_map_file: refused calls do not change the size of the file");
	ok(!exists(at("none")), "pmem_map_file: refused calls create no file");
}

static void creates(void)
{
	struct stat st;
	mode_t mask = umask(027);

	new_orders();
	char *addr = maps("pmem_map_file: CREATE", at("new"), 3 * PAGE, PMEM_FILE_CREATE, 3 * PAGE);
	umask(mask);
	stat(at("new"), &st);
	is_int(st.st_mode & 07777, 0640, "pmem_map_file: CREATE: the mode obeys the umask");
	is_int(st.st_size, 3 * PAGE, "pmem_map_file: CREATE: the new file has the given length");
	ok(st.st_blocks * 512 >= (long long)(3 * PAGE),
		"pmem_map_file: CREATE: the file's blocks are allocated");
	is_str(seen.calls, "ta", "pmem_map_file: CREATE: ftruncate comes before posix_fallocate");
	strcpy(addr, "through");
	pmem_msync(addr, 8);
	FILE *file = fopen(at("new"), "r");
	char text[8] = "";
	if (file)
		fread(text, 1, 8, file);
	fclose(file);
	is_str(text, "through", "pmem_map_file: the mapping is shared, and writable");
	pmem_unmap(addr, 3 * PAGE);

	new_orders();
	addr = maps("pmem_map_file: SPARSE", at("sparse"), GiB, PMEM_FILE_CREATE | PMEM_FILE_SPARSE,
		GiB);
	is_str(seen.calls, "t", "pmem_map_file: SPARSE: posix_fallocate is not called");
	stat(at("sparse"), &st);
	ok(st.st_blocks * 512 < (long long)MiB,
		"pmem_map_file: SPARSE: the file's blocks are not allocated");
	pmem_unmap(addr, GiB);
	unlink(at("sparse"));

	new_orders();
	orders.interrupts = 3;
	addr = maps("pmem_map_file: CREATE with an interrupted posix_fallocate", at("interrupted"),
		PAGE, PMEM_FILE_CREATE, PAGE);
	is_str(seen.calls, "taaaa",
		"pmem_map_file: an interrupted posix_fallocate is called again");
	pmem_unmap(addr, PAGE);
	symlink("target", at("dangling"));
	addr = maps("pmem_map_file: CREATE through a symbolic link to a missing file",
		at("dangling"), PAGE, PMEM_FILE_CREATE, PAGE);
	is_int(size_of(at("target")), PAGE,
		"pmem_map_file: CREATE makes the missing file to which a symbolic link points");
	pmem_unmap(addr, PAGE);
	new_orders();
}

static void existing(void)
{
	char *addr;

	file_of("grown", 10, 'g');
	addr = maps("pmem_map_file: CREATE with a length beyond the end of an old file",
		at("grown"), 2 * PAGE, PMEM_FILE_CREATE, 2 * PAGE);
	is_int(size_of(at("grown")), 2 * PAGE,
		"pmem_map_file: CREATE: an old file grows to the given length");
	ok(addr && addr[9] == 'g' && !addr[10] && !addr[2 * PAGE - 1],
		"pmem_map_file: CREATE: an old file keeps its bytes and grows by zeros");
	pmem_unmap(addr, 2 * PAGE);
	file_of("shrunk", 2 * PAGE, 's');
	addr = maps("pmem_map_file: CREATE with a length below that of an old file", at("shrunk"),
		10, PMEM_FILE_CREATE, 10);
	is_int(size_of(at("shrunk")), 10,
		"pmem_map_file: CREATE: an old file shrinks to the given length");
	ok(addr && addr[9] == 's',
		"pmem_map_file: CREATE: an old file that shrinks keeps its first bytes");
	pmem_unmap(addr, 10);
	fails("pmem_map_file: CREATE and EXCL for an existing file", at("file"), 10,
		PMEM_FILE_CREATE | PMEM_FILE_EXCL, EEXIST);
	fails("pmem_map_file: CREATE and EXCL for a directory", scratch, 10,
		PMEM_FILE_CREATE | PMEM_FILE_EXCL, EEXIST);
	is_int(size_of(at("file")), PAGE,
		"pmem_map_file: CREATE and EXCL do not change the size of an existing file");
	addr = maps("pmem_map_file: CREATE and EXCL for a missing file", at("excl"), 10,
		PMEM_FILE_CREATE | PMEM_FILE_EXCL, 10);
	pmem_unmap(addr, 10);
	addr = maps("pmem_map_file: EXCL without CREATE", at("file"), 0, PMEM_FILE_EXCL, PAGE);
	pmem_unmap(addr, PAGE);
	new_orders();
	addr = maps("pmem_map_file: SPARSE without CREATE", at("file"), 0, PMEM_FILE_SPARSE, PAGE);
	ok(addr && addr[0] == 'f' && addr[PAGE - 1] == 'f' && !*seen.calls,
		"pmem_map_file: SPARSE without CREATE does not change the file");
	pmem_unmap(addr, PAGE);
}

static void failing(void)
{
	const int create = PMEM_FILE_CREATE;

	new_orders();
	/*
	 * XFS accepts a file length of INT64_MAX, but cannot allocate so many blocks: the call
	 * fails with ENOSPC instead of EFBIG.
	 */
	file_of("long", 1, 'l');
	fails("pmem_map_file: CREATE with a length beyond the file system's limit", at("none"),
		INT64_MAX, create, truncate(at("long"), INT64_MAX) ? EFBIG : ENOSPC);
	unlink(at("long"));
	ok(!exists(at("none")),
		"pmem_map_file: a new file is removed if its length is beyond the file system's limit");
	new_orders();
	orders.truncate_error = ENOSPC;
	fails("pmem_map_file: CREATE while ftruncate fails", at("none"), PAGE, create, ENOSPC);
	is_str(seen.calls, "t", "pmem_map_file: if ftruncate fails, posix_fallocate is not called");
	ok(!exists(at("none")), "pmem_map_file: after a failure the new file is removed");
	new_orders();
	orders.allocate_error = EOPNOTSUPP;
	fails("pmem_map_file: CREATE while posix_fallocate fails", at("none"), PAGE, create,
		EOPNOTSUPP);
	ok(!exists(at("none")), "pmem_map_file: after a failure the new file is removed");
	fails("pmem_map_file: CREATE and EXCL while posix_fallocate fails", at("none"), PAGE,
		create | PMEM_FILE_EXCL, EOPNOTSUPP);
	ok(!exists(at("none")),
		"pmem_map_file: after a failure a new file made with EXCL is removed");
	fails("pmem_map_file: CREATE for an existing file while posix_fallocate fails", at("file"),
		PAGE, create, EOPNOTSUPP);
	is_int(size_of(at("file")), PAGE,
		"pmem_map_file: a failed call does not change the size of an existing file");
	file_of("other", 7, 'o');
	orders.rename_from = at("other");
	orders.rename_to = at("raced");
	fails("pmem_map_file: CREATE fails after another file was renamed to the path", at("raced"),
		PAGE, create, EOPNOTSUPP);
	is_int(size_of(at("raced")), 7,
		"pmem_map_file: after a failure it does not remove another file that was renamed to the path");
	orders.rename_from = NULL;
	fails("pmem_map_file: TMPFILE while posix_fallocate fails", scratch, PAGE,
		create | PMEM_FILE_TMPFILE, EOPNOTSUPP);
	new_orders();
}

static void temporary(const char *how, bool without)
{
	const int flags = PMEM_FILE_CREATE | PMEM_FILE_TMPFILE;
	int before = entries(scratch);
	char what[80];

	new_orders();
	orders.no_tmpfile = without;
	orders.look = true;
	snprintf(what, sizeof(what), "pmem_map_file: TMPFILE%s", how);
	char *addr = maps(what, scratch, PAGE + 1, flags, PAGE + 1);
	is_int(seen.st.st_mode & 07777, 0600, "TMPFILE: the mode of the file is 0600%s", how);
	is_int(seen.st.st_nlink, 0, "TMPFILE: the file has no name%s", how);
	is_int(entries(scratch), before, "TMPFILE: the directory has no new entry%s", how);
	is_int(seen.link_error, without ? ENOENT : 0,
		"TMPFILE: linkat can give the file a name if and only if the file system supports O_TMPFILE%s",
		how);
	ok(!seen.umask_changed && !seen.signals_blocked,
		"TMPFILE: neither umask nor signal mask change during the call%s", how);
	if (addr)
		addr[PAGE] = 1;
	pmem_unmap(addr, PAGE + 1);
	addr = maps("pmem_map_file: TMPFILE and EXCL", scratch, PAGE, flags | PMEM_FILE_EXCL, PAGE);
	is_int(seen.link_error, ENOENT, "TMPFILE: with EXCL linkat cannot give the file a name%s",
		how);
	pmem_unmap(addr, PAGE);
	addr = maps(
		"pmem_map_file: TMPFILE and SPARSE", scratch, GiB, flags | PMEM_FILE_SPARSE, GiB);
	pmem_unmap(addr, GiB);
	fails("pmem_map_file: TMPFILE in a missing directory", at("none"), PAGE, flags, ENOENT);
	fails("pmem_map_file: TMPFILE with a file for the directory", at("file"), PAGE, flags,
		ENOTDIR);
	is_int(entries(scratch), before, "TMPFILE: a failure leaves no file%s", how);
	new_orders();
}

static void sizes(void)
{
	char *addr;

	file_of("empty", 0, 0);
	fails("pmem_map_file: an empty file", at("empty"), 0, 0, EINVAL);
	has_str(pmem_errormsg(), "is empty",
		"pmem_map_file: the message says that the file is empty");
	file_of("odd", PAGE + 77, 'o');
	addr = maps("pmem_map_file: a file that ends within a page", at("odd"), 0, 0, PAGE + 77);
	ok(addr && addr[PAGE + 76] == 'o' && !addr[2 * PAGE - 1],
		"pmem_map_file: a file that ends within a page is mapped up to the page's end");
	pmem_unmap(addr, PAGE + 77);
	addr = pmem_map_file(at("odd"), 0, 0, 0, NULL, NULL);
	ok(addr, "pmem_map_file: the pointers for the length and for is_pmem may both be NULL");
	pmem_unmap(addr, PAGE + 77);
}

static void placement(void)
{
	static const size_t lengths[] = {1, 2 * MiB, 2 * GiB - 1, 2 * GiB, 5 * GiB + 1};
	char *addr[5];

	for (int i = 0; i < 5; i++) {
		size_t alignment = lengths[i] < 2 * GiB ? 2 * MiB : GiB;
		addr[i] = pmem_map_file(at("huge"), lengths[i], PMEM_FILE_CREATE | PMEM_FILE_SPARSE,
			0600, NULL, NULL);
		ok(addr[i] && !((uintptr_t)addr[i] % alignment),
			"pmem_map_file: %zu bytes are mapped at a multiple of %zu", lengths[i],
			alignment);
	}
	int before = mappings();
	for (int i = 0; i < 5; i++)
		pmem_unmap(addr[i], lengths[i]);
	ok(mappings() < before,
		"pmem_unmap: five unmapped files are no longer listed in /proc/self/maps");
	unlink(at("huge"));
}

static void no_address_space(void)
{
	/*
	 * 8 TiB: a sparse file of this size needs no room on the disk, and 40 maps of it do not fit
	 * in the address space.
	 */
	const size_t length = (size_t)1 << 43;
	int before = mappings();

	if (under_valgrind()) {
		skip("pmem_map_file: it fails with ENOMEM if the address space is used up",
			"valgrind has its own limits of the address space");
		return;
	}
#ifdef __SANITIZE_THREAD__
	skip("pmem_map_file: it fails with ENOMEM if the address space is used up",
		"the thread sanitizer uses the whole address space");
	return;
#endif
	if (emulator()) {
		skip("pmem_map_file: it fails with ENOMEM if the address space is used up",
			"an emulator has a table of every page, which would fill the memory");
		return;
	}
	for (int i = 0; i < 40; i++)
		if (!pmem_map_file(at("vast"), length, PMEM_FILE_CREATE | PMEM_FILE_SPARSE, 0600,
			    NULL, NULL)) {
			int error = errno;
			if (!i && error == EFBIG) {
				skip("pmem_map_file: it fails with ENOMEM if the address space is used up",
					"this file system has no files of 8 TiB");
				return;
			}
			is_int(error, ENOMEM,
				"pmem_map_file: it fails with ENOMEM if the address space is used up");
			is_int(size_of(at("vast")), i ? (long long)length : -1,
				"pmem_map_file: if the address space is used up, a new file is removed and an existing file is kept");
			return;
		}
	ok(false,
		"pmem_map_file: it fails with ENOMEM if the address space is used up (%d mappings, before %d)",
		mappings(), before);
}

int main(void)
{
	umask(022);
	scratch_open();
	/*
	 * At the first call of a function, sanitizers and libc may open descriptors and map memory.
	 * So make one call before the test counts descriptors and mappings.
	 */
	pmem_map_file("", 0, 0, 0, NULL, NULL);
	printf("# %d descriptors, %d mappings\n", open_descriptors(), mappings());
	other_types();
	look_ups();
	flags_and_lengths();
	creates();
	existing();
	failing();
	temporary("", false);
	temporary(" (as on a file system without O_TMPFILE)", true);
	sizes();
	placement();
	no_address_space();
	scratch_close();
	return tap_done();
}
