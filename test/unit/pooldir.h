/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pooldir.h - a temporary directory for pool sets and their parts
 *
 *	pooldir_open(NULL);			or below a directory that the caller names
 *	pooldir_set("x.set", "10M @/part0\n");	@ becomes the directory; PMEMPOOLSET is added
 *	...pooldir_root...
 *	pooldir_close();
 */
#ifndef TEST_UNIT_POOLDIR_H
#define TEST_UNIT_POOLDIR_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "map/map.h"
#include "pool/pool.h"
#include "tap.h"

#ifdef __SANITIZE_THREAD__
/* After a fork, the thread sanitizer reports a reinitialised mutex as locked: ignore that. */
const char *__tsan_default_options(void);
__attribute__((visibility("default"))) const char *__tsan_default_options(void)
{
	return "detect_deadlocks=0";
}
#endif

static char pooldir_root[200];

/*
 * True if the library follows symbolic links, for which the kernel (or its emulator) must have
 * openat2(2).
 */
TAP_UNUSED static bool pooldir_follows_links(void)
{
	return syscall(SYS_openat2, -1, "", &(struct open_how){0}, sizeof(struct open_how)) >= 0 ||
	       errno != ENOSYS;
}

TAP_UNUSED static void pooldir_open(const char *where)
{
	static bool started;
	const char *temporary = where ? where : getenv("TMPDIR");

	if (!started) {
		cpu_init();
		if (map_init())
			bail("map_init: %s", err_get());
	}
	started = true;
	snprintf(pooldir_root, sizeof(pooldir_root), "%s/holdfast-pool-XXXXXX",
		temporary ? temporary : "/var/tmp");
	if (!mkdtemp(pooldir_root))
		bail("cannot make %s: %m", pooldir_root);
}

TAP_UNUSED static int pooldir_remove(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

TAP_UNUSED static void pooldir_close(void)
{
	nftw(pooldir_root, pooldir_remove, 8, FTW_DEPTH | FTW_PHYS);
}

TAP_UNUSED static const char *pooldir_path(const char *name)
{
	static char path[4][400];
	static unsigned turn;
	char *next = path[turn++ % 4];

	snprintf(next, sizeof(path[0]), "%s/%s", pooldir_root, name);
	return next;
}

/* Writes a file with this text. Replaces each @ in the text by the path of the directory. */
TAP_UNUSED static void pooldir_write(const char *name, const char *text)
{
	FILE *file = fopen(pooldir_path(name), "w");

	if (!file)
		bail("cannot write %s: %m", name);
	for (; *text; text++)
		if (*text == '@')
			fputs(pooldir_root, file);
		else
			fputc(*text, file);
	if (fclose(file))
		bail("cannot write %s: %m", name);
}

/* Writes a pool set file with the given lines, and parses it. */
TAP_UNUSED static struct pool_set *pooldir_set(const char *name, const char *lines)
{
	char text[4096];
	struct pool_set *set;

	snprintf(text, sizeof(text), "PMEMPOOLSET\n%s", lines);
	pooldir_write(name, text);
	if (pool_set_load(pooldir_root, name, &set))
		bail("%s: %s", name, err_get());
	return set;
}

TAP_UNUSED static bool pooldir_has(const char *name)
{
	struct stat st;

	return !lstat(pooldir_path(name), &st);
}

static int pooldir_counted;

TAP_UNUSED static int pooldir_count_one(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *dot = strrchr(path, '.');

	(void)st, (void)ftw;
	pooldir_counted += type == FTW_F && !(dot && !strcmp(dot, ".set"));
	return 0;
}

/* Counts the files below the directory that are not set files. */
TAP_UNUSED static int pooldir_count(void)
{
	pooldir_counted = 0;
	nftw(pooldir_root, pooldir_count_one, 8, FTW_PHYS);
	return pooldir_counted;
}

/* Made-up pool attributes. The set must support the given incompatible features. */
TAP_UNUSED static struct rpmem_pool_attr pooldir_attr(uint32_t incompat)
{
	struct rpmem_pool_attr attr = {.signature = "MADE-UP",
		.major = 7,
		.incompat_features = incompat,
		.compat_features = 0};

	for (size_t i = 0; i < UUID_SIZE; i++) {
		attr.poolset_uuid[i] = (uint8_t)(0x10 + i);
		attr.uuid[i] = (uint8_t)(0x20 + i);
		attr.next_uuid[i] = (uint8_t)(0x30 + i);
		attr.prev_uuid[i] = (uint8_t)(0x40 + i);
		attr.user_flags[i] = (uint8_t)(0x50 + i);
	}
	return attr;
}

#endif
