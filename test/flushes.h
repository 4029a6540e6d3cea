/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flushes.h - count the flush instructions that pmem_persist() executes, by single-stepping
 * (x86-64 only)
 */
#ifndef TEST_FLUSHES_H
#define TEST_FLUSHES_H

#include <libpmem.h>
#include <signal.h>
#include <ucontext.h>

static volatile sig_atomic_t flushes;

/* CLFLUSH, CLFLUSHOPT and CLWB are the bytes 0F AE and a ModRM byte whose reg field is 6 or 7. */
static void step(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *at = context;
	const unsigned char *code = (const unsigned char *)at->uc_mcontext.gregs[REG_RIP];

	(void)signal;
	(void)info;
	while (*code == 0x66 || *code == 0x3e || (*code & 0xf0) == 0x40)
		code++;
	if (code[0] == 0x0f && code[1] == 0xae && code[2] < 0xc0 && (code[2] >> 3 & 6) == 6)
		flushes++;
}

static int flushes_of_persist(const void *addr, size_t length)
{
	struct sigaction action = {.sa_sigaction = step, .sa_flags = SA_SIGINFO};

	sigaction(SIGTRAP, &action, NULL);
	flushes = 0;
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc");
	pmem_persist(addr, length);
	__asm__ volatile("pushfq; andq $~0x100, (%%rsp); popfq" ::: "memory", "cc");
	return flushes;
}

#endif
