/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hooks.h - the functions that compiled code calls for its stores if it was built with
 * -fsanitize=thread
 *
 * Lists of these functions for the two libraries that define them: the recorder, and
 * libholdfast-hooks, whose functions only execute the atomic operations. The hook of a store is
 * called before the store. Each list is a macro that applies another macro to its entries.
 */
#ifndef TRACE_HOOKS_H
#define TRACE_HOOKS_H

/* each(NAME, BYTES) is the hook void NAME(void *address) of a store of BYTES bytes. */
#define HOOKS_OF_WRITES(each)                                                                      \
	HOOKS_OF_SIZE(each, 1)                                                                     \
	HOOKS_OF_SIZE(each, 2)                                                                     \
	HOOKS_OF_SIZE(each, 4)                                                                     \
	HOOKS_OF_SIZE(each, 8)                                                                     \
	HOOKS_OF_SIZE(each, 16)
#define HOOKS_OF_SIZE(each, size)                                                                  \
	each(__tsan_write##size, size) each(__tsan_unaligned_write##size, size)                    \
		each(__tsan_volatile_write##size, size)                                            \
			each(__tsan_unaligned_volatile_write##size, size)                          \
				each(__tsan_read_write##size, size)                                \
					each(__tsan_unaligned_read_write##size, size)

#define HOOKS_OF_READS(each)                                                                       \
	HOOKS_OF_READ(each, 1)                                                                     \
	HOOKS_OF_READ(each, 2)                                                                     \
	HOOKS_OF_READ(each, 4)                                                                     \
	HOOKS_OF_READ(each, 8)                                                                     \
	HOOKS_OF_READ(each, 16)
#define HOOKS_OF_READ(each, size)                                                                  \
	each(__tsan_read##size, size) each(__tsan_unaligned_read##size, size) each(                \
		__tsan_volatile_read##size, size) each(__tsan_unaligned_volatile_read##size, size)

/* each(BITS, TYPE) stands for the hooks of atomic operations on TYPE. */
#define HOOKS_OF_ATOMICS(each)                                                                     \
	each(8, unsigned char) each(16, unsigned short) each(32, unsigned) each(64, unsigned long) \
		each(128, unsigned __int128)

/*
 * Stores `result`, an expression that may contain `old`, in one atomic step, and gives the
 * previous value. Repeats the step if another thread has stored in between. This works for all
 * sizes; for 16 bytes, compilers would call a library for any other atomic operation.
 */
#define HOOK_SWAP(type, at, result)                                                                \
	({                                                                                         \
		type old = *(at), seen_;                                                           \
		while ((seen_ = __sync_val_compare_and_swap((at), old, (type)(result))) != old)    \
			old = seen_;                                                               \
		old;                                                                               \
	})
#define HOOK_LOAD(type, at)                                                                        \
	(sizeof(type) <= 8 ? *(at) : __sync_val_compare_and_swap((type *)(at), 0, 0))

/*
 * Functions that the header shim.h of libholdfast-hooks calls instead of intrinsics for flushes,
 * fences and streaming stores. The enum has the numbers of the flush instructions. A fence is an
 * SFENCE or a stronger instruction.
 */
enum hook_flush { HOOK_CLFLUSH, HOOK_CLFLUSHOPT, HOOK_CLWB };

void holdfast_crash_flush(const void *address, int instruction);
void holdfast_crash_fence(void);
void holdfast_crash_stream(void *to, const void *from, unsigned long length);

static inline void hook_really_flush(const void *address, int instruction)
{
	volatile char *byte = (volatile char *)address;

	/* written as a prefixed XSAVEOPT: an assembler may not know CLWB */
	if (instruction == HOOK_CLWB)
		__asm__ volatile(".byte 0x66; xsaveopt %0" : "+m"(*byte));
	else if (instruction == HOOK_CLFLUSHOPT)
		__asm__ volatile(".byte 0x66; clflush %0" : "+m"(*byte));
	else
		__asm__ volatile("clflush %0" : "+m"(*byte));
}

/*
 * Stores words of 8 bytes, and then of 4 bytes: the length of every streaming store is a multiple
 * of 4.
 */
static inline void hook_really_stream(void *to, const void *from, unsigned long length)
{
	const char *source = (const char *)from;
	char *target = (char *)to;

	for (; length >= 8; length -= 8, source += 8, target += 8)
		__asm__ volatile("movnti %1, %0"
				 : "=m"(*(long *)(void *)target)
				 : "r"(*(const long *)(const void *)source));
	if (length)
		__asm__ volatile("movnti %1, %0"
				 : "=m"(*(int *)(void *)target)
				 : "r"(*(const int *)(const void *)source));
}

#endif
