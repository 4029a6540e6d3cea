/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * librpmem.c - tests symbols, constants and names of librpmem, and the arguments that it refuses
 * before it connects to a target
 */
#include <dlfcn.h>
#include <errno.h>
#include <librpmem.h>
#include <librpmem/holdfast.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

/* Symbols of PMDK's librpmem, and those that Holdfast adds to them. */
static const char *const names[] = {"rpmem_check_version", "rpmem_close", "rpmem_create",
	"rpmem_deep_persist", "rpmem_drain", "rpmem_errormsg", "rpmem_flush", "rpmem_open",
	"rpmem_persist", "rpmem_read", "rpmem_remove", "rpmem_set_attr"};
static const char *const added[] = {"holdfast_method_name", "holdfast_provider_name",
	"holdfast_remote_describe", "holdfast_remote_free", "holdfast_remote_info",
	"holdfast_remote_set_free"};
static const char *const added_later[] = {"holdfast_mirror_check", "holdfast_mirror_sync",
	"holdfast_remote_persist_start", "holdfast_remote_persist_wait",
	"holdfast_remote_reconnect", "holdfast_remote_stats", "holdfast_remote_stats_free"};

/*
 * Looks the symbols up by dlsym(3), as libpmemobj does. libpmemobj refuses to replicate if a symbol
 * of `names` is missing.
 */
static void test_symbols(void)
{
	void *library = dlopen("librpmem.so.1", RTLD_NOW | RTLD_NOLOAD);

	ok(library, "librpmem: the library has its soname");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ok(dlvsym(library, names[i], "LIBRPMEM_1.0") &&
				dlvsym(library, names[i], "LIBRPMEM_1.0") ==
					dlsym(library, names[i]),
			"librpmem: %s@LIBRPMEM_1.0 is exported, as the default version of this symbol",
			names[i]);
	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++)
		ok(dlvsym(library, added[i], "LIBRPMEM_HOLDFAST_3.0"),
			"librpmem: %s@LIBRPMEM_HOLDFAST_3.0 is exported", added[i]);
	for (size_t i = 0; i < sizeof(added_later) / sizeof(added_later[0]); i++)
		ok(dlvsym(library, added_later[i], "LIBRPMEM_HOLDFAST_3.1"),
			"librpmem: %s@LIBRPMEM_HOLDFAST_3.1 is exported", added_later[i]);
	dlclose(library);
}

#define at(field) offsetof(struct rpmem_pool_attr, field)

static void test_abi(void)
{
	is_int(RPMEM_MAJOR_VERSION, 1, "RPMEM_MAJOR_VERSION: it is 1");
	is_int(RPMEM_MINOR_VERSION, 3, "RPMEM_MINOR_VERSION: it is 3");
	is_int(RPMEM_PERSIST_RELAXED, 1, "RPMEM_PERSIST_RELAXED: it is 1");
	is_int(RPMEM_FLUSH_RELAXED, 1, "RPMEM_FLUSH_RELAXED: it is 1");
	is_int(RPMEM_REMOVE_FORCE, 1, "RPMEM_REMOVE_FORCE: it is 1");
	is_int(RPMEM_REMOVE_POOL_SET, 2, "RPMEM_REMOVE_POOL_SET: it is 2");
	is_int(RPMEM_MIN_POOL, 8192, "RPMEM_MIN_POOL: it is 8192");
	is_int(RPMEM_MIN_PART, 2097152, "RPMEM_MIN_PART: it is 2097152");
	is_int(RPMEM_POOL_HDR_SIG_LEN, 8, "RPMEM_POOL_HDR_SIG_LEN: it is 8");
	is_int(RPMEM_POOL_HDR_UUID_LEN, 16, "RPMEM_POOL_HDR_UUID_LEN: it is 16");
	is_int(RPMEM_POOL_USER_FLAGS_LEN, 16, "RPMEM_POOL_USER_FLAGS_LEN: it is 16");
	is_int(sizeof(struct rpmem_pool_attr), 104, "struct rpmem_pool_attr: its size is 104");
	ok(at(signature) == 0 && at(major) == 8 && at(compat_features) == 12 &&
			at(incompat_features) == 16 && at(ro_compat_features) == 20 &&
			at(poolset_uuid) == 24 && at(uuid) == 40 && at(next_uuid) == 56 &&
			at(prev_uuid) == 72 && at(user_flags) == 88,
		"struct rpmem_pool_attr: its members have the offsets of PMDK");
}

