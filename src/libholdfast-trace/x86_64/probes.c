/* SPDX-License-Identifier: BSD-3-Clause */
/* probes.c - find the objects (program and libraries) of a process, and set probes in them */
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/x86_64/probes.h"

#define OBJECTS 1024u

/*
 * An object (program or library) in whose code instructions were searched; if `lo` is 0, the
 * element is free.
 */
struct object {
	uintptr_t lo, hi;     /* addresses of its code; lo is atomic, and stored last */
	struct probe *probes; /* sorted by address; shared with child processes */
	uint32_t count, room;
	uint32_t round; /* number of the last search that found the object loaded */
	void *copies;   /* copies of locked instructions, or NULL */
	size_t copies_size;
	uintptr_t base;
	char name[sizeof(((struct probe_refusal *)0)->object)]; /* end of its path */
};

struct search {
	struct object *object;
	const char *name;
	uintptr_t base;
	const ElfW(Phdr) * parts;
	unsigned part_count;
};

static struct object objects[OBJECTS];
static uint32_t lock, round_now;
static bool is_debugged, is_on;

void probes_refuse(const char *object, uint64_t address, enum probe_reason reason)
{
	uint32_t number = __atomic_fetch_add(&ring->probes.report.refused, 1, __ATOMIC_RELAXED);
	size_t length = strlen(object);

	if (number >= PROBE_REFUSALS)
		return;
	struct probe_refusal *refusal = &ring->probes.report.refusals[number];
	if (length >= sizeof(refusal->object)) {
		object += length - (sizeof(refusal->object) - 1);
		length = sizeof(refusal->object) - 1;
	}
	refusal->address = address;
	real_memmove(refusal->object, object, length + 1);
	__atomic_store_n(&refusal->reason, reason, __ATOMIC_RELEASE);
}

void probes_refuse_probe(const struct probe *probe, enum probe_reason reason)
{
	for (unsigned i = 0; i < OBJECTS; i++)
		if (objects[i].lo && probe->pc - objects[i].lo < objects[i].hi - objects[i].lo) {
			probes_refuse(objects[i].name, probe->pc - objects[i].base, reason);
			return;
		}
}

struct probe *probes_at(uintptr_t pc)
{
	for (unsigned i = 0; i < OBJECTS; i++) {
		uintptr_t lo = __atomic_load_n(&objects[i].lo, __ATOMIC_ACQUIRE);
		if (!lo || pc < lo || pc >= objects[i].hi)
			continue;
		uint32_t from = 0, to = objects[i].count;
		while (from < to) {
			uint32_t middle = from + (to - from) / 2;
			struct probe *probe = &objects[i].probes[middle];
			if (probe->pc == pc)
				return probe;
			if (probe->pc < pc)
				from = middle + 1;
			else
				to = middle;
		}
	}
	return NULL;
}

/* ---- choosing objects */

/* Is this the C library, or a library whose calls are recorded? Such objects get no probes. */
static bool is_left_out(const char *path)
{
	static const char *const names[] = {"libc.so.", "libm.so.", "libpthread.so.", "libdl.so.",
		"librt.so.", "ld-linux", "linux-vdso", "libpmem.so.", "libpmem2.so.",
		"librpmem.so.", "libholdfast-hooks.so."};
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(name, names[i], strlen(names[i])))
			return true;
	return false;
}

static bool is_code(const ElfW(Phdr) * part)
{
	return part->p_type == PT_LOAD && part->p_flags & PF_X;
}

static bool may_have_sites(const struct search *search)
{
	for (unsigned i = 0; i < search->part_count; i++) {
		const ElfW(Phdr) *part = &search->parts[i];
		if (!is_code(part) || !(part->p_flags & PF_R) || part->p_filesz < 4)
			continue;
		const uint8_t *code = (const uint8_t *)(search->base + part->p_vaddr);
		for (size_t at = 0; at + 4 <= part->p_filesz; at++)
			if (unlikely(raw_may_be(code + at)))
				return true;
	}
	return false;
}

/* ---- setting probes */

/*
 * Returns the segment of code that contains these bytes; NULL if they are not in the object's
 * code.
 */
