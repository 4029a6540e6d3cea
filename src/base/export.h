/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * export.h - the names that a library offers; everything else is hidden
 *
 * Each public library has an export.h of its own that picks one of these for its EXPORT(name),
 * which stands before the definition of every public function:
 *
 *	EXPORT(pmem_map_file)
 *	void *pmem_map_file(...)
 *	{
 *
 * The nodes themselves are in the library's version script. In the archive, which cannot have
 * versions, a name is plain: SHARED_OBJECT tells the two apart.
 */
#ifndef BASE_EXPORT_H
#define BASE_EXPORT_H

/* A name under one version node. */
#define EXPORT_ONE_NODE(name) extern __typeof__(name) name __attribute__((visibility("default")));

/*
 * A name that programs in the world ask for under two. The function is one, with the assembler name
 * NAME_impl, and has two exported aliases: NAME@older and, for programs linked from now on,
 * NAME@@newer. The attribute survives link-time optimisation; clang 14 does not have it yet.
 */
#ifndef SHARED_OBJECT
#define EXPORT_TWO_NODES(name, older, newer) EXPORT_ONE_NODE(name)
#elif defined(__has_attribute) && __has_attribute(symver)
#define EXPORT_TWO_NODES(name, older, newer)                                                       \
	extern __typeof__(name) name __asm__(#name "_impl") __attribute__((                        \
		visibility("default"), symver(#name "@" older), symver(#name "@@" newer)));
#else
#define EXPORT_TWO_NODES(name, older, newer)                                                       \
	__asm__(".symver " #name "_impl, " #name "@" older);                                       \
	__asm__(".symver " #name "_impl, " #name "@@" newer);                                      \
	extern __typeof__(name) name __asm__(#name "_impl") __attribute__((visibility("default")));
#endif

#endif