static void test_version(void)
{
	static const unsigned good[][2] = {{1, 0}, {1, 3}}, bad[][2] = {{1, 4}, {0, 3}, {2, 0}};

	for (size_t i = 0; i < 2; i++)
		ok(!rpmem_check_version(good[i][0], good[i][1]),
			"rpmem_check_version: version %u.%u is accepted", good[i][0], good[i][1]);
	for (size_t i = 0; i < 3; i++)
		has_str(rpmem_check_version(bad[i][0], bad[i][1]), "version",
			"rpmem_check_version: version %u.%u is refused", bad[i][0], bad[i][1]);
}

static void *read_message(void *unused)
{
	(void)unused;
	return (void *)rpmem_errormsg();
}

static void test_message(void)
{
	pthread_t thread;
	void *other;

	is_str(rpmem_errormsg(), "", "rpmem_errormsg: it is empty before any failure");
	rpmem_remove("h", "s", 99);
	has_str(rpmem_errormsg(), "flags", "rpmem_errormsg: a failed call leaves a message");
	if (pthread_create(&thread, NULL, read_message, NULL) || pthread_join(thread, &other))
		bail("cannot start a thread");
	ok(other != rpmem_errormsg(), "rpmem_errormsg: each thread has its own message");
}

/* Arguments of rpmem_create() and rpmem_open() that must be refused. */
struct call {
	const char *target, *set;
	size_t shift, size; /* in bytes; `shift`: offset of the memory from the start of the pool */
	unsigned nlanes;
	const char *what; /* what is wrong */
};

static void test_arguments(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pool =
		mmap(NULL, 16 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct call calls[] = {{NULL, "s", 0, 16 * page, 1, "NULL for the target"},
		{"h", NULL, 0, 16 * page, 1, "NULL for the name of the set"},
		{"h", "", 0, 16 * page, 1, "an empty name of the set"},
		{"h", "s\n", 0, 16 * page, 1, "a name of the set with a control character"},
		{"h", "s", 1, page, 1, "memory that is not aligned"},
		{"h", "s", 0, 0, 1, "a size of 0"},
		{"h", "s", 0, page + 1, 1, "a size that is not a multiple of the page size"},
		{"h", "s", 0, page, 0, "0 lanes"}, {"", "s", 0, page, 1, "an empty host"},
		{"user@", "s", 0, page, 1, "a user and no host"},
		{"@host", "s", 0, page, 1, "a host and no user"},
		{"[::1", "s", 0, page, 1, "a host with only one bracket"},
		{"h:", "s", 0, page, 1, "a host with a colon and no port"},
		{"h:ssh", "s", 0, page, 1, "a port by name"}, {"h:0", "s", 0, page, 1, "port 0"},
		{"h:65536", "s", 0, page, 1, "port 65536"},
		{"-oX", "s", 0, page, 1, "a host that ssh would take for an option"}};
	struct rpmem_pool_attr attr;
	unsigned lanes;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const struct call *c = &calls[i];
		lanes = c->nlanes;
		errno = 0;
		ok(!rpmem_create(c->target, c->set, pool + c->shift, c->size, &lanes, NULL) &&
				errno == EINVAL && lanes == c->nlanes && *rpmem_errormsg(),
			"rpmem_create: it fails with EINVAL: %s", c->what);
		memset(&attr, 0x7a, sizeof(attr));
		errno = 0;
		ok(!rpmem_open(c->target, c->set, pool + c->shift, c->size, &lanes, &attr) &&
				errno == EINVAL && attr.major == 0x7a7a7a7a,
			"rpmem_open: it fails with EINVAL and does not change the attributes: %s",
			c->what);
	}
	errno = 0;
	ok(!rpmem_create("h", "s", NULL, page, &lanes, NULL) && errno == EINVAL,
		"rpmem_create: NULL for the memory is refused");
	errno = 0;
	ok(!rpmem_create("h", "s", pool, page, NULL, NULL) && errno == EINVAL,
		"rpmem_create: NULL for the number of lanes is refused");
	char *name = malloc(2000), *target = malloc(2000);
	memset(name, 'n', 1999);
	memset(target, 't', 1999);
	name[1999] = target[1999] = '\0';
	errno = 0;
	ok(rpmem_remove("h", name, 0) && errno == EINVAL,
		"rpmem_remove: a name of 1999 characters is refused");
	errno = 0;
	ok(rpmem_remove(target, "s", 0) && errno == EINVAL,
		"rpmem_remove: a target of 1999 characters is refused");
	target[33] = '@';
	errno = 0;
	ok(rpmem_remove(target, "s", 0) && errno == EINVAL,
		"rpmem_remove: a user of 33 characters is refused");
	free(name);
	free(target);
	munmap(pool, 16 * page);
}