static const ElfW(Phdr) * part_of(const struct search *search, uint64_t address, uint64_t length)
{
	for (unsigned i = 0; i < search->part_count; i++) {
		const ElfW(Phdr) *part = &search->parts[i];
		if (is_code(part) && address >= part->p_vaddr && length <= part->p_filesz &&
			address - part->p_vaddr <= part->p_filesz - length)
			return part;
	}
	return NULL;
}

static bool set_probe(const struct search *search, struct probe *probe)
{
	const ElfW(Phdr) *part = part_of(search, probe->pc - search->base, probe->insn.length);

	if (!part)
		return false;
	probe->protection = (uint8_t)(PROT_EXEC | (part->p_flags & PF_R ? PROT_READ : 0) |
				      (part->p_flags & PF_W ? PROT_WRITE : 0));
	return trap_change(probe->pc, TRAP_INT3, probe->protection);
}

/*
 * Fills in `probe` for an instruction. Returns false if the instruction cannot have a probe. If
 * `with_locked`, locked instructions are accepted, too, because flushes may rely on them.
 */
static bool accept(const struct search *search, const struct probe_site *site, bool with_locked,
	struct probe *probe)
{
	uintptr_t pc = search->base + site->address;
	enum probe_reason reason = PROBE_UNKNOWN;

	*probe = (struct probe){
		.pc = pc, .insn = raw_decode(site->bytes, site->length), .first = site->bytes[0]};
	bool is_locked = probe->insn.kind == RAW_LOCKED;
	if (is_locked && !with_locked)
		return false;
	if (!part_of(search, site->address, site->length) ||
		memcmp((const void *)pc, site->bytes, site->length))
		reason = PROBE_CHANGED;
	else if (probe->insn.uses_segment && !is_locked)
		reason = PROBE_SEGMENT;
	else if (probe->insn.kind != RAW_OTHER)
		return true;
	probes_refuse(search->name, site->address, reason);
	return false;
}

static bool wants_fences(const struct probe_list *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		struct raw_insn insn = raw_decode(list->sites[i].bytes, list->sites[i].length);
		if (raw_wants_fence(&insn))
			return true;
	}
	return false;
}

static struct probe *room_for(uint32_t count)
{
	struct probe *room = (struct probe *)syscall(SYS_mmap, NULL, count * sizeof(struct probe),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0L);

	return room == MAP_FAILED ? NULL : room;
}

/*
 * Adds probes for all instructions of the list that can have one to the object, but does not change
 * the code yet. From now on these probes can be looked up, so that the first hit finds its probe.
 */
static void accept_all(struct search *search, const struct probe_list *list)
{
	struct object *object = search->object;
	bool with_locked = wants_fences(list);
	uint32_t count = 0;

	object->room = list->count;
	for (uint32_t i = 0; i < list->count; i++)
		count += accept(search, &list->sites[i], with_locked, &object->probes[count]);
	object->copies = outline_make(object->probes, count, object->lo, &object->copies_size);
	object->count = count;
	uintptr_t lo = object->lo;
	__atomic_store_n(&object->lo, lo, __ATOMIC_RELEASE);
}

static void set_probes(struct search *search, const struct probe_list *list)
{
	struct object *object = search->object;
	uint32_t set = 0;

	object->probes = list->count ? room_for(list->count) : NULL;
	if (!object->probes) {
		if (list->count)
			probes_refuse(search->name, 0, PROBE_NO_ROOM);
		return;
	}
	accept_all(search, list);
	for (uint32_t i = 0; i < object->count; i++) {
		struct probe *probe = &object->probes[i];
		bool is_locked = probe->insn.kind == RAW_LOCKED;
		if (is_locked && !probe->copy)
			probes_refuse_probe(probe, PROBE_NO_ROOM);
		else if (!set_probe(search, probe))
			probes_refuse_probe(probe, PROBE_LOCKED);
		else
			set += !is_locked;
	}
	__atomic_fetch_add(&ring->probes.report.probed, set, __ATOMIC_RELAXED);
}

/* ---- the list of objects */

