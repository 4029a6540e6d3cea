/* SPDX-License-Identifier: BSD-3-Clause */
/* emulated.h - whether the kernel is one that user-mode QEMU plays, and what that cannot do */
#ifndef TEST_EMULATED_H
#define TEST_EMULATED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* It knows no robust locks: those of threads that die are not passed on. */
static inline bool kernel_is_emulated(void)
{
	void *head;
	size_t length;

	return syscall(SYS_get_robust_list, 0, &head, &length);
}

#define LOCKS_OF_THE_DEAD_ARE_LOST "the locks of threads that die are not passed on here"

static inline bool locks_of_the_dead_are_passed_on(void)
{
#ifdef __SANITIZE_THREAD__
	return false; /* the sanitizer does not know of such a lock after a timed wait */
#else
	return !kernel_is_emulated();
#endif
}

#endif
