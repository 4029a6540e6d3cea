/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/dimm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "device/sysfs.h"
#include "libpmem2/base.h"

/*
 * The firmware interfaces that provide attributes of a module. In sysfs each has a folder of this
 * name.
 */
static const char *const interfaces[] = {"nfit", "papr", "cxl"};

/*
 * Call `read` for the first firmware interface that has this attribute, with the attribute's path.
 */
static int ask_interfaces(int dimm, const char *attribute,
	int (*read)(int dir, const char *attribute, void *value), void *value)
{
	/*
	 * The path is built without snprintf(3), which uses kilobytes of stack: callers may have
	 * little left.
	 */
	char path[64];
	int error = -ENOENT;

	for (size_t i = 0; error == -ENOENT && i < sizeof(interfaces) / sizeof(interfaces[0]);
		i++) {
		strcpy(stpcpy(stpcpy(path, interfaces[i]), "/"), attribute);
		error = read(dimm, path, value);
	}
	return error;
}

_Static_assert(
	DIMM_ID == SYSFS_VALUE, "the buffer for an id must be as large as sysfs_read() expects");

static int read_id(int dir, const char *attribute, void *id)
{
	return sysfs_read(dir, attribute, id);
}

int dimm_id(int dimm, char id[DIMM_ID])
{
	return ask_interfaces(dimm, "id", read_id, id);
}

static int read_count(int dir, const char *attribute, void *count)
{
	return sysfs_read_number(dir, attribute, count);
}

int dimm_unsafe_shutdowns(int dimm, uint64_t *count)
{
	return ask_interfaces(dimm, "dirty_shutdown", read_count, count);
}

/* The names of the modules of one region. */
struct dimms {
	char (*names)[SYSFS_NAME];
	unsigned count, room;
};

static int add_name(struct dimms *dimms, const char *name)
{
	if (dimms->count == dimms->room) {
		unsigned room = dimms->room ? 2 * dimms->room : 8;
		char(*names)[SYSFS_NAME] = reallocarray(dimms->names, room, sizeof(*names));
		if (!names)
			return err_set(
				-ENOMEM, "out of memory for the names of %u memory modules", room);
		dimms->names = names;
		dimms->room = room;
	}
	strcpy(dimms->names[dimms->count++], name);
	return 0;
}

static bool has_name(const struct dimms *dimms, const char *name)
{
	for (unsigned i = 0; i < dimms->count; i++)
		if (!strcmp(dimms->names[i], name))
			return true;
	return false;
}

/*
 * Write "mapping<i>" to `name`. The kernel has at most 32 mappings (ND_MAX_MAPPINGS), so two
 * digits are enough.
 */
static const char *mapping_name(unsigned i, char name[16])
{
	char *digit = stpcpy(name, "mapping");

	if (i >= 10)
		*digit++ = (char)('0' + i / 10);
	*digit++ = (char)('0' + i % 10);
	*digit = '\0';
	return name;
}

/*
 * Read the names of a region's modules. Each mapping attribute reads
 * "nmem0,START,SIZE[,POSITION]".
 */
static int read_mappings(int region, struct dimms *dimms)
{
	char name[16], value[SYSFS_VALUE];

	for (unsigned i = 0; i < 100; i++) {
		const char *attribute = mapping_name(i, name);
		int error = sysfs_read(region, attribute, value);
		if (error == -ENOENT)
			return 0;
		if (error) {
			errno = -error;
			return err_sys("cannot read attribute %s of a region", attribute);
		}
		char *comma = strchr(value, ',');
		if (!comma || comma == value || strchr(value, '/') || *value == '.')
			return err_set(-EBADMSG,
				"attribute %s of a region is \"%s\", which does not name a memory module",
				attribute, value);
		*comma = '\0';
		error = has_name(dimms, value) ? 0 : add_name(dimms, value);
		if (error)
			return error;
	}
	return 0;
}

struct selection {
	const struct dimms *wanted;
	struct dimms found;
};

static int find_on_bus(int dir, const char *name, void *context)
{
	struct selection *selection = context;

	(void)dir;
	return has_name(selection->wanted, name) ? add_name(&selection->found, name) : 0;
}

static int visit_all(int region, const struct dimms *dimms, dimm_visit *visit, void *context)
{
	char path[SYSFS_NAME + 4];
	int result = 0;

	for (unsigned i = dimms->count; !result && i > 0; i--) {
		const char *name = dimms->names[i - 1];
		strcpy(stpcpy(path, "../"), name);
		int dimm = openat(region, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dimm < 0)
			return err_sys("cannot open module %s", name);
		result = visit(dimm, name, context);
		close(dimm);
	}
	return result;
}

