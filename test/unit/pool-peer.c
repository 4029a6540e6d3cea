/* SPDX-License-Identifier: BSD-3-Clause */
/* pool-peer.c - PMDK's pmempool reads headers of Holdfast, and Holdfast opens pools of pmempool */
#include <sys/wait.h>

#include "unit/pooldir.h"

#define MIB ((size_t)1 << 20)

/* Pool attributes like those that programs with libpmemobj send. */
static struct rpmem_pool_attr object_attr(uint32_t incompat)
{
	struct rpmem_pool_attr attr = pooldir_attr(incompat);

	memcpy(attr.signature, "PMEMOBJ", 8);
	attr.major = 6;
	attr.compat_features = POOL_COMPAT_BAD_BLOCKS;
	memset(attr.user_flags, 0, sizeof(attr.user_flags));
	return attr;
}

/* Runs pmempool, and returns its output, which is valid until the next call. */
static const char *run(int *status, const char *words, const char *path)
{
	static char said[16384];
	char command[600];

	snprintf(command, sizeof(command), "pmempool %s %s 2>&1", words, path);
	FILE *pipe = popen(command, "r");
	if (!pipe)
		bail("popen: %m");
	said[fread(said, 1, sizeof(said) - 1, pipe)] = '\0';
	*status = pclose(pipe);
	return said;
}

/* True if the text has a line "NAME   : VALUE"; prints the text if not. */
static bool says(const char *text, const char *name, const char *value)
{
	const char *line = strstr(text, name);
	const char *end = line ? strchr(line + 1, '\n') : NULL;
	const char *found = line ? strstr(line, value) : NULL;

	if (found && end && found < end)
		return true;
	diag("no %s %s in: %s", name, value, text);
	return false;
}

static void info_of_parts(uint32_t features)
{
	struct pool_set *set = pooldir_set("ours.set", "8M @/ours0\n4M @/ours1\n2M @/ours2\n");
	struct rpmem_pool_attr attr = object_attr(features);
	struct pool *pool;
	int status;

	if (pool_create(set, 8 * MIB, &attr, &pool))
		bail("pool_create: %s", err_get());
	pool_close(pool);
	const char *said = run(&status, "info -f obj", pooldir_path("ours0"));
	ok(says(said, "Signature", "PMEMOBJ"), "pmempool info: shows the signature (features %#x)",
		features);
	ok(says(said, "Pool set UUID", "13121110-1514-1716-1819-1a1b1c1d1e1f"),
		"pmempool info: shows the UUID of the pool set");
	ok(says(said, "\nUUID", "23222120-2524-2726-2829-2a2b2c2d2e2f"),
		"pmempool info: shows the UUID of the first part");
	ok(says(said, "Next replica UUID", "33323130-3534-3736-3839-3a3b3c3d3e3f"),
		"pmempool info: shows the UUID of the next replica");
	ok(says(said, "Previous replica UUID", "43424140-4544-4746-4849-4a4b4c4d4e4f"),
		"pmempool info: shows the UUID of the previous replica");
	ok(says(said, "Checksum", "[OK]"), "pmempool info: accepts the checksum of the first part");
	ok(says(said, "Alignment Descriptor", "[OK]"),
		"pmempool info: accepts the header's description of this machine's architecture");
	said = run(&status, "info -f obj", pooldir_path("ours1"));
	ok(says(said, "Checksum", "[OK]"),
		"pmempool info: accepts the checksum of the second part");
	ok(says(said, "Previous part UUID", "23222120-2524-2726-2829-2a2b2c2d2e2f"),
		"pmempool info: shows the first part as the predecessor of the second part");
	pool_remove(pooldir_root, "ours.set", POOL_REMOVE_SET_FILE);
	pool_set_free(set);
}

