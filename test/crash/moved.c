/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * moved.c - moves money from one account to another, and prints both accounts as the state of the
 * file, to test --dump
 *
 *	moved CASE marks|lines FILE	move 1, then 2; report each move by a mark or a line
 *	moved show FILE			print the accounts
 *	moved random FILE		print a different text each time
 *	moved nothing-of-it FILE	print nothing, and exit with 5
 *
 *	moved sync FILE			call msync(2), which the kernel refuses: exit with 7 if it
 *					fails, with 0 if the recorder does not execute it
 *
 * The values of CASE:
 *
 *	good		both accounts are in one word
 *	two-words	the accounts are in two words, in different cache lines
 *	late		the end of an operation is reported before its store is durable
 */
#include <errno.h>
#include <fcntl.h>
#include <holdfast_crash.h>
#include <libpmem.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

struct account {
	uint32_t amount[2];
	uint64_t unused[7];
};

static struct account *accounts;

static void move_in_word(uint32_t amount)
{
	struct account both = accounts[0];

	both.amount[0] -= amount;
	both.amount[1] += amount;
	*(volatile uint64_t *)(void *)&accounts[0] = *(uint64_t *)(void *)&both;
}

static void move_in_lines(uint32_t amount)
{
	accounts[0].amount[0] -= amount;
	pmem_persist(&accounts[0], 64);
	accounts[1].amount[1] += amount;
	pmem_persist(&accounts[1], 64);
}

static void say(uint32_t amount, int is_end, int has_marks)
{
	char line[] = "moved 0\n";

	line[6] = (char)('0' + amount);
	if (!has_marks && is_end && write(STDOUT_FILENO, line, sizeof(line) - 1) < 0)
		_exit(4);
	if (has_marks && is_end)
		holdfast_crash_end(amount);
	else if (has_marks)
		holdfast_crash_begin(amount);
}

static void move(const char *name, uint32_t amount, int has_marks)
{
	int is_late = !strcmp(name, "late");

	say(amount, 0, has_marks);
	if (!strcmp(name, "two-words"))
		move_in_lines(amount);
	else
		move_in_word(amount);
	if (!is_late)
		pmem_persist(&accounts[0], 64);
	say(amount, 1, has_marks);
	pmem_persist(&accounts[0], 64);
}

/* Has the kernel refuse each msync(2) with the flag MS_SYNC, as if a device had failed. */
static int refuse_syncs(void)
{
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_msync, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MS_SYNC, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(steps) / sizeof(*steps), steps};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	int fd = argc < 3 ? -1 : open(argv[argc - 1], O_RDWR);

	if (fd < 0)
		return 2;
	accounts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (accounts == MAP_FAILED)
		return 3;
	if (!strcmp(argv[1], "nothing-of-it"))
		return 5;
	if (!strcmp(argv[1], "sync")) {
		move_in_word(1);
		if (refuse_syncs())
			return 8;
		return msync(accounts, 4096, MS_SYNC) ? 7 : 0;
	}
	if (!strcmp(argv[1], "random"))
		return printf("%d\n", getpid()) < 0;
	if (!strcmp(argv[1], "show"))
		return printf("accounts\n%d\n%d\n", (int)accounts[0].amount[0],
			       (int)(accounts[0].amount[1] + accounts[1].amount[1])) < 0;
	move(argv[1], 1, !strcmp(argv[2], "marks"));
	move(argv[1], 2, !strcmp(argv[2], "marks"));
	return 0;
}
