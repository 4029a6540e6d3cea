/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_load.c - libraries that the program loads while it runs: functions that it looks up in
 * them, and libraries in a namespace of their own
 *
 * If dlsym(3) finds a function in a library that the recorder also defines, the program gets the
 * recorder's function, as it would if it were linked with that library. dlmopen(3) makes a new
 * namespace and loads all libraries into it once more, even the C library, but not the recorder.
 * Calls of these copies are not recorded, and the trace says so. The trace also says if the
 * program uses asynchronous writes.
 */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "libholdfast-trace/recorder.h"

USED static void *(*next_dlsym)(void *, const char *);
USED static void *(*next_dlmopen)(Lmid_t, const char *, int);

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

/*
 * Is this a function that the recorder executes itself, without calling the next function of the
 * same name? Only such functions are replaced. If a function that calls the next one were
 * replaced, the recorder and a library that wraps the function could call each other endlessly.
 */
static bool is_replaced(const char *name)
{
	static const char *const names[] = {"mmap", "mmap64", "munmap", "mremap", "mprotect",
		"msync", "fsync", "fdatasync", "rename", "renameat", "renameat2", "link", "linkat",
		"unlink", "unlinkat", "ftruncate", "ftruncate64", "truncate", "truncate64"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return begins(name, "pmem_") || begins(name, "pmem2_") || begins(name, "rpmem_") ||
	       begins(name, "holdfast_remote_") || begins(name, "holdfast_mirror_");
}

/* Returns the object (program or library) that contains this address, or NULL. */
static struct link_map *object_of(const void *address)
{
	struct link_map *object = NULL;
	Dl_info info;

	return dladdr1(address, &info, (void **)&object, RTLD_DL_LINKMAP) ? object : NULL;
}

/* Returns the function of this name if the library itself defines it, otherwise NULL. */
static void *defined_in(struct link_map *object, const char *name)
{
	void *handle = object && object->l_name[0] ? dlopen(object->l_name, RTLD_LAZY | RTLD_NOLOAD)
						   : NULL;
	void *found = handle ? next_dlsym(handle, name) : NULL;

	if (handle)
		dlclose(handle);
	return found && object_of(found) == object ? found : NULL;
}

/*
 * Returns the recorder's function that dlsym(3) has to return instead of the library's; NULL if
 * the library's function is not replaced.
 */
USED static void *before_dlsym(void *handle, const char *name, const void *caller)
{
	struct link_map *own = object_of(&next_dlsym);
	Lmid_t namespace;

	if (!next_dlsym)
		next_dlsym =
			(void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
	if (!ring || handle == RTLD_NEXT || handle == RTLD_DEFAULT || !name)
		return NULL;
	if (!is_replaced(name))
		return NULL;
	if (object_of(caller) == own || dlinfo(handle, RTLD_DI_LMID, &namespace) ||
		namespace != LM_ID_BASE || !next_dlsym(handle, name))
		return NULL;
	/*
	 * if the library that calls dlsym() defines this function, too, its function may be a
	 * wrapper, which needs the next definition and not the recorder's
	 */
	return defined_in(object_of(caller), name) ? NULL : defined_in(own, name);
}

USED static void *before_dlmopen(Lmid_t namespace, const char *file)
{
	if (!next_dlmopen)
		next_dlmopen = (void *(*)(Lmid_t, const char *, int))next_function("dlmopen");
	if (ring && namespace != LM_ID_BASE && file)
		tell_missed(MISSED_NAMESPACE, file);
	return NULL;
}

/* ---- calls that are reported, but whose effects are not recorded */

typedef void any_function(void);

void *find_in_library(const char *name)
{
	static const char *const libraries[] = {
		"liburing.so.2", "libaio.so.1", "libaio.so.1t64", "librpmem.so.1"};
	void *found = next_function(name);

	for (size_t i = 0; !found && i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		void *library = dlopen(libraries[i], RTLD_LAZY | RTLD_NOLOAD);
		found = library ? dlsym(library, name) : NULL;
	}
	return found;
}

/*
 * Defines a function that reports `way` and calls the next function of the same name. If there is
 * no such function, it fails with ENOSYS, as on a system that lacks the call.
 */
#define NOTICE(name, way)                                                                          \
	USED static any_function *next_##name;                                                     \
	USED static void *before_##name(void)                                                      \
	{                                                                                          \
		if (!next_##name)                                                                  \
			next_##name = (any_function *)find_in_library(#name);                      \
		if (ring)                                                                          \
			tell_missed(way, #name);                                                   \
		return next_##name ? NULL : (void *)(intptr_t)-ENOSYS;                             \
	}                                                                                          \
	PASS_ON(name)

/*
 * Defines the function `name`: it calls `before_name` with the program's arguments and its return
 * address. If the result is not NULL, it returns this result. Otherwise it jumps to the C
 * library's function, which then sees the program as its caller, because the caller determines in
 * which library it looks.
 */
#define PASS_ON(name)                                                                              \
	__asm__(".text\n"                                                                          \
		".globl " #name "\n"                                                               \
		".type " #name ", @function\n" #name ":\n"                                         \
		"endbr64\n"                                                                        \
		"push %rdi\n"                                                                      \
		"push %rsi\n"                                                                      \
		"push %rdx\n"                                                                      \
		"push %rcx\n"                                                                      \
		"push %r8\n"                                                                       \
		"push %r9\n"                                                                       \
		"sub $8, %rsp\n"                                                                   \
		"mov 56(%rsp), %rdx\n"                                                             \
		"call before_" #name "\n"                                                          \
		"add $8, %rsp\n"                                                                   \
		"pop %r9\n"                                                                        \
		"pop %r8\n"                                                                        \
		"pop %rcx\n"                                                                       \
		"pop %rdx\n"                                                                       \
		"pop %rsi\n"                                                                       \
		"pop %rdi\n"                                                                       \
		"test %rax, %rax\n"                                                                \
		"jnz 1f\n"                                                                         \
		"jmp *next_" #name "(%rip)\n"                                                      \
		"1: ret\n"                                                                         \
		".size " #name ", . - " #name "\n")

PASS_ON(dlsym);
PASS_ON(dlmopen);

NOTICE(io_uring_queue_init, MISSED_ASYNC);
NOTICE(io_uring_queue_init_params, MISSED_ASYNC);
NOTICE(io_uring_queue_init_mem, MISSED_ASYNC);
NOTICE(io_setup, MISSED_ASYNC);
NOTICE(io_queue_init, MISSED_ASYNC);
NOTICE(aio_write, MISSED_ASYNC);
NOTICE(aio_write64, MISSED_ASYNC);
NOTICE(aio_fsync, MISSED_ASYNC);
NOTICE(aio_fsync64, MISSED_ASYNC);
NOTICE(lio_listio, MISSED_ASYNC);
NOTICE(lio_listio64, MISSED_ASYNC);
