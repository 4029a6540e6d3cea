/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdatomic.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/env.h"
#include "base/racecheck.h"
#include "device/autoflush.h"
#include "device/sysfs.h"
#include "libpmem.h"
#include "libpmem/export.h"
#include "libpmem/fail.h"
#include "track/tracker.h"

/*
 * The setting that the variable PMEM_IS_PMEM_FORCE had when it was first needed; it is read only
 * once.
 */
enum force { NOT_ASKED, DETECT, NEVER, ALWAYS };
static atomic_int frozen = NOT_ASKED;

static enum force ask_environment(void)
{
	long long number;
	int expected = NOT_ASKED, found = DETECT;

	racecheck_ignore(&frozen, sizeof(frozen));
	if (env_number("PMEM_IS_PMEM_FORCE", &number))
		found = number == 0 ? NEVER : number == 1 ? ALWAYS : DETECT;
	/*
	 * The environment may change while several threads read it: all of them use the value that
	 * the first thread has found.
	 */
	if (!atomic_compare_exchange_strong(&frozen, &expected, found))
		found = expected;
	return found;
}

EXPORT(pmem_is_pmem)
int pmem_is_pmem(const void *addr, size_t len)
{
	int force = atomic_load_explicit(&frozen, memory_order_relaxed);

	if (unlikely(force == NOT_ASKED))
		force = ask_environment();
	if (unlikely(force != DETECT))
		return force == ALWAYS && len;
	/*
	 * If addr + len overflows, the end is below the beginning, and tracker_covers() returns
	 * false.
	 */
	return tracker_covers((uintptr_t)addr, (uintptr_t)addr + len);
}

EXPORT(pmem_has_auto_flush)
int pmem_has_auto_flush(void)
{
	int answer = device_auto_flush(SYSFS_ROOT);

	return answer < 0 ? fail(answer) : answer;
}

EXPORT(pmem_has_hw_drain)
int pmem_has_hw_drain(void)
{
	return 0;
}
