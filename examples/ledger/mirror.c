/* SPDX-License-Identifier: BSD-3-Clause */
/* mirror.c - all calls of librpmem, and the handling of their errors */
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <librpmem.h>
#include <librpmem/holdfast.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mirror.h"

/* One lane is enough: a ledger has one writer, whose commits come one after the other. */
#define LANE 0u

/* Number of tries to open a mirror that another process has open, and the time between them. */
#define TRIES  100
#define NAP_NS 100000000l

struct mirror {
	const char *name;
	char *target;     /* [USER@]HOST[:PORT] */
	const char *pool; /* name of the pool set */
	RPMEMpool *rpp;   /* NULL: not open */
	int lost;         /* negated errno of the error after which the mirror is lost; or 0 */
	bool is_quiet;    /* errors are not printed */
};

/*
 * The calls of librpmem, which is loaded with dlopen(3).
 */
static struct {
	void *library;
	__typeof__(&rpmem_create) create;
	__typeof__(&rpmem_open) open;
	__typeof__(&rpmem_close) close;
	__typeof__(&rpmem_flush) flush;
	__typeof__(&rpmem_drain) drain;
	__typeof__(&rpmem_persist) persist;
	__typeof__(&rpmem_read) read;
	__typeof__(&rpmem_errormsg) errormsg;
	__typeof__(&holdfast_remote_persist_start) start;
	__typeof__(&holdfast_remote_persist_wait) wait;
	__typeof__(&holdfast_remote_reconnect) reconnect;
} rpmem;

static int load(void)
{
	if (rpmem.library)
		return 0;
	rpmem.library = dlopen("librpmem.so.1", RTLD_NOW);
	if (!rpmem.library) {
		warnx("a mirror needs librpmem: %s", dlerror());
		return -ENOSYS;
	}
	rpmem.create = (__typeof__(rpmem.create))dlsym(rpmem.library, "rpmem_create");
	rpmem.open = (__typeof__(rpmem.open))dlsym(rpmem.library, "rpmem_open");
	rpmem.close = (__typeof__(rpmem.close))dlsym(rpmem.library, "rpmem_close");
	rpmem.flush = (__typeof__(rpmem.flush))dlsym(rpmem.library, "rpmem_flush");
	rpmem.drain = (__typeof__(rpmem.drain))dlsym(rpmem.library, "rpmem_drain");
	rpmem.persist = (__typeof__(rpmem.persist))dlsym(rpmem.library, "rpmem_persist");
	rpmem.read = (__typeof__(rpmem.read))dlsym(rpmem.library, "rpmem_read");
	rpmem.errormsg = (__typeof__(rpmem.errormsg))dlsym(rpmem.library, "rpmem_errormsg");
	rpmem.start =
		(__typeof__(rpmem.start))dlsym(rpmem.library, "holdfast_remote_persist_start");
	rpmem.wait = (__typeof__(rpmem.wait))dlsym(rpmem.library, "holdfast_remote_persist_wait");
	rpmem.reconnect =
		(__typeof__(rpmem.reconnect))dlsym(rpmem.library, "holdfast_remote_reconnect");
	if (rpmem.create && rpmem.open && rpmem.close && rpmem.flush && rpmem.drain &&
		rpmem.persist && rpmem.read && rpmem.errormsg && rpmem.start && rpmem.wait &&
		rpmem.reconnect)
		return 0;
	warnx("a mirror needs a newer librpmem: the installed one lacks functions");
	dlclose(rpmem.library);
	rpmem.library = NULL;
	return -ENOSYS;
}

/*
 * Opening and closing the mirror.
 */

/* Splits the name: the target may have colons; the pool set comes after the last colon. */
static int parse(struct mirror *mirror)
{
	char *colon;

	mirror->target = strdup(mirror->name);
	if (!mirror->target) {
		warn("strdup");
		return -ENOMEM;
	}
	colon = strrchr(mirror->target, ':');
	if (!colon || colon == mirror->target || !colon[1]) {
		warnx("%s: the name of a mirror must be [USER@]HOST[:PORT]:POOLSET", mirror->name);
		return -EINVAL;
	}
	*colon = '\0';
	mirror->pool = colon + 1;
	return 0;
}

int mirror_new(struct mirror **mirror, const char *name)
{
	struct mirror *new = calloc(1, sizeof(*new));
	int ret;

	if (!new) {
		warn("calloc");
		return -ENOMEM;
	}
	new->name = name;
	ret = parse(new);
	if (!ret)
		ret = load();
	if (ret)
		mirror_free(&new);
	else
		*mirror = new;
	return ret;
}

const char *mirror_name(const struct mirror *mirror)
{
	return mirror->name;
}

