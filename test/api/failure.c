/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * failure.c - tests the handler that is called for pages that could not be written back
 *
 * A write-back fails here because the test has unmapped the page without telling the library:
 * msync(2) fails with ENOMEM. test/tool/disk-errors uses disks that really fail.
 */
#include <errno.h>
#include <libpmem2/holdfast.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/wait.h>

#include "api/fixture.h"

/* The last arguments of tell(), a write-back handler, and the verdict that tell() returns. */
static struct {
	unsigned calls;
	struct holdfast_writeback_failure last;
	char path[256];
	pthread_t thread;
	enum holdfast_writeback_verdict verdict;
} told;

static sigjmp_buf away;

static enum holdfast_writeback_verdict tell(
	const struct holdfast_writeback_failure *failure, void *context)
{
	told.calls++;
	told.last = *failure;
	snprintf(told.path, sizeof(told.path), "%s", failure->path);
	told.thread = pthread_self();
	ok(context == &told, "write-back handler: the argument is the context that was set");
	return told.verdict;
}

/* Returns a map whose second page the test has unmapped. */
static struct pmem2_map *broken_map(void)
{
	struct pmem2_map *map = map_of(4 * page_size(), "PAGE");

	munmap((char *)pmem2_map_get_address(map) + page_size(), page_size());
	return map;
}

static char *gone(struct pmem2_map *map)
{
	return (char *)pmem2_map_get_address(map) + page_size();
}

static void told_of(struct pmem2_map *map, const char *what)
{
	is_int(told.calls, 1, "failed write-back by %s: the handler is called once", what);
	ok(told.last.addr == gone(map) && told.last.length == page_size(),
		"failed write-back by %s: the handler gets the address and length of the page",
		what);
	is_int(told.last.error, ENOMEM,
		"failed write-back by %s: the handler gets the error ENOMEM", what);
	told.calls = 0;
}

static void from_calls(void)
{
	struct pmem2_map *map = broken_map();

	told.verdict = HOLDFAST_WRITEBACK_LOST;
	holdfast_set_writeback_handler(tell, &told);
	errno = 77;
	pmem2_get_persist_fn(map)(gone(map) + 5, 1);
	is_int(errno, 77, "persist: errno is unchanged after a failed write-back");
	told_of(map, "persist");
	is_int(told.last.struct_size, sizeof(told.last),
		"write-back handler: struct_size of the failure is the size of the struct");
	is_str(told.path, "unknown file",
		"write-back handler: for a page that is not mapped, the path of the file is reported as unknown");
	pmem2_get_drain_fn(map)();
	is_int(told.calls, 0,
		"drain: a page that the write-back handler declared lost is not written back again");

	pmem2_get_flush_fn(map)(gone(map), 1);
	pmem2_map_delete(&map);
	is_int(told.calls, 1,
		"map_delete: the write-back handler is called for a flushed page that cannot be written back");
	told.calls = 0;
}

static void *flush_and_exit(void *map)
{
	pmem2_get_flush_fn(map)(gone(map), 1);
	return NULL;
}

static void from_threads(void)
{
	struct pmem2_map *map = broken_map();
	pthread_t thread;

	pthread_create(&thread, NULL, flush_and_exit, map);
	pthread_join(thread, NULL);
	told_of(map, "a thread that exits");
	ok(!pthread_equal(told.thread, pthread_self()),
		"write-back handler: if a thread exits with flushed ranges, the handler is called in this thread");
	pmem2_map_delete(&map);
	told.calls = 0;
}

/*
 * A handler that makes, uses and deletes its own map: hangs if the library calls it under a lock.
 */
static enum holdfast_writeback_verdict use_library(
	const struct holdfast_writeback_failure *failure, void *context)
{
	struct pmem2_map *other = map_of(page_size(), "PAGE");

	(void)failure;
	pmem2_get_persist_fn(other)(pmem2_map_get_address(other), 1);
	pmem2_get_flush_fn(other)(pmem2_map_get_address(other), 1);
	pmem2_map_delete(&other);
	(*(unsigned *)context)++;
	return HOLDFAST_WRITEBACK_LOST;
}

static enum holdfast_writeback_verdict leave(
	const struct holdfast_writeback_failure *failure, void *context)
{
	(void)failure;
	(void)context;
	siglongjmp(away, 1);
}

