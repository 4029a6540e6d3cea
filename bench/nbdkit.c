/* SPDX-License-Identifier: BSD-3-Clause */
#include "nbdkit.h"

#include <err.h>
#include <stdio.h>

#ifdef HAVE_LIBNBD
#include <fcntl.h>
#include <libnbd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place.h"

#define PAGE_SIZE   ((size_t)4096)
#define IN_FLIGHT   64
#define PATIENCE_MS 5000

static struct nbd_handle *handle;
static pid_t server;
static char *bytes;
static char file[4096 + 16], port[16];

static void must(int code)
{
	if (code < 0)
		errx(1, "nbd: %s", nbd_get_error());
}

/* Runs nbdkit in the child process. */
static void serve(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	place_other_end();
	int null = open("/dev/null", O_RDWR);
	dup2(null, 1);
	execlp("nbdkit", "nbdkit", "-f", "-i", "127.0.0.1", "-p", port, "file", file, (char *)NULL);
	_exit(127);
}

static bool connect_to_it(void)
{
	int status;

	for (int i = 0; i < PATIENCE_MS / 10; i++, usleep(10000)) {
		handle = nbd_create();
		if (!handle)
			errx(1, "nbd: %s", nbd_get_error());
		if (!nbd_connect_tcp(handle, "127.0.0.1", port))
			return true;
		nbd_close(handle);
		handle = NULL;
		if (waitpid(server, &status, WNOHANG) == server) {
			server = 0;
			return false;
		}
	}
	return false;
}

bool nbdkit_start(const char *folder, size_t size)
{
	bytes = calloc(1, size);
	snprintf(file, sizeof(file), "%s/nbd", folder);
	/* A port that is probably free. */
	snprintf(port, sizeof(port), "%d", 20000 + (int)getpid() % 10000);
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (!bytes || fd < 0 || ftruncate(fd, (off_t)size))
		err(1, "%s", file);
	/*
	 * Write to the whole file, so that its pages are allocated, as the pages of our pools are.
	 */
	if (pwrite(fd, bytes, size, 0) != (ssize_t)size)
		err(1, "%s", file);
	close(fd);
	memset(bytes, 1, size);
	server = fork();
	if (server < 0)
		err(1, "fork");
	if (!server)
		serve();
	if (connect_to_it())
		return true;
	warnx("skipped: rows that compare with libnbd: nbdkit does not run here");
	nbdkit_stop();
	return false;
}

void nbdkit_stop(void)
{
	if (handle)
		nbd_close(handle);
	handle = NULL;
	if (server > 0) {
		kill(server, SIGTERM);
		waitpid(server, NULL, 0);
	}
	server = 0;
	unlink(file);
}

void nbdkit_persist(size_t length, size_t count)
{
	int64_t cookies[IN_FLIGHT];

	if (count == 1) {
		must(nbd_pwrite(handle, bytes, length, 0, LIBNBD_CMD_FLAG_FUA));
		return;
	}
	for (size_t i = 0; i < count; i++) {
		cookies[i] = nbd_aio_pwrite(handle, bytes + i * PAGE_SIZE, length, i * PAGE_SIZE,
			NBD_NULL_COMPLETION, LIBNBD_CMD_FLAG_FUA);
		must((int)cookies[i]);
	}
	for (size_t i = 0; i < count; i++) {
		int done;
		while (!(done = nbd_aio_command_completed(handle, (uint64_t)cookies[i])))
			must(nbd_poll(handle, -1));
		must(done);
	}
}

void nbdkit_read(size_t length)
{
	must(nbd_pread(handle, bytes, length, 0, 0));
}

#else

bool nbdkit_start(const char *folder, size_t size)
{
	(void)folder, (void)size;
	warnx("skipped: rows that compare with libnbd: libnbd-dev was missing when this was built");
	return false;
}

void nbdkit_stop(void)
{
}

void nbdkit_persist(size_t length, size_t count)
{
	(void)length, (void)count;
}

void nbdkit_read(size_t length)
{
	(void)length;
}

#endif
