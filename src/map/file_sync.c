/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/file_sync.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/usdt.h"
#include "map/acceptance.h"
#include "map/mapped_file.h"
#include "map/notes.h"
#include "map/pages.h"
#include "map/shared.h"

#define NAME_MAX_SHOWN 256

uint64_t file_sync_epoch(void)
{
	struct shared *shared = shared_if_made();

	return shared ? failed_files_epoch(&shared->failed) : 0;
}

/*
 * True if an error of msync(2) is a failure of the file (W2 of writeback_failure.h), false if the
 * memory is not mapped or cannot be written back at all.
 */
static bool belongs_to_file(int error, struct range pages)
{
	if (error == ENOMEM)
		return pages_are_mapped(pages);
	return error != EINVAL;
}

/* A failed write-back, which is recorded for each file that is mapped in its range. */
struct recording {
	struct failed_files *table;
	struct file_id file; /* the only file of the range; may be unknown */
	int error;
	struct file_sync_failure *last;
};

static bool record_part(const struct mapped_file *mapped, void *context)
{
	struct recording *recording = context;
	struct file_sync_failure *last = recording->last;
	struct file_ids ids = {recording->file, mapped->file};
	bool known = file_id_is_known(recording->file);

	if (!known && !file_id_is_known(mapped->file))
		return false;
	last->file = known ? recording->file : mapped->file;
	last->write.offset = mapped->offset;
	last->write.length = mapped->at.to - mapped->at.from;
	last->write.error = recording->error;
	last->write.epoch = failed_files_record(recording->table, &ids, &last->write);
	return false;
}

/*
 * Records a failure for each file that is mapped in the range. If the list of mappings cannot be
 * read or shows no file there, the failure is recorded for the file in `sync`, or as one of any
 * file if that is unknown.
 */
static void record(struct failed_files *table, const struct file_sync *sync, int error,
	struct file_sync_failure *failure)
{
	struct recording recording = {table, sync->file, error, failure};
	struct file_ids ids = {.stat = sync->file};

	if (mapped_files_walk(sync->pages, record_part, &recording) || !failure->write.epoch)
		failure->write.epoch = failed_files_record(table, &ids, &failure->write);
}

/*
 * Write back a range. Other threads can wait for the write-back until its result is known: it is a
 * flight (flights.h), which begins before the kernel is asked and ends after the kernel's answer
 * has been recorded (W5 of writeback_failure.h).
 */
static int write_back(
	struct shared *shared, const struct file_sync *sync, struct file_sync_failure *failure)
{
	struct flight_begun begun;

	flights_begin(&shared->flights, &begun, sync->file, sync->pages);
	int error = pages_sync(sync->pages);
	*failure = (struct file_sync_failure){.file = sync->file, .write.error = -error};
	if (error && belongs_to_file(-error, sync->pages))
		record(&shared->failed, sync, -error, failure);
	flights_end(&shared->flights, &begun);
	return error;
}

/* State of a check, mapping by mapping, of a range that was written back without an error. */
struct judging {
	struct failed_files *table;
	struct file_id file; /* the only file of the range; may be unknown */
	uint64_t since;
	uintptr_t judged_to; /* up to here the list of mappings shows the range without a gap */
	bool failed;
	struct file_sync_failure *failure;
};

/* True if these pages may be lost and the program has not accepted that. */
static bool is_doubtful(struct judging *judging, const struct file_ids *ids, struct range at)
{
	struct file_id file = file_id_is_known(ids->stat) ? ids->stat : ids->listed;
	struct failed_write write;

	if (!failed_files_find(judging->table, ids, judging->since, &write) ||
		acceptance_covers(file, at, write.epoch))
		return false;
	*judging->failure = (struct file_sync_failure){file, write, true};
	return judging->failed = true;
}

static bool judge_part(const struct mapped_file *mapped, void *context)
{
	struct judging *judging = context;
	struct file_ids ids = {judging->file, mapped->file};

	if (mapped->at.from == judging->judged_to)
		judging->judged_to = mapped->at.to;
	if (!file_id_is_known(ids.stat) && !file_id_is_known(ids.listed))
		return false; /* memory without a file cannot lose a write-back */
	return is_doubtful(judging, &ids, mapped->at);
}

/*
 * After the kernel has written back the range without an error, find out if an earlier or
 * concurrent write-back of the same file failed (W4 and W5 of writeback_failure.h). The list of
 * mappings is read only if a file has failed that may be this one (W10). All of the range is
 * mapped, since the kernel has written it back: if the list lacks a part, another file is mounted
 * over /proc/self/maps.
 */
static int judge(
	struct shared *shared, const struct file_sync *sync, struct file_sync_failure *failure)
{
	struct judging judging = {
		.table = &shared->failed,
		.file = sync->file,
		.since = sync->since,
		.judged_to = sync->pages.from,
		.failure = failure,
	};
	struct file_ids ids = {.stat = sync->file};
	struct failed_write write;

	if (failed_files_epoch(&shared->failed) <= sync->since ||
		!failed_files_find(&shared->failed, &ids, sync->since, &write))
		return 0;
	int error = mapped_files_walk(sync->pages, judge_part, &judging);
	if (!judging.failed && (error || judging.judged_to < sync->pages.to))
		is_doubtful(&judging, &ids, sync->pages); /* rest of the range: file is unknown */
	return judging.failed ? -failure->write.error : 0;
}

