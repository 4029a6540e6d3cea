/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/autoflush.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "device/sysfs.h"

/*
 * Size of a buffer for the name of a persistence domain: longer than any name that the kernel
 * uses.
 */
#define DOMAIN 32

/* Results of visit() that end the search: a region without durable caches was found; an error. */
enum { NOT_ALL = 1, FAILED = 2 };

struct answer {
	bool any;
	int error;
};

/*
 * Returns true if this is the name of a region: "region" followed by a number. The folder in sysfs
 * also lists namespaces and the bus itself, under other names.
 */
static bool names_region(const char *name)
{
	if (strncmp(name, "region", 6) || !name[6])
		return false;
	return !name[6 + strspn(name + 6, "0123456789")];
}

static int open_domain(int devices, const char *name)
{
	int region = openat(devices, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (region < 0)
		return -1;
	int fd = openat(region, "persistence_domain", O_RDONLY | O_CLOEXEC);
	close(region);
	return fd;
}

/*
 * Ask one region if the CPU's caches survive a power cut. If its attribute cannot be opened, they
 * do not survive; if the attribute cannot be read, the call fails.
 */
static int ask(int devices, const char *name, struct answer *answer)
{
	char domain[DOMAIN];
	int fd = open_domain(devices, name);

	if (fd < 0)
		return NOT_ALL;
	ssize_t length = read(fd, domain, sizeof(domain));
	if (length < 0)
		answer->error = err_sys("cannot read attribute persistence_domain of %s", name);
	else if (!length)
		answer->error = err_set(-EIO, "attribute persistence_domain of %s is empty", name);
	else if (domain[length - 1] != '\n')
		answer->error = err_set(-EBADMSG,
			"attribute persistence_domain of %s does not end with a newline", name);
	close(fd);
	if (answer->error)
		return FAILED;
	return length == 10 && !memcmp(domain, "cpu_cache\n", 10) ? 0 : NOT_ALL;
}

static int visit(int devices, const char *name, void *context)
{
	struct answer *answer = context;

	if (!names_region(name))
		return 0;
	answer->any = true;
	return ask(devices, name, answer);
}

int device_auto_flush(const char *sysfs)
{
	struct answer answer = {.any = false};
	int root = open(sysfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return 0;
	int verdict = sysfs_each(root, "bus/nd/devices", visit, &answer);
	close(root);
	if (verdict == FAILED)
		return answer.error;
	/* If sysfs has no such bus, the machine has no persistent memory. */
	if (verdict == -ENOENT || verdict == -ENOTDIR)
		return 0;
	if (verdict < 0) {
		errno = -verdict;
		return err_sys("cannot list %s/bus/nd/devices", sysfs);
	}
	return verdict == 0 && answer.any;
}