#define einval(call, what)                                                                         \
	do {                                                                                       \
		errno = 0;                                                                         \
		ok((call) == -1 && errno == EINVAL, what);                                         \
	} while (0)

static void test_no_pool(void)
{
	struct holdfast_remote *remote = NULL;
	struct holdfast_remote_counts *stats = NULL;
	struct holdfast_remote_set *set = NULL;
	char byte;

	einval(rpmem_close(NULL), "rpmem_close: NULL for the pool is refused");
	einval(rpmem_set_attr(NULL, NULL), "rpmem_set_attr: NULL for the pool is refused");
	einval(rpmem_flush(NULL, 0, 0, 0, 0), "rpmem_flush: NULL for the pool is refused");
	einval(rpmem_drain(NULL, 0, 0), "rpmem_drain: NULL for the pool is refused");
	einval(rpmem_persist(NULL, 0, 0, 0, 0), "rpmem_persist: NULL for the pool is refused");
	einval(rpmem_deep_persist(NULL, 0, 0, 0),
		"rpmem_deep_persist: NULL for the pool is refused");
	einval(rpmem_read(NULL, &byte, 0, 1, 0), "rpmem_read: NULL for the pool is refused");
	einval(rpmem_remove(NULL, "s", 0), "rpmem_remove: NULL for the target is refused");
	einval(rpmem_remove("h", NULL, 0), "rpmem_remove: NULL for the set is refused");
	einval(rpmem_remove("h", "s", 4), "rpmem_remove: an unknown flag is refused");
	einval(holdfast_remote_info(NULL, &remote),
		"holdfast_remote_info: NULL for the pool is refused");
	einval(holdfast_remote_describe("h", "s", NULL),
		"holdfast_remote_describe: NULL for the output is refused");
	einval(holdfast_remote_describe(NULL, "s", &set),
		"holdfast_remote_describe: NULL for the target is refused");
	einval(holdfast_remote_persist_start(NULL, 0, 0, 0, 0),
		"holdfast_remote_persist_start: NULL for the pool is refused");
	einval(holdfast_remote_persist_wait(NULL, 0),
		"holdfast_remote_persist_wait: NULL for the pool is refused");
	einval(holdfast_remote_stats(NULL, &stats),
		"holdfast_remote_stats: NULL for the pool is refused");
	holdfast_remote_stats_free(NULL);
	holdfast_remote_stats_free(&stats);
	holdfast_remote_free(NULL);
	holdfast_remote_free(&remote);
	holdfast_remote_set_free(NULL);
	holdfast_remote_set_free(&set);
	ok(!remote && !set && !stats,
		"holdfast_remote_*_free: NULL and pointers to NULL are accepted");
}

static void test_names(void)
{
	is_str(holdfast_provider_name(HOLDFAST_PROVIDER_TCP), "tcp",
		"holdfast_provider_name: the name of TCP is \"tcp\"");
	is_str(holdfast_provider_name(HOLDFAST_PROVIDER_VERBS), "verbs",
		"holdfast_provider_name: the name of VERBS is \"verbs\"");
	is_str(holdfast_provider_name((enum holdfast_provider)99), "?",
		"holdfast_provider_name: an unknown provider is \"?\"");
	is_str(holdfast_method_name(HOLDFAST_METHOD_MESSAGE), "message",
		"holdfast_method_name: the name of MESSAGE is \"message\"");
	is_str(holdfast_method_name(HOLDFAST_METHOD_WRITE_DELIVERED), "write+delivery",
		"holdfast_method_name: the name of WRITE_DELIVERED is \"write+delivery\"");
	is_str(holdfast_method_name((enum holdfast_method)99), "?",
		"holdfast_method_name: an unknown method is \"?\"");
}

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGINT, SIGTERM};

