/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * export.h - make the public functions of a library visible; everything else is hidden
 *
 * Each public library has its own export.h, which defines EXPORT(name) as one of the macros below.
 * EXPORT() stands before the definition of every public function:
 *
 *	EXPORT(pmem_map_file)
 *	void *pmem_map_file(...)
 *	{
 *
 * The library's version script defines the symbol versions (nodes). SHARED_OBJECT is defined for
 * the shared library only, if it has names under two nodes: in the static archive, which cannot
 * have versions, names are plain.
 */
#ifndef BASE_EXPORT_H
#define BASE_EXPORT_H

/* Export a name under one version node. */
#define EXPORT_ONE_NODE(name) extern __typeof__(name) name __attribute__((visibility("default")));

/*
 * Export a name under two version nodes, because existing programs use both. There is one function,
 * with the assembler name NAME_impl, and two exported aliases: NAME@older and, for programs linked
 * from now on, NAME@@newer. The attribute symver survives link-time optimisation, but clang 14 does
 * not have it.
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
