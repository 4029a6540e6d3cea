/* SPDX-License-Identifier: BSD-3-Clause */
/* probes.c - find the raw instructions of a program or library when the recorder asks for them */
#include "facts.h"
#include "probes.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the file of a program or library */

/*
 * Finds out which file a process has mapped at an address. The path is relative to the root
 * directory of that process.
 */
static bool path_of(int process, uint64_t address, char *path, size_t size)
{
	char name[64], *line = NULL;
	size_t room = 0;
	bool is_found = false;

	snprintf(name, sizeof(name), "/proc/%d/maps", process);
	FILE *from = fopen(name, "re");
	while (from && !is_found && getline(&line, &room, from) > 0) {
		uint64_t lo, hi;
		int at = 0;
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %*s %n", &lo, &hi, &at) < 2 ||
			address < lo || address >= hi || !at)
			continue;
		is_found = line[at] == '/' && snprintf(path, size, "%s", line + at) < (int)size;
	}
	free(line);
	if (from)
		fclose(from);
	return is_found;
}

static int open_object(int process, uint64_t address)
{
	char path[PATH_MAX], whole[PATH_MAX + 32];

	if (!path_of(process, address, path, sizeof(path)))
		return -1;
	snprintf(whole, sizeof(whole), "/proc/%d/root%s", process, path);
	int fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : fd;
}

static const Elf64_Phdr *parts_of(const struct binary *binary, unsigned *count)
{
	const Elf64_Ehdr *header = (const void *)binary->bytes;

	*count = 0;
	if (binary->size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) ||
		header->e_ident[EI_CLASS] != ELFCLASS64 ||
		header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phoff > binary->size ||
		header->e_phnum > (binary->size - header->e_phoff) / sizeof(Elf64_Phdr))
		return NULL;
	*count = header->e_phnum;
	return (const void *)(binary->bytes + header->e_phoff);
}

static bool is_inside(const struct binary *binary, const Elf64_Phdr *part)
{
	return part->p_offset <= binary->size && part->p_filesz <= binary->size - part->p_offset;
}

const unsigned char *binary_code(const struct binary *binary, uint64_t address, size_t length)
{
	unsigned count;
	const Elf64_Phdr *part = parts_of(binary, &count);

	for (; count--; part++)
		if (part->p_type == PT_LOAD && part->p_flags & PF_X && is_inside(binary, part) &&
			address >= part->p_vaddr && length <= part->p_filesz &&
			address - part->p_vaddr <= part->p_filesz - length)
			return binary->bytes + part->p_offset + (address - part->p_vaddr);
	return NULL;
}

static void read_id(struct binary *binary, const unsigned char *at, size_t size)
{
	Elf64_Nhdr note;

	while (size >= sizeof(note)) {
		memcpy(&note, at, sizeof(note));
		uint64_t name = (note.n_namesz + UINT64_C(3)) & ~UINT64_C(3);
		uint64_t whole =
			sizeof(note) + name + ((note.n_descsz + UINT64_C(3)) & ~UINT64_C(3));
		if (whole > size)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
			!memcmp(at + sizeof(note), "GNU", 4) && note.n_descsz <= PROBE_BUILD_ID) {
			memcpy(binary->id, at + sizeof(note) + name, note.n_descsz);
			binary->id_length = note.n_descsz;
		}
		at += whole;
		size -= whole;
	}
}