#define SIGNALS (sizeof(signals) / sizeof(*signals))

static void handlers(void (*handler[SIGNALS])(int))
{
	for (size_t i = 0; i < SIGNALS; i++) {
		struct sigaction action;
		sigaction(signals[i], NULL, &action);
		handler[i] = action.sa_handler;
	}
}

/*
 * Tests that the program keeps its signal handlers: libfabric's providers would replace them, and
 * so hide crashes and Ctrl-C from the program.
 */
static void test_signals(void)
{
	size_t size = 4 * (size_t)sysconf(_SC_PAGESIZE);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*before[SIGNALS])(int), (*after[SIGNALS])(int);
	unsigned nlanes = 1;

	handlers(before);
	ok(!dlopen("libfabric.so.1", RTLD_NOW | RTLD_NOLOAD),
		"libfabric: loading librpmem does not load this library");
	setenv("RPMEM_SSH", "false", 1);
	ok(!rpmem_open("127.0.0.1", "set", memory, size, &nlanes, NULL),
		"rpmem_open: a target that cannot be reached is an error");
	ok(dlopen("libfabric.so.1", RTLD_NOW | RTLD_NOLOAD),
		"libfabric: rpmem_open loads this library");
	handlers(after);
	ok(!memcmp(before, after, sizeof(before)),
		"libfabric: loading the library does not change the program's signal handlers");
	munmap(memory, size);
}

/* Arguments of holdfast_mirror_check() and holdfast_mirror_sync() that must be refused. */
static void test_mirror(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, 2 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct holdfast_mirror_options good = {.struct_size = sizeof(good)},
					     small = {.struct_size = sizeof(good) - 1},
					     flags = {.struct_size = sizeof(good), .flags = 2};
	struct holdfast_mirror_state cut = {.struct_size = sizeof(cut) - 1};
	const struct {
		const char *target, *set;
		const void *addr;
		size_t size;
		const struct holdfast_mirror_options *options;
		struct holdfast_mirror_state *state;
		const char *what;
	} calls[] = {{NULL, "s", memory, page, NULL, NULL, "NULL for the target"},
		{"h", NULL, memory, page, NULL, NULL, "NULL for the name of the set"},
		{"h:0", "s", memory, page, NULL, NULL, "port 0"},
		{"h", "s", NULL, page, NULL, NULL, "NULL for the memory"},
		{"h", "s", memory + 1, page, &good, NULL, "memory that is not aligned"},
		{"h", "s", memory, 0, &good, NULL, "a size of 0"},
		{"h", "s", memory, page + 1, NULL, NULL, "a size that is not whole pages"},
		{"h", "s", memory, page, &small, NULL, "too small a struct of options"},
		{"h", "s", memory, page, &flags, NULL, "an unknown flag"},
		{"h", "s", memory, page, &good, &cut, "too small a struct of the state"}};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		errno = 0;
		ok(holdfast_mirror_check(calls[i].target, calls[i].set, calls[i].addr,
			   calls[i].size, calls[i].options, calls[i].state) == -1 &&
				errno == EINVAL && *rpmem_errormsg(),
			"holdfast_mirror_check: it fails with EINVAL: %s", calls[i].what);
		errno = 0;
		ok(holdfast_mirror_sync(calls[i].target, calls[i].set, calls[i].addr, calls[i].size,
			   calls[i].options, calls[i].state) == -1 &&
				errno == EINVAL && *rpmem_errormsg(),
			"holdfast_mirror_sync: it fails with EINVAL: %s", calls[i].what);
	}
	munmap(memory, 2 * page);
}

int main(void)
{
	test_message();
	test_symbols();
	test_abi();
	test_version();
	test_arguments();
	test_mirror();
	test_no_pool();
	test_names();
	test_signals();
	return tap_done();
}
