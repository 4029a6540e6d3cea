/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * export.h - the names that the library offers
 *
 *	EXPORT(pmem2_map_new)
 *	int pmem2_map_new(...)
 *	{
 *
 * Programs in the world ask for our names under two version nodes. In the shared object the
 * function is one, with the assembler name pmem2_map_new_impl, and has two exported aliases:
 * pmem2_map_new@LIBPMEM2_1.0 and, for programs linked from now on, pmem2_map_new@@LIBPMEM2_2.0. In
 * the archive, which cannot have versions, it keeps its plain name.
 *
 * The attribute survives link-time optimisation; clang 14 does not have it yet.
 *
 * What we added ourselves (libpmem2/holdfast.h) is there once, under a node of its own, and exported
 * with EXPORT_HOLDFAST.
 */
#ifndef LIBPMEM2_EXPORT_H
#define LIBPMEM2_EXPORT_H

#ifndef SHARED_OBJECT
#define EXPORT(name) extern __typeof__(name) name __attribute__((visibility("default")));
#elif defined(__has_attribute) && __has_attribute(symver)
#define EXPORT(name)                                                                               \
	extern __typeof__(name) name __asm__(#name "_impl") __attribute__((visibility("default"),  \
		symver(#name "@LIBPMEM2_1.0"), symver(#name "@@LIBPMEM2_2.0")));
#else
#define EXPORT(name)                                                                               \
	__asm__(".symver " #name "_impl, " #name "@LIBPMEM2_1.0");                                 \
	__asm__(".symver " #name "_impl, " #name "@@LIBPMEM2_2.0");                                \
	extern __typeof__(name) name __asm__(#name "_impl") __attribute__((visibility("default")));
#endif

#define EXPORT_HOLDFAST(name) extern __typeof__(name) name __attribute__((visibility("default")));

#endif