static bool map_object(int fd, struct binary *binary)
{
	struct stat stat;
	unsigned count;

	if (fd < 0 || fstat(fd, &stat) || !S_ISREG(stat.st_mode) || !stat.st_size)
		return false;
	binary->size = (size_t)stat.st_size;
	binary->bytes = mmap(NULL, binary->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (binary->bytes == MAP_FAILED)
		return false;
	const Elf64_Phdr *part = parts_of(binary, &count);
	for (; count--; part++)
		if (part->p_type == PT_NOTE && is_inside(binary, part))
			read_id(binary, binary->bytes + part->p_offset, part->p_filesz);
	return true;
}

/* ---- the answer */

static struct probe_list *find_sites(const struct probe_board *board, enum probe_reason *reason)
{
	struct binary binary = {0};
	struct probe_list *list = NULL;
	int fd = open_object(board->process, board->address);

	*reason = PROBE_NOT_READ;
	if (map_object(fd, &binary)) {
		list = cache_load(&binary);
		if (!list && (list = disassemble(fd, &binary, reason)))
			cache_save(list);
		munmap((void *)binary.bytes, binary.size);
	}
	if (fd >= 0)
		close(fd);
	return list;
}

static bool write_list(const struct work *work, const struct probe_list *list)
{
	char new[PATH_MAX], path[PATH_MAX];
	size_t size = probe_list_size(list->count);

	snprintf(path, sizeof(path), "%s/trace/sites", work->path);
	snprintf(new, sizeof(new), "%s/sites.new", work->path);
	int fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	/* readable by all users: the program may have dropped its privileges */
	bool is_written = fd >= 0 && !fchmod(fd, 0644) && write(fd, list, size) == (ssize_t)size;
	if (fd >= 0)
		close(fd);
	if (is_written && !rename(new, path))
		return true;
	unlink(new);
	return false;
}

void probes_answer(struct work *work)
{
	struct probe_board *board = &work->ring->probes;
	enum probe_reason reason;

	if (__atomic_load_n(&board->state, __ATOMIC_ACQUIRE) != PROBE_ASKED)
		return;
	struct probe_list *list = find_sites(board, &reason);
	bool is_written = list && write_list(work, list);
	board->reason = list ? PROBE_NOT_ANSWERED : reason;
	free(list);
	__atomic_store_n(
		&board->state, is_written ? PROBE_ANSWERED : PROBE_REFUSED, __ATOMIC_RELEASE);
}

/* ---- reporting which raw instructions were probed */

static const char *reason_words(enum probe_reason reason)
{
	static const char *const words[PROBE_REASONS] = {
		[PROBE_UNKNOWN] = "this version does not know the instruction's encoding",
		[PROBE_SEGMENT] = "the address of its operand is relative to FS or GS",
		[PROBE_CHANGED] = "the instruction's bytes in memory and in the file differ",
		[PROBE_LOCKED] = "the system forbids changing its code",
		[PROBE_NO_ROOM] = "there are too many raw instructions",
		[PROBE_NO_OBJDUMP] = "there is no objdump (package binutils)",
		[PROBE_NOT_READ] = "objdump cannot read the file",
		[PROBE_DEBUGGER] = "a debugger or tracer is attached to the process",
		[PROBE_NOT_ANSWERED] = "the process received no list of instructions to probe",
		[PROBE_LOADER] =
			"the dynamic loader does not announce the libraries that it loads later",
		[PROBE_OFTEN] =
			"it has a LOCK prefix, was executed often and never completed a flush",
		[PROBE_MADE] = "no file contains this code",
	};

	return (unsigned)reason < PROBE_REASONS ? words[reason] : "the reason is not known";
}

static struct fact_refusal refusal_of(const struct probe_refusal *refusal)
{
	const char *slash = strrchr(refusal->object, '/');
	const char *name = slash ? slash + 1 : refusal->object;
	struct fact_refusal fact = {.reason = reason_words(refusal->reason)};
	int length = refusal->address
			     ? asprintf(&fact.place, "%s+%#" PRIx64, name, refusal->address)
			     : asprintf(&fact.place, "%s", name);

	if (length < 0)
		fact.place = NULL;
	words_clean(fact.place);
	if (asprintf(&fact.words, "raw instruction%s %s: not probed: %s",
		    refusal->address ? "" : "s of", fact.place ? fact.place : "?", fact.reason) < 0)
		fact.words = NULL;
	return fact;
}

void probes_make(const struct probe_report *report, struct fact_probes *probes)
{
	*probes = (struct fact_probes){.probed = report->probed,
		.hit = report->hit,
		.hits = report->hits,
		.refused = report->refused,
		.count = report->refused < PROBE_REFUSALS ? report->refused : PROBE_REFUSALS};
	for (unsigned i = 0; i < probes->count; i++)
		probes->refusals[i] = refusal_of(&report->refusals[i]);
	if ((report->probed || report->refused) &&
		asprintf(&probes->words,
			"raw flushes, fences and streaming stores: %u probed, %u of them executed, %" PRIu64
			" times; %u refused",
			report->probed, report->hit, report->hits, report->refused) < 0)
		probes->words = NULL;
}

void probes_free(struct fact_probes *probes)
{
	for (unsigned i = 0; i < probes->count; i++) {
		free(probes->refusals[i].place);
		free(probes->refusals[i].words);
	}
	free(probes->words);
	*probes = (struct fact_probes){0};
}
