/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/file_sync.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/err.h"
#include "map/acceptance.h"
#include "map/mapped_file.h"
#include "map/pages.h"
#include "map/shared.h"

#define NAME_MAX_SHOWN 256

uint64_t file_sync_epoch(void)
{
	return failed_files_epoch(&shared->failed);
}

static bool goes_on(const struct mapped_file *mapped, void *context)
{
	uintptr_t *mapped_to = context;

	if (mapped->at.from > *mapped_to)
		return true;
	*mapped_to = mapped->at.to;
	return false;
}

static bool is_all_mapped(struct range range)
{
	uintptr_t mapped_to = range.from;

	mapped_files_walk(range, goes_on, &mapped_to);
	return mapped_to >= range.to;
}

/* W2: memory that is not mapped, or cannot be written back at all, does not make its file fail. */
static bool belongs_to_file(int error, struct range pages)
{
	if (error == ENOMEM)
		return is_all_mapped(pages);
	return error != EINVAL;
}

/* One failed write-back, which may have gone to several files. */
struct recording {
	struct file_id file; /* known: the only one */
	int error;
	struct file_sync_failure *last;
};

static bool record_part(const struct mapped_file *mapped, void *context)
{
	struct recording *recording = context;
	struct file_sync_failure *last = recording->last;
	bool known = file_id_is_known(recording->file);

	if (!known && !file_id_is_known(mapped->file))
		return false;
	last->file = known ? recording->file : mapped->file;
	last->write.offset = mapped->offset;
	last->write.length = mapped->at.to - mapped->at.from;
	last->write.error = recording->error;
	last->write.epoch = failed_files_record(&shared->failed, last->file, &last->write);
	return false;
}

/* Memory that is not in the list of mappings may be of any file. */
static void record(const struct file_sync *sync, int error, struct file_sync_failure *failure)
{
	struct recording recording = {sync->file, error, failure};

	if (mapped_files_walk(sync->pages, record_part, &recording) || !failure->write.epoch)
		failure->write.epoch =
			failed_files_record(&shared->failed, sync->file, &failure->write);
}

/* W5: from before the kernel is asked until its answer is recorded. */
static int write_back(const struct file_sync *sync, struct file_sync_failure *failure)
{
	struct flight *flight = flights_begin(&shared->flights, sync->file, sync->pages);
	int error = pages_sync(sync->pages);

	*failure = (struct file_sync_failure){.file = sync->file, .write.error = -error};
	if (error && belongs_to_file(-error, sync->pages))
		record(sync, -error, failure);
	flights_end(flight);
	return error;
}

/* One part of what was written back without an error. */
struct judging {
	uint64_t since;
	bool failed;
	struct file_sync_failure *failure;
};

static bool judge_part(const struct mapped_file *mapped, void *context)
{
	struct judging *judging = context;
	struct failed_write write;

	if (!file_id_is_known(mapped->file))
		return false; /* memory without a file */
	if (!failed_files_find(&shared->failed, mapped->file, judging->since, &write))
		return false;
	if (acceptance_covers(mapped->file, mapped->at, write.epoch))
		return false;
	*judging->failure = (struct file_sync_failure){mapped->file, write, true};
	return judging->failed = true;
}

/* W4, after W5: whether another write-back of the file has failed. */
static int judge(const struct file_sync *sync, struct file_sync_failure *failure)
{
	struct judging judging = {sync->since, false, failure};

	if (file_sync_epoch() <= sync->since)
		return 0;
	if (file_id_is_known(sync->file)) {
		judge_part(&(struct mapped_file){sync->pages, sync->file, 0, ""}, &judging);
	} else if (mapped_files_walk(sync->pages, judge_part, &judging)) {
		/* W10: the files cannot be told apart. */
		judging.failed = failed_files_find(
			&shared->failed, sync->file, sync->since, &failure->write);
		failure->uncertain = true;
	}
	return judging.failed ? -failure->write.error : 0;
}

int file_sync(const struct file_sync *sync, struct file_sync_failure *failure)
{
	int state;

	if (sync->pages.from >= sync->pages.to)
		return 0;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	int error = write_back(sync, failure);
	if (!error) {
		flights_wait(&shared->flights, sync->file, sync->pages);
		error = judge(sync, failure);
	}
	pthread_setcancelstate(state, NULL);
	return error;
}

static bool name_part(const struct mapped_file *mapped, void *context)
{
	char *name = context;

	strncpy(name, mapped->path, NAME_MAX_SHOWN - 1);
	return true;
}

/* In a frame of its own: the line of the list of mappings is off the stack already. */
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

int file_sync_descriptor(int fd, struct file_id file)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	struct flight *flight = flights_begin(&shared->flights, file, (struct range){0, 0});
	int error = fdatasync(fd) ? -errno : 0;
	if (error && error != -EINVAL && error != -EBADF)
		failed_files_record(&shared->failed, file, &(struct failed_write){.error = -error});
	flights_end(flight);
	pthread_setcancelstate(state, NULL);
	return error;
}

static bool accept_part(const struct mapped_file *mapped, void *context)
{
	const uint64_t *epoch = context;
	struct failed_write write;

	/* There is room for some ranges: those of files that never failed need none. */
	if (file_id_is_known(mapped->file) &&
		failed_files_find(&shared->failed, mapped->file, 0, &write))
		acceptance_add(mapped->file, mapped->at, *epoch);
	return false;
}

void file_sync_accept(struct file_id file, struct range range)
{
	uint64_t epoch = file_sync_epoch();

	if (epoch && file_id_is_known(file))
		acceptance_add(file, range, epoch);
	else if (epoch)
		mapped_files_walk(range, accept_part, &epoch);
}