static void forget(struct object *object)
{
	if (object->copies)
		syscall(SYS_munmap, object->copies, object->copies_size);
	object->copies = NULL;
	if (object->probes)
		syscall(SYS_munmap, object->probes, object->room * sizeof(struct probe));
	object->hi = 0;
	object->probes = NULL;
	object->count = 0;
	__atomic_store_n(&object->lo, 0, __ATOMIC_RELEASE);
}

static struct object *find_free(uintptr_t lo, uintptr_t hi, bool *is_known)
{
	struct object *free = NULL;

	*is_known = false;
	for (unsigned i = 0; i < OBJECTS; i++) {
		if (objects[i].lo == lo && objects[i].hi == hi) {
			*is_known = true;
			return &objects[i];
		}
		if (!objects[i].lo && !free)
			free = &objects[i];
	}
	return free;
}

/* Keeps the end of the object's path, for messages. */
static void keep_name(const struct search *search)
{
	struct object *object = search->object;
	size_t length = strlen(search->name), room = sizeof(object->name) - 1;
	size_t skipped = length > room ? length - room : 0;

	object->base = search->base;
	real_memmove(object->name, search->name + skipped, length - skipped + 1);
}

static void look_at_object(struct search *search)
{
	static char self[512]; /* protected by the lock that the caller holds */
	struct probe_list *list;

	if (is_left_out(search->name) || !may_have_sites(search))
		return;
	if (!*search->name) {
		ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
		self[length > 0 ? length : 0] = '\0';
		search->name = self;
	}
	if (is_debugged)
		probes_refuse(search->name, 0, PROBE_DEBUGGER);
	keep_name(search);
	list = is_debugged ? NULL : ask(search->name, search->object->lo);
	if (!list)
		return;
	set_probes(search, list);
	ask_free(list);
}

static int visit(struct dl_phdr_info *info, size_t size, void *context)
{
	struct search search = {
		NULL, info->dlpi_name, info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum};
	uintptr_t lo = UINTPTR_MAX, hi = 0, own = (uintptr_t)(void *)&probes_find;
	bool is_known;

	(void)size;
	(void)context;
	for (unsigned i = 0; i < search.part_count; i++) {
		const ElfW(Phdr) *part = &search.parts[i];
		uintptr_t from = search.base + part->p_vaddr;
		if (!is_code(part))
			continue;
		lo = from < lo ? from : lo;
		hi = from + part->p_memsz > hi ? from + part->p_memsz : hi;
	}
	if (lo >= hi || (lo <= own && own < hi))
		return 0;
	search.object = find_free(lo, hi, &is_known);
	if (!search.object) {
		probes_refuse(search.name, 0, PROBE_NO_ROOM);
		return 0;
	}
	search.object->round = round_now;
	if (is_known)
		return 0;
	search.object->hi = hi;
	__atomic_store_n(&search.object->lo, lo, __ATOMIC_RELEASE);
	look_at_object(&search);
	return 0;
}

void probes_find(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		syscall(SYS_sched_yield);
	round_now++;
	dl_iterate_phdr(visit, NULL);
	for (unsigned i = 0; i < OBJECTS; i++)
		if (objects[i].lo && objects[i].round != round_now)
			forget(&objects[i]);
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

void probes_made(uintptr_t address)
{
	static bool is_told;

	for (unsigned i = 0; i < OBJECTS; i++)
		if (objects[i].lo && address >= (objects[i].lo & ~(uintptr_t)(EVENT_PAGE - 1)) &&
			address < objects[i].hi)
			return;
	if (is_on && !__atomic_exchange_n(&is_told, true, __ATOMIC_RELAXED))
		probes_refuse("code made at run time", 0, PROBE_MADE);
}

void probes_after_fork(void)
{
	lock = 0;
	trap_after_fork();
	signal_after_fork();
}

void probes_begin(void)
{
	if (ring->probes.is_off)
		return;
	is_on = true;
	is_debugged = trap_is_debugged();
	if (!is_debugged) {
		registers_begin();
		trap_begin();
	}
	probes_find();
	if (!is_debugged)
		trap_watch_loader();
}