int dimm_each(int region, dimm_visit *visit, void *context)
{
	struct dimms wanted = {.count = 0};
	struct selection selection = {.wanted = &wanted};
	int result = read_mappings(region, &wanted);

	if (!result && wanted.count) {
		result = sysfs_each(region, "..", find_on_bus, &selection);
		if (!result && selection.found.count < wanted.count)
			result = err_set(-EBADMSG,
				"a region names %u memory modules, of which only %u are on its bus",
				wanted.count, selection.found.count);
		if (!result)
			result = visit_all(region, &selection.found, visit, context);
	}
	free(wanted.names);
	free(selection.found.names);
	return result;
}

/* A function that is called for all memory modules under a device. */
struct question {
	dimm_visit *ask;
	void *context;
	unsigned answers;
};

static int ask_dimm(int dimm, const char *name, void *context)
{
	struct question *question = context;

	question->answers++;
	return question->ask(dimm, name, question->context);
}

/*
 * Call the question's function for all memory modules of one region. Fails if the kernel does not
 * say which modules these are, because the answer would be incomplete.
 */
static int ask_region(int region, void *context)
{
	struct question *question = context;
	char name[SYSFS_NAME];

	question->answers = 0;
	int error = dimm_each(region, ask_dimm, question);
	if (error || question->answers)
		return error;
	if (sysfs_name(region, name))
		strcpy(name, "a region");
	return err_set(PMEM2_E_NOSUPP, "the kernel knows no memory modules of %s", name);
}

static int ask_all(const struct device *device, const char *sysfs, dimm_visit *ask, void *context)
{
	struct question question = {.ask = ask, .context = context};
	enum walk_cover cover;
	char name[DEVICE_NAME];
	int error = device_regions(device, sysfs, ask_region, &question, &cover);

	if (!error && cover != WALK_ALL)
		return err_set(PMEM2_E_NOSUPP,
			"not all of %s lies on persistent memory that the kernel knows",
			device_name(device, name));
	return error;
}

static int no_answer(const char *name, const char *what, int error)
{
	if (error == -ENOENT)
		return err_set(PMEM2_E_NOSUPP, "module %s has no %s", name, what);
	if (error == -EBADMSG)
		return err_set(-EBADMSG, "the %s of module %s is not a number", what, name);
	errno = -error;
	return err_sys("cannot read the %s of module %s", what, name);
}

/* The ids of modules that have been read so far, in a string that grows. */
struct ids {
	char *text;
	size_t length;
};

static int add_id(int dimm, const char *name, void *context)
{
	struct ids *ids = context;
	char id[DIMM_ID];
	int error = dimm_id(dimm, id);

	if (!error && !*id)
		error = -ENOENT;
	if (error)
		return no_answer(name, "id", error);
	size_t length = strlen(id);
	char *text = realloc(ids->text, ids->length + length + 1);
	if (!text)
		return err_set(
			-ENOMEM, "out of memory for module ids of %zu bytes", ids->length + length);
	memcpy(text + ids->length, id, length + 1);
	ids->text = text;
	ids->length += length;
	return 0;
}

int device_dimm_ids(const struct device *device, const char *sysfs, char *ids, size_t *size)
{
	struct ids all = {.text = NULL};
	int error = ask_all(device, sysfs, add_id, &all);

	if (!error && ids && *size <= all.length)
		error = err_set(PMEM2_E_BUFFER_TOO_SMALL,
			"the module ids need a buffer of %zu bytes, not %zu", all.length + 1,
			*size);
	if (!error && ids)
		memcpy(ids, all.text, all.length + 1);
	else if (!error)
		*size = all.length + 1;
	free(all.text);
	return error;
}

static int add_count(int dimm, const char *name, void *context)
{
	uint64_t *sum = context, count;
	int error = dimm_unsafe_shutdowns(dimm, &count);

	if (error)
		return no_answer(name, "count of unsafe shutdowns", error);
	*sum += count;
	return 0;
}

int device_unsafe_shutdowns(const struct device *device, const char *sysfs, uint64_t *count)
{
	uint64_t sum = 0;
	int error = ask_all(device, sysfs, add_count, &sum);

	if (!error)
		*count = sum;
	return error;
}
