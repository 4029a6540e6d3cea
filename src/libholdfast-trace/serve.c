/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * serve.c - start a checker (the program that checks an image) once, and fork it for each image
 *
 * This code is loaded into the checker by LD_PRELOAD. It stops the checker before main(), and
 * forks it whenever the tool sends a byte; the child runs main(). If the child maps the image, the
 * mapping is made private, so that the checker may recover the image and write to it, and the next
 * checker finds the image unchanged. But if a checker starts another program, or forks after it
 * has mapped the image, these processes do not see each other's stores. When that happens, this
 * library creates the file SPAWN_MARK, and from then on the tool starts each checker on a copy of
 * the image.
 *
 * A checker that uses holdfast_crash_ready() (holdfast_crash.h) is forked where it calls that
 * function. Until this call, main() runs in a child of this process, while the tool hides the
 * image. A checker that needs the image earlier does not find it and ends; such a checker is
 * forked before its main() instead.
 *
 * This code first tells the tool where the checker is forked, and the id of the process that
 * forks; then, for each image, the child's status from waitpid(2). If a child takes too long, the
 * tool finds it as the only child of the process that forks, and ends it.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libholdfast-trace/ready.h"
#include "trace/serve.h"

#define EXPORT __attribute__((visibility("default")))

typedef int main_function(int, char **, char **);

static main_function *program;
static const char *images; /* the directory of the images; NULL: the checker runs as usual */
static bool has_mapped;
static int orders = -1, answers = -1;
/*
 * While a child process runs main() to find out if the checker becomes ready: the place where the
 * checker is forked, in memory that the child shares with its parent. NULL at other times.
 */
static volatile int *place;

static void leave_mark(void)
{
	const char *mark = getenv("HOLDFAST_CRASH_MARK");

	if (mark)
		syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT, 0600));
}

static void forked(void)
{
	if (has_mapped)
		leave_mark();
}

/* Is this file an image? It is if it lies in the directory `images`. */
static bool is_image(int fd)
{
	static dev_t device; /* device of `images`; 0: that directory did not exist yet */
	struct stat stat, directory;
	char link[64], name[512];

	if (!device && !lstat(images, &directory))
		device = directory.st_dev;
	if (fstat(fd, &stat) || stat.st_dev != device)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, name, sizeof(name) - 1);
	name[length > 0 ? length : 0] = '\0';
	return !strncmp(name, images, strlen(images));
}

EXPORT void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	if (images && fd >= 0 && (flags & MAP_TYPE) != MAP_PRIVATE && is_image(fd)) {
		/*
		 * memory is not reserved, however large the file, because few of its pages are
		 * copied
		 */
		flags = (flags & ~(MAP_TYPE | MAP_SYNC)) | MAP_PRIVATE | MAP_NORESERVE;
		has_mapped = true;
	}
	return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}

EXPORT void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
	__attribute__((alias("mmap")));

/* A private mapping of an image needs no write-back, but msync(2) of it has to succeed. */
EXPORT int msync(void *address, size_t length, int flags)
{
	return has_mapped ? 0 : (int)syscall(SYS_msync, address, length, flags);
}

static int number(const char *name)
{
	const char *text = getenv(name);

	return text ? atoi(text) : -1;
}

/* Ends the processes that the checker has left running, whatever process group they are in. */
static void end_orphans(void)
{
	char path[64], list[4096];

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	while (waitpid(-1, NULL, WNOHANG) >= 0) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t length = fd < 0 ? -1 : read(fd, list, sizeof(list) - 1);
		close(fd);
		if (length <= 0)
			return;
		list[length] = '\0';
		for (char *at = list, *end; *at; at = end) {
			long pid = strtol(at, &end, 10);
			if (pid <= 0 || end == at)
				break;
			kill((pid_t)pid, SIGKILL);
		}
		waitpid(-1, NULL, 0);
	}
}

static bool answer(int value)
{
	return write(answers, &value, sizeof(value)) == sizeof(value);
}

/*
 * Makes this process the server, which forks a child for each image that the tool asks for. The
 * function returns in each child, but never in the server.
 */
static void fork_for_images(enum fork_place where)
{
	char order;
	int status;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/*
	 * the server removes the variable once: if each child did it, pages of memory would be
	 * copied each time
	 */
	unsetenv("HOLDFAST_CRASH_ORDERS");
	pthread_atfork(NULL, NULL, forked);
	if (!answer((int)where) || !answer(getpid()))
		_exit(125);
	while (read(orders, &order, 1) == 1) {
		pid_t child = fork();
		if (!child) {
			close(orders);
			close(answers);
			setpgid(0, 0);
			return;
		}
		if (child < 0 || waitpid(child, &status, 0) != child)
			break;
		kill(-child, SIGKILL);
		end_orphans();
		if (!answer(status))
			break;
	}
	_exit(0);
}

/*
 * holdfast_crash_ready() of holdfast_crash.h calls this function, by a weak reference, if it
 * exists.
 */
EXPORT void holdfast_crash_ready_here(void)
{
	if (!place)
		return;
	*place = ready_is_alone() ? FORK_WHEN_READY : FORK_NOT_ALONE;
	if (*place == FORK_NOT_ALONE)
		_exit(0);
	place = NULL;
	fflush(NULL); /* otherwise each child would print what stdio has buffered */
	fork_for_images(FORK_WHEN_READY);
}

/*
 * Runs main() in a child process until the checker is ready: then this child becomes the server,
 * and this function does not return. If it returns, the result says why the checker did not become
 * ready.
 */
static enum fork_place serve_when_ready(int argc, char **argv, char **environment)
{
	void *shared = mmap(
		NULL, sizeof(*place), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	if (shared == MAP_FAILED)
		return FORK_NEVER_READY;
	place = shared;
	pid_t child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		exit(program(argc, argv, environment));
	}
	if (child > 0)
		waitpid(child, &status, 0);
	if (*place == FORK_WHEN_READY)
		_exit(0);
	enum fork_place where = *place == FORK_NOT_ALONE ? FORK_NOT_ALONE : FORK_NEVER_READY;
	place = NULL;
	return where;
}

static int serve(int argc, char **argv, char **environment)
{
	fork_for_images(ready_is_used() ? serve_when_ready(argc, argv, environment) : FORK_AT_MAIN);
	return program(argc, argv, environment);
}

static void prepare(void)
{
	images = getenv("HOLDFAST_CRASH_IMAGES");
	orders = number("HOLDFAST_CRASH_ORDERS");
	answers = number("HOLDFAST_CRASH_ANSWERS");
}

EXPORT int __libc_start_main(main_function *function, int argc, char **argv, void (*init)(void),
	void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	int (*next)(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void),
		void *) = dlsym(RTLD_NEXT, "__libc_start_main");

	program = function;
	prepare();
	if (images && orders >= 0)
		return next(serve, argc, argv, init, fini, rtld_fini, stack_end);
	if (images)
		leave_mark();
	return next(function, argc, argv, init, fini, rtld_fini, stack_end);
}
