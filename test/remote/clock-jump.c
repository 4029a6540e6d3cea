/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clock-jump.c - a library for LD_PRELOAD that makes the time of day wrong by ten years: too late
 * and too early at alternate calls; the monotonic clock is right
 */
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define DECADE 315576000

static time_t jump(void)
{
	static atomic_uint looks;

	return atomic_fetch_add(&looks, 1) % 2 ? -DECADE : DECADE;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *now)
{
	int ret = (int)syscall(SYS_clock_gettime, clock, now);

	if (!ret && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += jump();
	return ret;
}

__attribute__((visibility("default"))) int gettimeofday(
	struct timeval *restrict now, void *restrict zone)
{
	struct timespec at;
	int ret = clock_gettime(CLOCK_REALTIME, &at);

	(void)zone;
	now->tv_sec = at.tv_sec;
	now->tv_usec = at.tv_nsec / 1000;
	return ret;
}

__attribute__((visibility("default"))) time_t time(time_t *seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (seconds)
		*seconds = now.tv_sec;
	return now.tv_sec;
}
