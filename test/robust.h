/* SPDX-License-Identifier: BSD-3-Clause */
/* robust.h - whether the kernel passes on the locks of threads that die; user-mode QEMU does not */
#ifndef TEST_ROBUST_H
#define TEST_ROBUST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOCKS_OF_THE_DEAD_ARE_LOST "the locks of threads that die are not passed on here"

static bool locks_of_the_dead_are_passed_on(void)
{
#ifdef __SANITIZE_THREAD__
	return false; /* the sanitizer does not know of such a lock after a timed wait */
#else
	void *head;
	size_t length;

	return !syscall(SYS_get_robust_list, 0, &head, &length);
#endif
}

#endif
