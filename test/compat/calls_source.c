/* SPDX-License-Identifier: BSD-3-Clause */
/* calls_source.c - calls of libpmem2 that the actor (actor.c) makes: sources and messages */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actor.h"

void *sources[SLOTS];

void out_rc(int rc)
{
	out("rc=%s", api_error_name(rc));
	if (rc)
		out("%s", pmem2.errormsg()[0] ? "said" : "silent");
}

void out_object(const char *name, const void *object)
{
	out("%s=%s", name, !object ? "null" : object == (void *)MARK ? "kept" : "set");
}

void *object(void *slots[SLOTS], const struct call *call, const char *key)
{
	void *found = slots[slot(call, key)];

	if (!found)
		out("nothing-in-%s", key);
	return found;
}

void keep(void *slots[SLOTS], const struct call *call, const char *key, int rc, void *made)
{
	out_rc(rc);
	out_object(key, made);
	slots[slot(call, key)] = rc ? NULL : made;
}

static void source_fd(const struct call *call)
{
	void *made = (void *)MARK;
	int fd = word(call, "f") ? files[slot(call, "f")] : (int)arg(call, "fd");
	int rc = pmem2.source_from_fd(&made, fd);

	keep(sources, call, "s", rc, made);
}

static void source_anon(const struct call *call)
{
	void *made = (void *)MARK;
	int rc = pmem2.source_from_anon(&made, arg(call, "size"));

	keep(sources, call, "s", rc, made);
}

static void source_delete(const struct call *call)
{
	void **s = &sources[slot(call, "s")];

	out_rc(pmem2.source_delete(s));
	out_object("s", *s);
}

static void source_get_fd(const struct call *call)
{
	void *src = object(sources, call, "s");
	int fd = MARK;

	if (!src)
		return;
	out_rc(pmem2.source_get_fd(src, &fd));
	for (int f = 0; f < SLOTS; f++)
		if (files[f] == fd)
			out("f=%d", f);
	out_touched("fd", (uint64_t)fd, MARK);
}

static void source_size(const struct call *call)
{
	void *src = object(sources, call, "s");
	size_t size = MARK;

	if (!src)
		return;
	out_rc(pmem2.source_size(src, &size));
	out("size=%zu", size);
}

static void source_alignment(const struct call *call)
{
	void *src = object(sources, call, "s");
	size_t alignment = MARK;

	if (!src)
		return;
	out_rc(pmem2.source_alignment(src, &alignment));
	out("alignment=%zu", alignment);
}

static void device_id(const struct call *call)
{
	void *src = object(sources, call, "s");
	char id[64] = "", *where = arg(call, "buffer") ? id : NULL;
	size_t len = sizeof(id);

	if (!src)
		return;
	out_rc(pmem2.source_device_id(src, where, &len));
	out_touched("len", len, sizeof(id));
	out("id=\"%s\"", id);
}

static void device_usc(const struct call *call)
{
	void *src = object(sources, call, "s");
	uint64_t usc = MARK;

	if (!src)
		return;
	out("anon=%d", pmem2.source_get_fd(src, &(int){0}) != 0);
	out_rc(pmem2.source_device_usc(src, &usc));
	out_touched("usc", usc, MARK);
}

static void numa_node(const struct call *call)
{
	void *src = object(sources, call, "s");
	int node = MARK;

	if (!src)
		return;
	out_rc(pmem2.source_numa_node(src, &node));
	out_touched("node", (uint64_t)node, MARK);
}

/*
 * Cuts the file back to its old size `size`, since PMDK's library may have written behind the end
 * of the file.
 */
static void undo_growth(int fd, size_t size)
{
	struct stat now;

	if (!fstat(fd, &now) && S_ISREG(now.st_mode) && now.st_size > (off_t)size &&
		ftruncate(fd, (off_t)size))
		out("not-undone");
}

/*
 * mcsafe s= how=pread|pwrite size= off=: reads from or writes to a source; prints the size of the
 * source as have=, -1 if unknown
 */
static void mcsafe(const struct call *call)
{
	void *src = object(sources, call, "s");
	size_t size = arg(call, "size"), have = 0;
	int fd = -1;

	if (!src)
		return;
	unsigned char *buf = malloc(size + 1);
	fill(buf, size, 7);
	uint64_t before = hash(buf, size);
	bool known = !pmem2.source_size(src, &have) && !pmem2.source_get_fd(src, &fd);
	out("have=%zd append=%d", known ? (ssize_t)have : -1,
		fd >= 0 && fcntl(fd, F_GETFL) & O_APPEND ? 1 : 0);
	if (!strcmp(word(call, "how"), "pread"))
		out_rc(pmem2.source_pread_mcsafe(src, buf, size, arg(call, "off")));
	else
		out_rc(pmem2.source_pwrite_mcsafe(src, buf, size, arg(call, "off")));
	if (known)
		undo_growth(fd, have);
	out_touched("buf", hash(buf, size), before);
	if (hash(buf, size) != before)
		out("hash=%" PRIx64, hash(buf, size));
	free(buf);
}

/* Prints whether pmem2_perror() prints the given text, a colon and the last error message. */
static void do_perror(const struct call *call)
{
	char said[1024] = "", want[1024];
	int err = dup(STDERR_FILENO), file = open(".", O_TMPFILE | O_RDWR, 0600);

	dup2(file, STDERR_FILENO);
	pmem2.perror("%s %d", "number", 7);
	dup2(err, STDERR_FILENO);
	close(err);
	ssize_t length = pread(file, said, sizeof(said) - 1, 0);
	close(file);
	snprintf(want, sizeof(want), "number 7: %s\n", pmem2.errormsg());
	out("%s", length > 0 && !strcmp(said, want) ? "as-asked" : "something-else");
}

const struct command source_commands[] = {
	{"source_fd", source_fd},
	{"source_anon", source_anon},
	{"source_delete", source_delete},
	{"source_get_fd", source_get_fd},
	{"source_size", source_size},
	{"source_alignment", source_alignment},
	{"device_id", device_id},
	{"device_usc", device_usc},
	{"numa_node", numa_node},
	{"mcsafe", mcsafe},
	{"perror", do_perror},
	{NULL, NULL},
};
