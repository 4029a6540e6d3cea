/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * deep.c - tests that a deep flush reaches the memory modules: deep RESULT FILE
 *
 * FILE is a file or device on the two modules of the machine `hints'. lab/deepflush watches their
 * flush hint addresses from outside the guest. RESULT is the expected result of a deep flush: 0,
 * or the name of an error.
 */
#include "guest.h"

#define LENGTH ((size_t)4 << 20)
#define BOTH   "first second"

/*
 * Asks lab/deepflush, which runs outside the guest, what modules were told to flush since the last
 * call.
 */
static const char *flushed(void)
{
	static char answer[64];
	const char *out = getenv("OUT");
	char asking[256], ask[256], answered[256];

	snprintf(asking, sizeof(asking), "%s/asking", out);
	snprintf(ask, sizeof(ask), "%s/ask", out);
	snprintf(answered, sizeof(answered), "%s/answer", out);
	/*
	 * lab/deepflush removes the file at once, maybe before the guest has finished creating it.
	 */
	int fd = open(asking, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || rename(asking, ask))
		bail("cannot make the file that asks lab/deepflush: %m");
	close(fd);
	for (int tries = 0; (fd = open(answered, O_RDONLY | O_CLOEXEC)) < 0; tries++) {
		if (tries == 3000)
			bail("lab/deepflush does not answer outside of the guest");
		usleep(10000);
	}
	ssize_t length = read(fd, answer, sizeof(answer) - 1);
	close(fd);
	unlink(answered);
	answer[length > 0 ? length : 0] = '\0';
	return answer;
}

/* Makes the file system write its own changes after stores to a file now, not during the test. */
static void settle(int fd)
{
	if (syncfs(fd))
		bail("syncfs: %m");
	flushed();
}

static int error_named(const char *name)
{
	static const struct {
		const char *name;
		int error;
	} known[] = {{"0", 0}, {"EACCES", EACCES}, {"EROFS", EROFS}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(name, known[i].name))
			return known[i].error;
	bail("%s is not an error that is expected here", name);
}

static void seen(int error, const char *what)
{
	is_str(flushed(), error ? "" : BOTH, "%s: the host of the virtual machine sees that %s",
		what, error ? "no NVDIMM is told to flush" : "both NVDIMMs are told to flush");
}

static void with_libpmem2(int fd, int error)
{
	struct pmem2_source *src = source_of(fd);
	struct pmem2_config *cfg = config_of(PMEM2_GRANULARITY_CACHE_LINE);
	struct pmem2_map *map;

	pmem2_config_set_length(cfg, LENGTH);
	if (pmem2_map_new(&map, cfg, src))
		bail("%s", pmem2_errormsg());
	char *at = pmem2_map_get_address(map);
	memset(at, 1, LENGTH);
	settle(fd);
	pmem2_get_persist_fn(map)(at, LENGTH);
	is_str(flushed(), "", "pmem2_persist_fn: it does not tell any NVDIMM to flush");
	is_int(pmem2_deep_flush(map, at, LENGTH), -error,
		"pmem2_deep_flush: it returns the result of the write to the region's deep_flush attribute in sysfs");
	if (error) {
		ok(strstr(pmem2_errormsg(), "deep_flush") != NULL,
			"pmem2_deep_flush: the message names the attribute deep_flush");
		diag("%s", pmem2_errormsg());
	}
	seen(error, "pmem2_deep_flush");
	is_int(pmem2_deep_flush(map, at + 100, 1), -error,
		"pmem2_deep_flush of a byte: it returns the result of the write to the region's deep_flush attribute");
	seen(error, "pmem2_deep_flush of a byte");
	pmem2_map_delete(&map);
	pmem2_config_delete(&cfg);
	pmem2_source_delete(&src);
}

static void result(int ret, int error, const char *what)
{
	is_int(ret, error ? -1 : 0, "%s", what);
	if (error) {
		is_int(errno, error,
			"%s: errno is the error of the write to the region's deep_flush attribute",
			what);
		ok(strstr(pmem_errormsg(), "deep_flush") != NULL,
			"%s: the message names the attribute deep_flush", what);
	}
	seen(error, what);
}

static void with_libpmem(const char *path, int fd, int error)
{
	size_t length;
	int is_pmem = 0;
	char *at = pmem_map_file(path, 0, 0, 0, &length, &is_pmem);

	if (!ok(at && is_pmem, "pmem_map_file: the file is persistent memory"))
		bail("%s", pmem_errormsg());
	memset(at, 2, LENGTH);
	settle(fd);
	pmem_persist(at, LENGTH);
	pmem_deep_flush(at, LENGTH);
	is_str(flushed(), "",
		"pmem_persist and pmem_deep_flush: they do not tell any NVDIMM to flush");
	result(pmem_deep_drain(at, LENGTH), error,
		"pmem_deep_drain: it succeeds if and only if the write to the region's deep_flush attribute succeeds");
	result(pmem_deep_persist(at, LENGTH), error,
		"pmem_deep_persist: it succeeds if and only if the write to the region's deep_flush attribute succeeds");
	pmem_unmap(at, length);
}

int main(int argc, char **argv)
{
	if (argc != 3 || !getenv("OUT"))
		bail("usage: OUT=DIR deep RESULT FILE");
	int error = error_named(argv[1]), fd = open(argv[2], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		bail("cannot open %s: %m", argv[2]);
	with_libpmem2(fd, error);
	with_libpmem(argv[2], fd, error);
	close(fd);
	return tap_done();
}