void mirror_free(struct mirror **mirror)
{
	if (!*mirror)
		return;
	mirror_close(*mirror);
	free((*mirror)->target);
	free(*mirror);
	*mirror = NULL;
}

/*
 * Prints the library's message without "TARGET: POOLSET: ", so that the mirror is named only once.
 */
static void complain(const struct mirror *mirror, const char *what)
{
	const char *message = rpmem.errormsg();

	if (mirror->is_quiet)
		return;
	size_t target = strlen(mirror->target), pool = strlen(mirror->pool);

	if (!strncmp(message, mirror->target, target) && !strncmp(message + target, ": ", 2) &&
		!strncmp(message + target + 2, mirror->pool, pool))
		message += target + 2 + pool + strspn(message + target + 2 + pool, ": ");
	warnx("%s: cannot %s the mirror: %s", mirror->name, what, message);
}

/* Opens the pool. Makes a missing pool if `mode` is MIRROR_MAKE. */
static int reach(struct mirror *mirror, void *base, size_t size, enum mirror_mode mode)
{
	unsigned lanes = LANE + 1;

	/* No attributes: a pool without headers. The ledger has a header of its own. */
	mirror->rpp = rpmem.open(mirror->target, mirror->pool, base, size, &lanes, NULL);
	if (!mirror->rpp && errno == ENOENT && mode == MIRROR_MAKE)
		mirror->rpp = rpmem.create(mirror->target, mirror->pool, base, size, &lanes, NULL);
	return mirror->rpp ? 0 : -errno;
}

int mirror_open(struct mirror *mirror, void *base, size_t size, enum mirror_mode mode)
{
	const struct timespec nap = {.tv_nsec = NAP_NS};
	int ret, tries = 0;

	mirror->lost = 0;
	while ((ret = reach(mirror, base, size, mode)) == -EBUSY && ++tries < TRIES)
		nanosleep(&nap, NULL);
	if (!ret)
		return 0;
	mirror->lost = ret;
	complain(mirror, "open");
	return ret;
}

int mirror_reconnect(struct mirror *mirror)
{
	if (!mirror->rpp)
		return -EOPNOTSUPP;
	if (!rpmem.reconnect(mirror->rpp)) {
		mirror->lost = 0;
		return 0;
	}
	int ret = -errno;
	if (ret == -ESTALE)
		mirror->is_quiet = false;
	complain(mirror, "connect again to");
	return ret;
}

void mirror_close(struct mirror *mirror)
{
	/*
	 * All records were drained before, so an error here is harmless. It is printed only if it
	 * is the first error of the mirror.
	 */
	if (mirror->rpp && rpmem.close(mirror->rpp) && !mirror->lost)
		complain(mirror, "close");
	mirror->rpp = NULL;
}

/*
 * Reading and writing the mirror.
 */

/* Checks the result of a call. Prints the first error, after which the mirror is lost. */
static int check(struct mirror *mirror, int failed, const char *what)
{
	if (!failed)
		return 0;
	mirror->lost = -errno;
	complain(mirror, what);
	return mirror->lost;
}

int mirror_read(struct mirror *mirror, void *to, uint64_t offset, size_t length)
{
	if (mirror->lost)
		return mirror->lost;
	return check(mirror, rpmem.read(mirror->rpp, to, offset, length, LANE), "read");
}

int mirror_send(struct mirror *mirror, uint64_t offset, size_t length)
{
	if (mirror->lost)
		return mirror->lost;
	/* RELAXED: the bytes must not change before the drain, and 8-byte words may arrive torn. */
	return check(mirror, rpmem.flush(mirror->rpp, offset, length, LANE, RPMEM_FLUSH_RELAXED),
		"write to");
}

int mirror_drain(struct mirror *mirror)
{
	if (mirror->lost)
		return mirror->lost;
	return check(mirror, rpmem.drain(mirror->rpp, LANE, 0), "write to");
}

int mirror_store_word(struct mirror *mirror, uint64_t offset)
{
	if (mirror->lost)
		return mirror->lost;
	return check(
		mirror, rpmem.persist(mirror->rpp, offset, sizeof(uint64_t), LANE, 0), "commit to");
}

int mirror_start(struct mirror *mirror, uint64_t offset, size_t length, bool is_word)
{
	if (mirror->lost)
		return mirror->lost;
	return check(mirror,
		rpmem.start(mirror->rpp, offset, length, LANE, is_word ? 0 : RPMEM_PERSIST_RELAXED),
		is_word ? "commit to" : "write to");
}

int mirror_wait(struct mirror *mirror)
{
	if (mirror->lost)
		return mirror->lost;
	return check(mirror, rpmem.wait(mirror->rpp, LANE), "commit to");
}

void mirror_hush(struct mirror *mirror, bool is_quiet)
{
	mirror->is_quiet = is_quiet;
}