static void what_handlers_may_do(void)
{
	struct pmem2_map *map = broken_map();
	unsigned calls = 0;

	holdfast_set_writeback_handler(use_library, &calls);
	pmem2_get_persist_fn(map)(gone(map), 1);
	is_int(calls, 1, "write-back handler: the handler may call functions of the library");

	holdfast_set_writeback_handler(leave, NULL);
	if (!sigsetjmp(away, 1)) {
		pmem2_get_persist_fn(map)(gone(map), 1);
		ok(false,
			"write-back handler: siglongjmp may leave the handler and the persist that called it");
	} else {
		ok(true,
			"write-back handler: siglongjmp may leave the handler and the persist that called it");
	}
	pmem2_get_persist_fn(map)(pmem2_map_get_address(map), 1);
	ok(true, "write-back handler: no lock is held after the handler left by siglongjmp");
	pmem2_map_delete(&map);
}

/*
 * Runs a child that persists the unmapped page. Returns the number of the signal that ended the
 * child, or its negated exit status.
 */
static int ending(enum holdfast_writeback_verdict verdict, bool with_handler, bool by_exit)
{
	struct pmem2_map *map = broken_map();
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout))
			_exit(99);
		told.verdict = verdict;
		holdfast_set_writeback_handler(with_handler ? tell : NULL, &told);
		pmem2_get_flush_fn(map)(gone(map), 1);
		if (by_exit)
			exit(7);
		pmem2_get_drain_fn(map)();
		_exit(8);
	}
	waitpid(pid, &status, 0);
	holdfast_set_writeback_handler(NULL, NULL);
	pmem2_map_delete(&map);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void verdicts(void)
{
	holdfast_set_writeback_handler(NULL, NULL);
	is_int(ending(HOLDFAST_WRITEBACK_LOST, false, false), SIGABRT,
		"no handler for failed write-backs: the process aborts");
	is_int(ending(HOLDFAST_WRITEBACK_ABORT, true, false), SIGABRT,
		"verdict ABORT of the write-back handler: the process aborts");
	is_int(ending((enum holdfast_writeback_verdict)9, true, false), SIGABRT,
		"an unknown verdict of the write-back handler: the process aborts");
	is_int(ending(HOLDFAST_WRITEBACK_LOST, true, false), -8,
		"verdict LOST of the write-back handler: the process continues");
	is_int(ending(HOLDFAST_WRITEBACK_LOST, false, true), SIGABRT,
		"no handler, write-back at exit(3): the process aborts");
	is_int(ending(HOLDFAST_WRITEBACK_LOST, true, true), -7,
		"verdict LOST of the write-back handler at exit(3): the process exits with its status");
}

/*
 * The range from the first to the last page that widen(), a write-back handler, was called for. The
 * test that sets this handler makes more write-backs fail than the library reports one by one.
 */
static uintptr_t told_from = UINTPTR_MAX, told_to;

static enum holdfast_writeback_verdict widen(
	const struct holdfast_writeback_failure *failure, void *context)
{
	uintptr_t from = (uintptr_t)failure->addr;

	(void)context;
	told_from = from < told_from ? from : told_from;
	told_to = from + failure->length > told_to ? from + failure->length : told_to;
	return HOLDFAST_WRITEBACK_LOST;
}

static void many(void)
{
	size_t far = (size_t)1 << 20, count = 30;
	struct pmem2_map *map = map_of(count * far, "PAGE");
	char *addr = pmem2_map_get_address(map);

	holdfast_set_writeback_handler(widen, NULL);
	munmap(addr, count * far);
	for (size_t i = 0; i < count; i++)
		pmem2_get_flush_fn(map)(addr + i * far, 1);
	pmem2_get_drain_fn(map)();
	ok(told_from == (uintptr_t)addr,
		"many failed write-backs: the reported ranges begin with the first page");
	ok(told_to == (uintptr_t)addr + (count - 1) * far + page_size(),
		"many failed write-backs: the reported ranges end with the last page");
	pmem2_map_delete(&map);
	holdfast_set_writeback_handler(NULL, NULL);
}

int main(void)
{
	from_calls();
	from_threads();
	what_handlers_may_do();
	verdicts();
	many();
	return tap_done();
}
