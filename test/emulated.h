/* SPDX-License-Identifier: BSD-3-Clause */
/* emulated.h - detect user-mode QEMU, which emulates the kernel, and what it does not support */
#ifndef TEST_EMULATED_H
#define TEST_EMULATED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * QEMU has no robust mutexes: a mutex whose owner dies stays locked. get_robust_list(2) fails under
 * QEMU.
 */
static inline bool kernel_is_emulated(void)
{
	void *head;
	size_t length;

	return syscall(SYS_get_robust_list, 0, &head, &length);
}

#define LOCKS_OF_THE_DEAD_ARE_LOST "a robust mutex of a thread that has died stays locked here"

static inline bool locks_of_the_dead_are_passed_on(void)
{
#ifdef __SANITIZE_THREAD__
	return false; /* the sanitizer loses track of a robust mutex after a timed wait for it */
#else
	return !kernel_is_emulated();
#endif
}

#endif
