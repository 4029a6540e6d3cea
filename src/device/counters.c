/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/sysfs.h"

#define DIRECTORY (O_PATH | O_DIRECTORY | O_CLOEXEC)

struct walk {
	counters_visit *visit;
	void *context;
	const char *above; /* name of the file system or array that the device belongs to */
};

/*
 * A counter that the library knows: an attribute that is one number, or one line of an attribute.
 */
struct known {
	const char *name;
	enum counters_counting counting;
	const char *meaning;
};

static int tell(const struct walk *walk, const char *kind, const char *name,
	const struct known *known, int error, uint64_t value)
{
	const struct counters_one one = {
		.kind = kind,
		.name = name,
		.counter = known->name,
		.meaning = known->meaning,
		.counting = known->counting,
		.error = error,
		.value = error ? 0 : value,
	};

	return walk->visit(&one, walk->context);
}

static int tell_number(const struct walk *walk, int dir, const char *kind, const char *name,
	const struct known *known)
{
	uint64_t value = 0;
	int error = sysfs_read_number(dir, known->name, &value);

	return error == -ENOENT ? 0 : tell(walk, kind, name, known, error, value);
}

/* ---- ext4: sysfs has a folder for each mounted device, and a folder named "features" */

static int visit_ext4(int dir, const char *name, void *context)
{
	static const struct known counters[] = {
		{"errors_count", COUNTERS_LASTING,
			"errors of the file system that the kernel has found since e2fsck ran"},
		/*
		 * ext4 counts a page that could not be written back as a warning, not as an error.
		 */
		{"warning_count", COUNTERS_SINCE_MOUNT,
			"warnings of the file system, among them pages that could not be written back"},
	};
	int fs = openat(dir, name, DIRECTORY), result = 0;

	if (fs < 0)
		return 0;
	for (size_t i = 0; !result && i < sizeof(counters) / sizeof(counters[0]); i++)
		result = tell_number(context, fs, "ext4", name, &counters[i]);
	close(fs);
	return result;
}

/* ---- btrfs: sysfs has a folder for each file system, in which each of its devices has a folder */

static const struct known btrfs_errors[] = {
	{"write_errs", COUNTERS_LASTING, "writes to this device that have failed"},
	{"read_errs", COUNTERS_LASTING, "reads from this device that have failed"},
	{"flush_errs", COUNTERS_LASTING, "cache flushes of this device that have failed"},
	{"corruption_errs", COUNTERS_LASTING, "blocks of this device with a wrong checksum"},
	{"generation_errs", COUNTERS_LASTING,
		"blocks of this device that are outdated: a write did not reach them"},
};

/* Find the line `name` of `text`, such as "write_errs 0", and parse its value. */
static int value_of_line(const char *text, const char *name, uint64_t *value)
{
	size_t length = strlen(name);
	char *end;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, length) || line[length] != ' ')
			continue;
		if (line[length + 1] < '0' || line[length + 1] > '9')
			return -EBADMSG;
		errno = 0;
		*value = strtoull(line + length + 1, &end, 10);
		return errno || (*end && *end != '\n') ? -EBADMSG : 0;
	}
	return -EBADMSG; /* the value is "invalid": the kernel has not read it yet */
}

static int tell_error_stats(const struct walk *walk, int device, const char *name)
{
	char *text = NULL;
	int error = sysfs_read_text(device, "error_stats", &text), result = 0;

	/* Kernels before 5.14 lack the attribute error_stats. */
	if (error == -ENOENT)
		return 0;
	for (size_t i = 0; !result && i < sizeof(btrfs_errors) / sizeof(btrfs_errors[0]); i++) {
		uint64_t value = 0;
		int wrong = error ? error : value_of_line(text, btrfs_errors[i].name, &value);
		result = tell(walk, "btrfs", name, &btrfs_errors[i], wrong, value);
	}
	free(text);
	return result;
}

static int visit_btrfs_device(int dir, const char *number, void *context)
{
	static const struct known missing = {
		"missing", COUNTERS_STATE, "this device of the file system is missing"};
	const struct walk *walk = context;
	char name[2 * SYSFS_NAME + 2];
	int device = openat(dir, number, DIRECTORY);

	if (device < 0)
		return 0;
	int result = 0;
	if (strlen(walk->above) + strlen(number) + 2 <= sizeof(name)) {
		strcpy(stpcpy(stpcpy(name, walk->above), "/"), number);
		result = tell_error_stats(walk, device, name);
		if (!result)
			result = tell_number(walk, device, "btrfs", name, &missing);
	}
	close(device);
	return result;
}

/* Visit the entries of a folder. Returns 0 if the folder does not exist. */
static int within(
	const struct walk *walk, int dir, const char *name, const char *below, sysfs_visit *visit)
{
	struct walk inner = {walk->visit, walk->context, name};
	int result = sysfs_each(dir, below, visit, &inner);

	return result < 0 ? 0 : result;
}

static int visit_btrfs(int dir, const char *name, void *context)
{
	int fs = openat(dir, name, DIRECTORY);

	if (fs < 0)
		return 0;
	int result = within(context, fs, name, "devinfo", visit_btrfs_device);
	close(fs);
	return result;
}

/* ---- md: in sysfs, an array's folder has a folder md, with a link for each member disk */

/* Returns true if a comma-separated list such as "in_sync,write_error" contains the word. */
static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, word, length) && (!at[length] || at[length] == ','))
			return true;
	}
	return false;
}

static int visit_member(int dir, const char *entry, void *context)
{
	static const struct known failed = {
		"failed", COUNTERS_STATE, "this member of the array has failed"};
	const struct walk *walk = context;
	char name[2 * SYSFS_NAME + 2], path[SYSFS_NAME + 8], state[SYSFS_VALUE] = "";

	if (strncmp(entry, "dev-", 4) || strlen(entry) > SYSFS_NAME ||
		strlen(walk->above) > SYSFS_NAME)
		return 0;
	strcpy(stpcpy(path, entry), "/state");
	strcpy(stpcpy(stpcpy(name, walk->above), "/"), entry + 4);
	int error = sysfs_read(dir, path, state);
	if (error == -ENOENT)
		return 0; /* the member was removed in the meantime */
	bool is_failed = has_word(state, "faulty") || has_word(state, "write_error");
	return tell(walk, "md", name, &failed, error, is_failed);
}

static int visit_disk(int dir, const char *name, void *context)
{
	static const struct known degraded = {
		"degraded", COUNTERS_STATE, "number of missing members of the array"};
	char path[SYSFS_NAME + 4];

	if (strlen(name) >= SYSFS_NAME)
		return 0;
	strcpy(stpcpy(path, name), "/md");
	int md = openat(dir, path, DIRECTORY);
	if (md < 0)
		return 0;
	int result = tell_number(context, md, "md", name, &degraded);
	if (!result)
		result = within(context, md, name, ".", visit_member);
	close(md);
	return result;
}

int counters_of_sysfs(const char *sysfs, counters_visit *visit, void *context)
{
	const struct walk walk = {visit, context, NULL};
	int root = open(sysfs, DIRECTORY);

	if (root < 0)
		return 0;
	int result = within(&walk, root, NULL, "fs/ext4", visit_ext4);
	if (!result)
		result = within(&walk, root, NULL, "fs/btrfs", visit_btrfs);
	if (!result)
		result = within(&walk, root, NULL, "class/block", visit_disk);
	close(root);
	return result;
}
