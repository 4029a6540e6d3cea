/* SPDX-License-Identifier: BSD-3-Clause */
/* attr.h - compiler attributes for which the C standard has no name */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#define ALWAYS_INLINE   inline __attribute__((always_inline))
#define NOINLINE        __attribute__((noinline))
#define NORETURN        __attribute__((noreturn))
#define likely(truth)   __builtin_expect(!!(truth), 1)
#define unlikely(truth) __builtin_expect(!!(truth), 0)

#endif
