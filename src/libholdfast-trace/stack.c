/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stack.c - gives call stacks numbers, usually without unwinding the stack
 *
 * For a caller's return address and frame, a memo remembers where on the stack the return
 * addresses of the outer functions are. If these addresses are still found there, the call stack
 * is the same as last time; otherwise the stack is unwound with .eh_frame, which all code has.
 * Memos belong to one thread. The table of stacks belongs to the process and has a lock; numbers
 * are unique across processes.
 */
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

#include "libholdfast-trace/recorder.h"

#define MEMOS 1024u
/* number of memos for one caller: one for each chain of functions that have called it */
#define WAYS    16u
#define STACKS  (1u << 15)
#define OBJECTS 1024u

struct memo {
	struct call call;
	uint32_t number, count;
	uintptr_t place[EVENT_FRAMES], address[EVENT_FRAMES];
};

struct known {
	uint32_t number, count;
	uintptr_t address[EVENT_FRAMES];
};

struct object {
	uintptr_t base, lo, hi;
	uint32_t number;
};

struct walk {
	uintptr_t first;
	bool begun;
	unsigned count;
	uintptr_t address[EVENT_FRAMES + 1], frame[EVENT_FRAMES + 1];
};

static struct known known[STACKS];
static struct object objects[OBJECTS];
static unsigned object_count;
static uint32_t lock; /* protects known, objects and object_count */

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
TLS struct memo *memos;
TLS unsigned victim; /* counter that selects the memo to be replaced next */
TLS bool is_busy;    /* set while unwinding, because the unwinder itself calls memset and memcpy */

static void take_lock(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		syscall(SYS_sched_yield);
}

static void leave_lock(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

void stack_after_fork(void)
{
	lock = 0;
}

static void forget(void *mapped)
{
	memos = NULL;
	syscall(SYS_munmap, mapped, MEMOS * sizeof(struct memo));
}

static void make_key(void)
{
	pthread_key_create(&key, forget);
}

static struct memo *own_memos(void)
{
	if (likely(memos != NULL))
		return memos;
	void *mapped = (void *)syscall(SYS_mmap, NULL, MEMOS * sizeof(struct memo),
		PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
	if (mapped == MAP_FAILED)
		return NULL;
	pthread_once(&once, make_key);
	pthread_setspecific(key, mapped);
	memos = mapped;
	return memos;
}

/* ---- objects (programs and libraries): the caller holds the lock */

static void tell_object(struct object *object, const char *path)
{
	char self[512];

	if (!path || !*path) {
		ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
		self[length > 0 ? length : 0] = '\0';
		path = self;
	}
	object->number = __atomic_add_fetch(&ring->objects, 1, __ATOMIC_RELAXED);
	write_event(
		&(struct event){
			.kind = EVENT_OBJECT, .value = object->number, .length = strlen(path)},
		path);
}

static int add_object(struct dl_phdr_info *info, size_t size, void *context)
{
	struct object object = {.base = info->dlpi_addr, .lo = UINTPTR_MAX};

	(void)size;
	(void)context;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
			continue;
		if (object.base + part->p_vaddr < object.lo)
			object.lo = object.base + part->p_vaddr;
		if (object.base + part->p_vaddr + part->p_memsz > object.hi)
			object.hi = object.base + part->p_vaddr + part->p_memsz;
	}
	for (unsigned i = 0; i < object_count; i++)
		if (objects[i].lo == object.lo && objects[i].hi == object.hi)
			return 0;
	if (object.lo < object.hi && object_count < OBJECTS) {
		tell_object(&object, info->dlpi_name);
		objects[object_count++] = object;
	}
	return 0;
}

static struct object *find_object(uintptr_t address)
{
	for (unsigned i = object_count; i-- > 0;)
		if (objects[i].lo <= address && address < objects[i].hi)
			return &objects[i];
	return NULL;
}

static struct frame frame_of(uintptr_t address)
{
	struct object *object = find_object(address);

	if (!object) {
		dl_iterate_phdr(add_object, NULL);
		object = find_object(address);
	}
	return object ? (struct frame){object->number, 0, address - object->base}
		      : (struct frame){0, 0, address};
}

static uint32_t tell_stack(const uintptr_t *address, unsigned count)
{
	struct frame frames[EVENT_FRAMES];
	uint32_t number = __atomic_add_fetch(&ring->stacks, 1, __ATOMIC_RELAXED);

	for (unsigned i = 0; i < count; i++)
		frames[i] = frame_of(address[i]);
	write_event(&(struct event){.kind = EVENT_STACK,
			    .value = number,
			    .length = count * sizeof(struct frame)},
		frames);
	return number;
}

static uint32_t number_of(const uintptr_t *address, unsigned count)
{
	uint64_t hash = 0;
	uint32_t number = 0;

	for (unsigned i = 0; i < count; i++) {
		hash = (hash ^ address[i]) * UINT64_C(0x9E3779B97F4A7C15);
		hash ^= hash >> 29;
	}
	take_lock();
	for (unsigned tries = 0; tries < STACKS; tries++) {
		struct known *at = &known[(hash + tries) % STACKS];
		if (at->number && at->count == count &&
			!memcmp(at->address, address, count * sizeof(*address))) {
			number = at->number;
			break;
		}
		if (!at->number) {
			at->count = count;
			real_memmove(at->address, address, count * sizeof(*address));
			number = at->number = tell_stack(address, count);
			break;
		}
	}
	leave_lock();
	return number;
}

/* ---- unwinding */

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *argument)
{
	struct walk *walk = argument;
	uintptr_t address = _Unwind_GetIP(context);

	if (!walk->begun && address != walk->first)
		return _URC_NO_REASON;
	walk->begun = true;
	walk->address[walk->count] = address;
	walk->frame[walk->count] = _Unwind_GetCFA(context);
	return ++walk->count > EVENT_FRAMES ? _URC_END_OF_STACK : _URC_NO_REASON;
}