static void clean_shutdown(void)
{
	struct pool_set *set = pooldir_set("ours.set", "8M @/ours0\n");
	struct rpmem_pool_attr attr =
		object_attr(POOL_INCOMPAT_CHECKSUM_2K | POOL_INCOMPAT_SHUTDOWN);
	struct pool *pool;
	int status;

	/* Create the pool in a process that ends without closing the pool. */
	pid_t child = fork();
	if (!child)
		_exit(pool_create(set, 8 * MIB, &attr, &pool) ? 1 : 0);
	if (waitpid(child, &status, 0) != child || status)
		bail("no pool was made: %d", status);
	const char *said = run(&status, "info -f obj", pooldir_path("ours0"));
	ok(says(said, "Last shutdown", "dirty"), "pmempool info: shows that a pool was not closed");
	is_int(pool_open(set, 8 * MIB, &pool), 0,
		"pool_open: a pool that was not closed opens on a machine without NVDIMMs");
	pool_close(pool);
	said = run(&status, "info -f obj", pooldir_path("ours0"));
	ok(says(said, "Last shutdown", "clean"), "pmempool info: shows that the pool is closed");
	pool_remove(pooldir_root, "ours.set", POOL_REMOVE_SET_FILE);
	pool_set_free(set);
}

static void theirs(const char *lines, uint32_t incompat, size_t size)
{
	struct pool_set *set = pooldir_set("theirs.set", lines);
	struct rpmem_pool_attr attr;
	struct pool *pool;
	char set_uuid[40];
	int status;

	const char *said = run(&status, "create obj", pooldir_path("theirs.set"));
	if (status)
		bail("pmempool create: %s", said);
	said = run(&status, "info", pooldir_path("theirs.set"));
	if (!is_int(pool_open(set, size, &pool), 0, "pool_open: a pool made by pmempool opens")) {
		diag("%s", err_get());
		return;
	}
	ok(pool_attributes(pool, &attr) && !memcmp(attr.signature, "PMEMOBJ", 8),
		"pool_open: the signature of a pool made by pmempool is PMEMOBJ");
	is_int(attr.incompat_features, incompat,
		"pool_open: the features of a pool made by pmempool are read");
	snprintf(set_uuid, sizeof(set_uuid), "%02x%02x%02x%02x-%02x%02x-", attr.poolset_uuid[3],
		attr.poolset_uuid[2], attr.poolset_uuid[1], attr.poolset_uuid[0],
		attr.poolset_uuid[5], attr.poolset_uuid[4]);
	ok(says(said, "Pool set UUID", set_uuid),
		"pool_open: the set's UUID in a pool made by pmempool is read");
	attr.compat_features = 0;
	is_int(pool_set_attributes(pool, &attr), 0,
		"pool_set_attributes: the attributes of a pool made by pmempool are changed");
	is_int(pool_close(pool), 0, "pool_close: a pool made by pmempool closes");
	said = run(&status, "info", pooldir_path("theirs.set"));
	ok(says(said, "Not mandatory features", "0x0"),
		"pmempool info: shows the changed attributes");
	said = run(&status, "check -v", pooldir_path("theirs.set"));
	ok(!status && says(said, "consistent", "consistent"),
		"pmempool check: reports a changed pool as consistent");
	pool_remove(pooldir_root, "theirs.set", POOL_REMOVE_SET_FILE);
	pool_set_free(set);
}

int main(void)
{
	if (system("command -v pmempool >/dev/null"))
		skip_all("pmempool is not installed");
	pooldir_open(NULL);
	info_of_parts(POOL_INCOMPAT_CHECKSUM_2K);
	info_of_parts(0);
	clean_shutdown();
	theirs("10M @/t0\n8M @/t1\n4M @/t2\n", 6, 22 * MIB - 2 * 4096);
	theirs("OPTION SINGLEHDR\n10M @/t0\n8M @/t1\n", 7, 18 * MIB);
	theirs("8M @/t0\n", 6, 8 * MIB);
	mkdir(pooldir_path("td"), 0755);
	theirs("OPTION SINGLEHDR\n20M @/td\n", 7, 8 * MIB);
	pooldir_close();
	return tap_done();
}