/*
 * Write pages back. Fails if there is no memory to record failures in: an earlier failure may then
 * have been forgotten, so that success of msync(2) proves nothing.
 */
static int sync_pages(const struct file_sync *sync, struct file_sync_failure *failure)
{
	struct shared *shared = shared_get();

	*failure = (struct file_sync_failure){.file = sync->file, .write.error = ENOMEM};
	if (!shared)
		return -ENOMEM;
	int error = write_back(shared, sync, failure);
	if (error)
		return error;
	flights_wait(&shared->flights, sync->file, sync->pages);
	return judge(shared, sync, failure);
}

static void count(const struct range *pages, int error)
{
	notes_count_event(TALLY_RANGES, 1);
	notes_count_event(TALLY_PAGES, pages_number(*pages));
	if (likely(!error))
		return;
	notes_count_event(TALLY_FAILURES, 1);
	USDT3(writeback_failure, pages->from, pages->to - pages->from, -error);
}

int file_sync(const struct file_sync *sync, struct file_sync_failure *failure)
{
	int state;

	if (sync->pages.from >= sync->pages.to)
		return 0;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	int error = sync_pages(sync, failure);
	count(&sync->pages, error);
	pthread_setcancelstate(state, NULL);
	return error;
}

static bool name_part(const struct mapped_file *mapped, void *context)
{
	char *name = context;

	strncpy(name, mapped->path, NAME_MAX_SHOWN - 1);
	return true;
}

/*
 * Set an error message for a failed write-back. Not inlined: when this function runs, the buffer
 * for a line of /proc/self/maps is no longer on the stack.
 */
NOINLINE static int explain(
	const struct file_sync *sync, const struct file_sync_failure *failure, const char *name)
{
	void *addr = (void *)sync->pages.from;
	size_t length = sync->pages.to - sync->pages.from;

	if (!failure->uncertain)
		return err_sys("cannot write back %zu bytes at %p%s%s", length, addr,
			*name ? " to " : "", name);
	return err_sys("%zu bytes at %p%s%s may not be durable: writing back %" PRIu64
		       " bytes of the same file from offset %" PRIu64 " on failed earlier",
		length, addr, *name ? " of " : "", name, failure->write.length,
		failure->write.offset);
}

int file_sync_or_error(const struct file_sync *sync)
{
	struct file_sync_failure failure;
	char name[NAME_MAX_SHOWN] = "";
	int error = file_sync(sync, &failure), state;

	if (!error)
		return 0;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	acceptance_add_told(failure.file, sync->pages, failure.write.epoch);
	mapped_files_walk(sync->pages, name_part, name);
	errno = -error;
	error = explain(sync, &failure, name);
	pthread_setcancelstate(state, NULL);
	return error;
}

static int sync_descriptor(int fd, struct file_id file)
{
	struct shared *shared = shared_get();
	struct file_ids ids = {.stat = file};
	struct flight_begun begun;

	if (!shared)
		return -ENOMEM;
	flights_begin(&shared->flights, &begun, file, (struct range){0, 0});
	int error = fdatasync(fd) ? -errno : 0;
	if (error && error != -EINVAL && error != -EBADF)
		failed_files_record(&shared->failed, &ids, &(struct failed_write){.error = -error});
	flights_end(&shared->flights, &begun);
	return error;
}

int file_sync_descriptor(int fd, struct file_id file)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	int error = sync_descriptor(fd, file);
	pthread_setcancelstate(state, NULL);
	return error;
}

/*
 * Failures up to an epoch, and the function to call for each range of a file that such failures
 * concern.
 */
struct knowing {
	struct failed_files *table;
	uint64_t epoch;
	void (*add)(struct file_id file, struct range range, uint64_t epoch);
};

static bool know_part(const struct mapped_file *mapped, void *context)
{
	const struct knowing *knowing = context;
	struct file_ids ids = {.listed = mapped->file};
	struct failed_write write;

	/* The set that `add` adds to is small: leave out files that never failed. */
	if (file_id_is_known(mapped->file) && failed_files_find(knowing->table, &ids, 0, &write))
		knowing->add(mapped->file, mapped->at, knowing->epoch);
	return false;
}

static void know_listed(
	struct range range, void (*add)(struct file_id file, struct range range, uint64_t epoch))
{
	struct shared *shared = shared_if_made();
	struct knowing knowing = {shared ? &shared->failed : NULL, file_sync_epoch(), add};

	if (knowing.epoch)
		mapped_files_walk(range, know_part, &knowing);
}

void file_sync_accept(struct file_id file, struct range range)
{
	uint64_t epoch = file_sync_epoch();

	if (epoch && file_id_is_known(file))
		acceptance_add(file, range, epoch);
	else if (epoch)
		know_listed(range, acceptance_add);
}

void file_sync_new_map(struct range range)
{
	know_listed(range, acceptance_add_new_map);
}

void file_sync_forget(struct range range)
{
	if (file_sync_epoch())
		acceptance_forget(range);
}
