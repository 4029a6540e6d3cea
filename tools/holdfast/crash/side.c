/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * side.c - choose which copy of the data is tested after a crash: the files of this machine, or the
 * mirrors of these on other machines
 */
#include <stdlib.h>

#include "base/err.h"
#include "command.h"
#include "crash/mirror.h"
#include "holdfast/tool.h"

bool file_is_tested(const struct run *run, unsigned number)
{
	const struct trace_file *file = &run->trace.files[number - 1];

	return file->size && file->is_mirror == run->tests_mirrors;
}

unsigned files_tested(const struct run *run)
{
	unsigned count = 0;

	for (unsigned i = 1; i <= run->trace.file_count; i++)
		count += file_is_tested(run, i);
	return count;
}

int side_is_missing(const char *program)
{
	return complain(STATUS_NOTHING,
		"%s opens no pool on another machine in a way that can be recorded%s", program,
		HOLDFAST_REMOTE
			? ""
			: "; this version was built without librpmem, which opens such pools");
}

/* Reports that the run has mirrors (copies on other machines), which this model does not test. */
static int miss_mirrors(struct trace *trace)
{
	struct trace_missed *missed = &trace->missed[MISSED_REMOTE];

	for (unsigned i = 0; i < trace->file_count; i++) {
		if (!trace->files[i].is_mirror)
			continue;
		missed->times++;
		if (!missed->name && asprintf(&missed->name, "%.1024s, which --model=mirror tests",
					     trace->files[i].name) < 0) {
			missed->name = NULL;
			return complain(STATUS_NOTHING, "out of memory");
		}
	}
	return STATUS_CLEAN;
}

static int keep_mirrors(struct run *run)
{
	struct trace whole = run->trace;
	int error = mirror_only(&whole, &run->trace);

	trace_fini(&whole);
	return error ? complain(STATUS_NOTHING, "the trace: %s", err_get()) : STATUS_CLEAN;
}

int side_turn(struct work *work, struct run *run, struct options *chosen)
{
	chosen->check = chosen->mirror_check;
	chosen->is_dump = false;
	chosen->explore.model = MODEL_MIRROR;
	chosen->explore.is_torn = false;
	images_forget(work, run);
	run->tests_mirrors = true;
	int status = keep_mirrors(run);
	if (!status && (!work_make_part(work, "image") || !work_make_part(work, "copy")))
		status = complain(STATUS_NOTHING, "%s: no room for images", work->path);
	return status ? status : images_make(work, run);
}

int side_choose(struct run *run, const struct options *chosen)
{
	const char *program = chosen->program ? chosen->program[0] : chosen->replay;
	bool has_mirrors = mirror_is_there(&run->trace);

	if ((run->tests_mirrors || chosen->mirror_check) && !has_mirrors)
		return side_is_missing(program);
	if (!run->tests_mirrors && has_mirrors && !files_tested(run) && !chosen->mirror_check)
		return complain(STATUS_NOTHING,
			"%s stores only to pools on other machines: --model=mirror tests them",
			program);
	if (run->tests_mirrors)
		return keep_mirrors(run);
	return has_mirrors && !chosen->mirror_check ? miss_mirrors(&run->trace) : STATUS_CLEAN;
}