/*
 * Returns the stack address between two frames at which this return address is stored; 0 if it is
 * not found.
 */
static uintptr_t find_word(uintptr_t from, uintptr_t to, uintptr_t word)
{
	uintptr_t found = 0;

	for (uintptr_t at = from; at < to; at += sizeof(uintptr_t))
		if (*(const uintptr_t *)at == word)
			found = at;
	return found;
}

static NOINLINE uint32_t unwind(struct memo *memo, struct call call)
{
	struct walk walk = {.first = call.pc};
	unsigned count = 1;

	is_busy = true;
	_Unwind_Backtrace(step, &walk);
	uintptr_t address[EVENT_FRAMES] = {call.pc};
	memo->count = 0;
	for (unsigned i = 0; i + 1 < walk.count && count < EVENT_FRAMES; i++) {
		uintptr_t place = find_word(
			walk.frame[i], walk.frame[i + 1] + sizeof(uintptr_t), walk.address[i + 1]);
		if (place) {
			memo->place[memo->count] = place;
			memo->address[memo->count++] = walk.address[i + 1];
		}
		if (walk.address[i + 1])
			address[count++] = walk.address[i + 1];
	}
	memo->call = call;
	memo->number = number_of(address, count);
	is_busy = false;
	return memo->number;
}

static bool still_holds(const struct memo *memo, struct call call)
{
	if (memo->call.pc != call.pc || memo->call.frame != call.frame)
		return false;
	for (unsigned i = 0; i < memo->count; i++)
		if (*(const uintptr_t *)memo->place[i] != memo->address[i])
			return false;
	return true;
}

uint32_t stack_number(struct call call)
{
	struct memo *all = is_busy ? NULL : own_memos();

	if (!all)
		return 0;
	uint64_t hash =
		call.pc * UINT64_C(0x9E3779B97F4A7C15) ^ call.frame * UINT64_C(0xC2B2AE3D27D4EB4F);
	for (unsigned way = 0; way < WAYS; way++) {
		struct memo *memo = &all[((hash >> 50) + way) % MEMOS];
		if (still_holds(memo, call))
			return memo->number;
		if (!memo->call.pc)
			return unwind(memo, call);
	}
	return unwind(&all[((hash >> 50) + victim++ % WAYS) % MEMOS], call);
}
