/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ssh.c - compares the times of remote durability inside ssh with transfers over ssh alone
 *
 *	ssh RPMEMD DIRECTORY [SAMPLES]
 *
 * RPMEM_SSH is the ssh to use; HOST, 127.0.0.1 if unset, is the host. RPMEMD is an absolute path
 * on the host, DIRECTORY a folder on its tmpfs. Rows are medians of interleaved samples, in
 * microseconds. A persist of 64 bytes is compared with 64 bytes that `ssh HOST cat` sends back,
 * and a persist of 1 MiB with 1 MiB that is sent to a program which writes it into a file, as
 * cat(1) does, and answers with one byte. Each of these four uses a separate ssh connection.
 */
#include <err.h>
#include <fcntl.h>
#include <librpmem.h>
#include <librpmem/holdfast.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"

#define MIB       ((size_t)1 << 20)
#define POOL_SIZE (8 * MIB)
#define MOST      10000 /* samples of a row */

extern char **environ;

static char *pool;
static const char *host;

static void put(int fd, const void *bytes, size_t length)
{
	for (const char *at = bytes; length;) {
		ssize_t done = write(fd, at, length);
		if (done <= 0)
			err(1, "write");
		at += done;
		length -= (size_t)done;
	}
}

/* Returns false at the end of the input. */
static bool get(int fd, void *bytes, size_t length)
{
	for (char *at = bytes; length;) {
		ssize_t done = read(fd, at, length);
		if (done <= 0)
			return false;
		at += done;
		length -= (size_t)done;
	}
	return true;
}

/* The program at the other end: writes what arrives into a file as it arrives, like cat(1). */
static int sink(const char *file)
{
	static char bytes[128 << 10];
	int fd = open(file, O_RDWR | O_CREAT, 0600);
	size_t at = 0;
	ssize_t got;

	if (fd < 0)
		err(1, "%s", file);
	while ((got = read(0, bytes, sizeof(bytes) < MIB - at ? sizeof(bytes) : MIB - at)) > 0) {
		if (pwrite(fd, bytes, (size_t)got, (off_t)at) != got)
			err(1, "%s", file);
		at += (size_t)got;
		if (at == MIB) {
			put(1, "!", 1);
			at = 0;
		}
	}
	unlink(file);
	return 0;
}

struct peer {
	int in, out;
};

static struct peer start(const char *command)
{
	const char *ssh = getenv("RPMEM_SSH") ? getenv("RPMEM_SSH") : "ssh";
	const char *argv[] = {ssh, "-T", "-oBatchMode=yes", "--", host, command, NULL};
	posix_spawn_file_actions_t actions;
	int in[2], out[2];
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		err(1, "pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	if (posix_spawnp(&pid, ssh, &actions, NULL, (char *const *)argv, environ))
		errx(1, "cannot run %s", ssh);
	close(in[0]);
	close(out[1]);
	return (struct peer){in[1], out[0]};
}

static void echo(struct peer peer, size_t length)
{
	static char back[4096];

	put(peer.in, pool, length);
	if (!get(peer.out, back, length))
		errx(1, "the process that sends the bytes back has ended");
}

static void send_to_sink(struct peer peer, size_t length)
{
	char answer;

	put(peer.in, pool, length);
	if (!get(peer.out, &answer, 1))
		errx(1, "the process that receives the bytes has ended");
}

static void row(RPMEMpool *rpp, const char *name, size_t length, struct peer peer,
	void (*beside)(struct peer peer, size_t length), size_t samples)
{
	static double ours[MOST], theirs[MOST];

	for (size_t i = 0; i < samples + 10; i++) {
		double start_ns = now_ns();
		if (rpmem_persist(rpp, 0, length, 0, 0))
			errx(1, "%s", rpmem_errormsg());
		double middle = now_ns();
		beside(peer, length);
		double end = now_ns();
		if (i < 10) /* to warm up */
			continue;
		ours[i - 10] = middle - start_ns;
		theirs[i - 10] = end - middle;
	}
	double mine = median(ours, samples) / 1000, other = median(theirs, samples) / 1000;
	printf("rpmem_persist of %zu bytes: %.1f us, %s: %.1f us, %.2f times\n", length, mine, name,
		other, mine / other);
}

/* Executes the program again: the library reads RPMEM_CMD when it is loaded. */
static void run_again(char **argv)
{
	char command[8192];

	snprintf(command, sizeof(command),
		"cd '%s' && printf 'PMEMPOOLSET\\nOPTION NOHDRS\\n16M %s/bench-ssh.part\\n' >bench-ssh.set && PMEM2_FORCE_GRANULARITY=CACHE_LINE exec '%s' --poolset-dir '%s'",
		argv[2], argv[2], argv[1], argv[2]);
	setenv("RPMEM_CMD", command, 1);
	setenv("RPMEM_PROVIDER", "ssh", 1);
	execv("/proc/self/exe", argv);
	err(1, "cannot execute this program again");
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--sink"))
		return sink(argv[2]);
	if (argc < 3)
		errx(2, "usage: bench-ssh RPMEMD DIRECTORY [SAMPLES]");
	if (!getenv("RPMEM_CMD"))
		run_again(argv);
	size_t samples = argc > 3 ? strtoul(argv[3], NULL, 10) : 2000;
	if (samples < 8 || samples > MOST)
		errx(2, "8 to %d samples", MOST);
	host = getenv("HOST") ? getenv("HOST") : "127.0.0.1";
	pool = mmap(NULL, POOL_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pool == MAP_FAILED)
		err(1, "out of memory");
	memset(pool, 1, POOL_SIZE);
	unsigned lanes = 1;
	RPMEMpool *rpp = rpmem_create(host, "bench-ssh.set", pool, POOL_SIZE, &lanes, NULL);
	if (!rpp)
		errx(1, "%s", rpmem_errormsg());
	char self[4096] = "", command[8400];
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		err(1, "/proc/self/exe");
	snprintf(command, sizeof(command), "'%s' --sink '%s/bench-ssh.sink'", self, argv[2]);
	row(rpp, "echo", 64, start("cat"), echo, samples);
	row(rpp, "echo", 4096, start("cat"), echo, samples);
	row(rpp, "cat into a file", MIB, start(command), send_to_sink, samples / 8);
	rpmem_close(rpp);
	rpmem_remove(host, "bench-ssh.set", RPMEM_REMOVE_FORCE | RPMEM_REMOVE_POOL_SET);
	return 0;
}
