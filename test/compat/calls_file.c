/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_file.c - calls of the actor (actor.c) that do not use the tested libraries: files,
 * descriptors, plain mappings
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actor.h"

int files[SLOTS];
struct area areas[SLOTS];

static bool is_open[SLOTS];

static void out_errno(bool failed)
{
	out("%s", failed ? strerrorname_np(errno) : "ok");
}

/*
 * make path= size= seed=: creates a regular file and writes the bytes of fill() to it; with seed 0
 * the file is one hole
 */
static void make(const struct call *call)
{
	size_t size = arg(call, "size");
	int fd = open(word(call, "path"), O_CREAT | O_RDWR, 0644);
	bool failed = fd < 0 || ftruncate(fd, (off_t)size);

	if (!failed && size && arg(call, "seed")) {
		char *data = malloc(size);
		fill(data, size, arg(call, "seed"));
		failed = pwrite(fd, data, size, 0) != (ssize_t)size;
		free(data);
	}
	out_errno(failed);
	if (fd >= 0)
		close(fd);
}

static void make_socket(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(name.sun_path, path, sizeof(name.sun_path) - 1);
	out_errno(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	close(fd);
}

/*
 * special path= kind=: makes a directory, a FIFO, a socket, or a symbolic link to the path that to=
 * names
 */
static void special(const struct call *call)
{
	const char *path = word(call, "path"), *kind = word(call, "kind");

	if (!strcmp(kind, "dir"))
		out_errno(mkdir(path, 0755));
	else if (!strcmp(kind, "fifo"))
		out_errno(mkfifo(path, 0644));
	else if (!strcmp(kind, "link"))
		out_errno(symlink(word(call, "to"), path));
	else
		make_socket(path);
}

static void set_mode(const struct call *call)
{
	out_errno(chmod(word(call, "path"), (mode_t)arg(call, "mode")));
}

static void set_umask(const struct call *call)
{
	umask((mode_t)arg(call, "mode"));
}

/* Prints the umask, which no call of the libraries may change. */
static void show_umask(const struct call *call)
{
	mode_t mask = umask(0);

	umask(mask);
	out("%03o", mask);
}

static void resize(const struct call *call)
{
	out_errno(truncate(word(call, "path"), (off_t)arg(call, "size")));
}

/*
 * Opens a file under a descriptor number that was never used before, so that a source whose
 * descriptor was closed cannot find another file under the old number.
 */
static int open_anew(const char *path, int flags)
{
	static int next = 100;
	int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return fd;
	int numbered = fcntl(fd, F_DUPFD_CLOEXEC, next++);
	close(fd);
	return numbered;
}

static void do_open(const struct call *call)
{
	static const struct {
		const char *name;
		int flags;
	} ways[] = {
		{"r", O_RDONLY},
		{"w", O_WRONLY},
		{"rw", O_RDWR},
		{"append", O_RDWR | O_APPEND},
		{"path", O_PATH},
	};
	size_t f = slot(call, "f");

	if (is_open[f])
		close(files[f]);
	files[f] = -1;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i].name, word(call, "how")))
			files[f] = open_anew(word(call, "path"), ways[i].flags);
	is_open[f] = files[f] >= 0;
	out_errno(!is_open[f]);
}

/*
 * Closes a descriptor. The slot keeps its number, so that a script can make calls with a closed
 * descriptor.
 */
static void do_close(const struct call *call)
{
	size_t f = slot(call, "f");

	out_errno(!is_open[f] || close(files[f]));
	is_open[f] = false;
}

/*
 * area a= len= [f=]: maps memory with mmap(2), from the descriptor in slot f; without f, anonymous
 * memory
 */
static void area(const struct call *call)
{
	struct area *a = &areas[slot(call, "a")];
	int fd = word(call, "f") ? files[slot(call, "f")] : -1;
	size_t len = arg(call, "len");

	void *addr = mmap(NULL, len, PROT_READ | PROT_WRITE,
		fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	out_errno(addr == MAP_FAILED);
	if (addr == MAP_FAILED)
		return;
	a->addr = addr;
	a->len = (len + page_size() - 1) & ~(page_size() - 1);
}

const struct command file_commands[] = {
	{"make", make},
	{"special", special},
	{"chmod", set_mode},
	{"umask", set_umask},
	{"show_umask", show_umask},
	{"resize", resize},
	{"open", do_open},
	{"close", do_close},
	{"area", area},
	{NULL, NULL},
};
