/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * strike.c - run a writer, and kill it, another process or its disk in the middle of its work
 *
 *	strike --kill [--bytes N] [--delay USEC] COMMAND [ARG...]
 *	strike --kill-other=PIDFILE ...
 *	strike --cut=MOUNTPOINT ...
 *
 * The command, the writer, must print a line `durable RECORDS BYTES' whenever more has become
 * durable, as `ledger append' does. Its output is passed on. USEC microseconds after it has
 * promised N bytes the strike comes. --kill: the writer is killed. --kill-other: the process whose
 * id is in PIDFILE is killed, such as the target of the writer's mirror; the writer must notice.
 * --cut: the file system at MOUNTPOINT loses its disk, as in a power cut: data in memory never
 * reach the disk. A writer that ends sooner is not killed; its disk is cut when it ends. All lines
 * of the writer are promises, also those after the strike.
 *
 * This is a tool for scripts/demo, and does not use the library.
 *
 * Exit status: 0 the strike hit a running writer, 3 the writer had ended before, 1 anything else.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_FINISHED = 3 };

/* XFS_IOC_GOINGDOWN of xfsctl(3), which ext4 and f2fs implement, too. */
#define FS_IOC_SHUTDOWN              _IOR('X', 125, uint32_t)
#define FS_SHUTDOWN_FLAGS_NOLOGFLUSH 2u

/*
 * A writer that still runs so many seconds after a strike on another process or the disk is
 * killed.
 */
#define PATIENCE_S 20

static struct {
	int disk; /* the mount point to cut, or -1 to kill */
	bool kill;
	const char *other; /* a file with the id of the process to kill */
	uint64_t bytes;
	useconds_t delay;
} plan = {.disk = -1};

static pid_t writer;

static pid_t start(char **command, int *output)
{
	const struct rlimit no_core = {0, 0};
	pid_t self = getpid(), pid;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		err(EXIT_FAILURE, "pipe");
	pid = fork();
	if (pid < 0)
		err(EXIT_FAILURE, "fork");
	if (!pid) {
		/* The writer must end if this process is killed. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != self)
			_exit(EXIT_FAILURE);
		setrlimit(RLIMIT_CORE, &no_core);
		dup2(ends[1], STDOUT_FILENO);
		execvp(command[0], command);
		err(127, "%s", command[0]);
	}
	close(ends[1]);
	*output = ends[0];
	return pid;
}

/*
 * Returns how many bytes the last complete line of the writer's output so far promises to be
 * durable.
 */
static uint64_t read_promises(const char *text, size_t length)
{
	static char line[128];
	static size_t filled;
	static uintmax_t bytes;

	for (size_t i = 0; i < length; i++) {
		if (text[i] != '\n') {
			if (filled < sizeof(line) - 1)
				line[filled++] = text[i];
			continue;
		}
		line[filled] = '\0';
		filled = 0;
		sscanf(line, "durable %*u %ju", &bytes);
	}
	return bytes;
}

/*
 * Passes the writer's output on until it has promised `enough` bytes. Returns false if it has
 * ended.
 */
static bool relay(int from, uint64_t enough)
{
	char text[4096];
	ssize_t got;

	while ((got = read(from, text, sizeof(text))) > 0 || (got < 0 && errno == EINTR)) {
		if (got < 0)
			continue;
		if (write(STDOUT_FILENO, text, (size_t)got) != got)
			err(EXIT_FAILURE, "standard output");
		if (read_promises(text, (size_t)got) >= enough && enough)
			return true;
	}
	return false;
}

static void give_up(int signal_number)
{
	(void)signal_number;
	kill(writer, SIGKILL);
}

/*
 * Kills the process whose id is in the file plan.other. Returns false if this process does not
 * exist yet; the writer then ends by itself.
 */
static bool strike_other(void)
{
	FILE *file = fopen(plan.other, "re");
	bool hit;
	pid_t pid;

	if (!file)
		return false;
	hit = fscanf(file, "%d", &pid) == 1 && pid > 1 && !kill(pid, SIGKILL);
	fclose(file);
	return hit;
}

/* Carries out the planned strike. Returns whether there was a process or a disk to hit. */
static bool strike(void)
{
	uint32_t flags = FS_SHUTDOWN_FLAGS_NOLOGFLUSH;

	if (plan.other)
		return strike_other();
	if (plan.kill)
		kill(writer, SIGKILL);
	else if (ioctl(plan.disk, FS_IOC_SHUTDOWN, &flags))
		err(EXIT_FAILURE, "cannot shut down this filesystem to cut off its disk");
	return true;
}

/* Returns whether the writer has ended in the way that this kind of strike must cause. */
static bool fell(int status)
{
	if (plan.kill)
		return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	return plan.other ? WIFEXITED(status) : true;
}

static int run(char **command)
{
	bool running = true, hit = false;
	int output, status;

	writer = start(command, &output);
	if (plan.bytes)
		running = relay(output, plan.bytes);
	if (running)
		usleep(plan.delay);
	if (running || plan.disk >= 0)
		hit = strike() && running;
	signal(SIGALRM, give_up);
	alarm(plan.kill ? 0 : PATIENCE_S);
	relay(output, 0);
	close(output);
	while (waitpid(writer, &status, 0) < 0)
		if (errno != EINTR)
			err(EXIT_FAILURE, "waitpid");

	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return EXIT_FINISHED;
	if (hit && fell(status))
		return EXIT_SUCCESS;
	errx(EXIT_FAILURE,
		"%s failed before the kill or the cut, or it hung afterwards and was killed: wait status %#x",
		command[0], (unsigned)status);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	if (*end || end == text)
		errx(EXIT_FAILURE, "%s is not a number", text);
	return n;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"kill", no_argument, NULL, 'k'},
		{"kill-other", required_argument, NULL, 'o'},
		{"cut", required_argument, NULL, 'c'},
		{"bytes", required_argument, NULL, 'b'},
		{"delay", required_argument, NULL, 'd'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'k')
			plan.kill = true;
		else if (option == 'o')
			plan.other = optarg;
		else if (option == 'c')
			plan.disk = open(optarg, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		else if (option == 'b')
			plan.bytes = number(optarg);
		else if (option == 'd')
			plan.delay = (useconds_t)number(optarg);
		else
			return EXIT_FAILURE;
		if (option == 'c' && plan.disk < 0)
			err(EXIT_FAILURE, "%s", optarg);
	}
	if (plan.kill + !!plan.other + (plan.disk >= 0) != 1 || optind == argc)
		errx(EXIT_FAILURE,
			"usage: strike --kill|--kill-other=PIDFILE|--cut=MOUNTPOINT [--bytes N] [--delay USEC] COMMAND [ARG...]");
	return run(argv + optind);
}
