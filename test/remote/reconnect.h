/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reconnect.h - functions for tests that kill daemons and reconnect: they find processes, and fill
 * a pool with random bytes
 *
 * RPMEM_SSH must be test/remote/ssh, which becomes the daemon, so that the daemon is a child of
 * the initiator.
 */
#ifndef TEST_REMOTE_RECONNECT_H
#define TEST_REMOTE_RECONNECT_H

#include <dirent.h>
#include <time.h>

#include "fixture.h"

#define LANES 4u

static char *pool;

FIXTURE void nap(long microseconds)
{
	nanosleep(&(struct timespec){microseconds / 1000000, microseconds % 1000000 * 1000}, NULL);
}

/* -- processes -- */

/*
 * Returns the process id of the parent of a process that runs rpmemd; 0 if this process has ended
 * or runs another program.
 */
FIXTURE pid_t parent_of_daemon(const char *process)
{
	char path[300], name[32] = "", state = 'Z';
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%s/stat", process);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%*d (%31[^)]) %c %d", name, &state, &parent) != 3)
		parent = 0;
	fclose(file);
	return state != 'Z' && strstr(name, "rpmemd") ? parent : 0;
}

/* Returns the process id of this initiator's daemon, or 0 if no daemon runs now. */
FIXTURE pid_t daemon_of(pid_t initiator)
{
	DIR *processes = opendir("/proc");
	pid_t found = 0;

	if (!processes)
		bail("cannot read /proc: %m");
	for (struct dirent *entry; (entry = readdir(processes));)
		if (*entry->d_name >= '1' && *entry->d_name <= '9' &&
			parent_of_daemon(entry->d_name) == initiator)
			found = (pid_t)atoi(entry->d_name);
	closedir(processes);
	return found;
}

FIXTURE void wait_gone(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "%d", pid);
	for (int i = 0; i < 5000 && parent_of_daemon(path); i++)
		nap(2000);
}

FIXTURE void kill_daemon(void)
{
	pid_t daemon = daemon_of(getpid());

	if (!daemon)
		bail("there is no daemon");
	kill(daemon, SIGKILL);
	wait_gone(daemon);
}

/* -- pools -- */

static uint64_t state = 88172645463325252u;

FIXTURE uint64_t draw(uint64_t below)
{
	return random_next(&state) % below;
}

FIXTURE void change(size_t offset, size_t length)
{
	random_fill(pool + offset, length, &state);
}

/* Returns true if the first POOL bytes of the file are equal to `bytes`. */
FIXTURE bool is_copy(const char *name, const char *bytes)
{
	static char there[POOL];
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool same =
		fd >= 0 && read(fd, there, POOL) == (ssize_t)POOL && !memcmp(there, bytes, POOL);
	close(fd);
	return same;
}

FIXTURE RPMEMpool *open_plain(unsigned wanted)
{
	unsigned nlanes = wanted;
	RPMEMpool *rpp = rpmem_open(HOST, "plain.set", pool, POOL, &nlanes, NULL);

	if (!rpp)
		bail("open: %s", rpmem_errormsg());
	return rpp;
}

FIXTURE RPMEMpool *made(void)
{
	unsigned nlanes = LANES;

	rpmem_remove(HOST, "plain.set", RPMEM_REMOVE_FORCE);
	change(0, POOL);
	RPMEMpool *rpp = rpmem_create(HOST, "plain.set", pool, POOL, &nlanes, NULL);
	if (!rpp || nlanes != LANES)
		bail("create: %s", rpmem_errormsg());
	if (rpmem_persist(rpp, 0, POOL, 0, 0))
		bail("persist: %s", rpmem_errormsg());
	return rpp;
}

/*
 * Stores to the pool with all calls that store. If the target is lost, librpmem only notes the
 * ranges, to send them at the next reconnect. Each lane stores to a quarter of the pool of its own,
 * because bytes that one lane has flushed may arrive after bytes that another lane has flushed and
 * drained later.
 */
FIXTURE void store_some(RPMEMpool *rpp, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		unsigned lane = (unsigned)draw(LANES), relaxed = (unsigned)draw(2);
		size_t length = 1 + draw(draw(4) ? 64 : 70000);
		size_t offset = lane * (POOL / LANES) + draw(POOL / LANES - length);

		change(offset, length);
		switch (draw(4)) {
		case 0:
			rpmem_persist(rpp, offset, length, lane, relaxed);
			break;
		case 1:
			rpmem_deep_persist(rpp, offset, length, lane);
			break;
		default:
			rpmem_flush(rpp, offset, length, lane, relaxed);
			if (draw(100) == 0)
				rpmem_drain(rpp, lane, 0);
		}
	}
}

/*
 * Makes the shell that runs the daemon become the daemon, so that the daemon is a child of this
 * process.
 */
FIXTURE void have_shell_replaced(void)
{
	const char *rpmemd = getenv("RPMEMD");
	char command[512];

	if (!rpmemd || getenv("REMOTE_FOLDER"))
		return;
	snprintf(command, sizeof(command), "exec %s", rpmemd);
	setenv("RPMEMD", command, 1);
}

#endif
