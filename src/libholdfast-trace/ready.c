/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ready.c - find out from the relocations of the loaded objects (program and libraries) if they
 * use holdfast_crash_ready()
 */
#include "libholdfast-trace/ready.h"

#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char wanted[] = "holdfast_crash_ready_here";

/* Those tables of an object (program or library) that the dynamic linker uses. */
struct dynamic {
	const ElfW(Sym) * symbols;
	const char *names;
	const ElfW(Rela) * tables[2];
	size_t sizes[2]; /* in bytes */
};

/*
 * Returns the pointer for an address in an object's dynamic section. The dynamic linker has added
 * the object's base address to most of these addresses, but not to all.
 */
static const void *at(ElfW(Addr) base, ElfW(Addr) address)
{
	return (const void *)(address < base ? base + address : address);
}

static void read_dynamic(ElfW(Addr) base, const ElfW(Dyn) * entry, struct dynamic *dynamic)
{
	for (; entry->d_tag != DT_NULL; entry++)
		switch (entry->d_tag) {
		case DT_SYMTAB:
			dynamic->symbols = at(base, entry->d_un.d_ptr);
			break;
		case DT_STRTAB:
			dynamic->names = at(base, entry->d_un.d_ptr);
			break;
		case DT_RELA:
			dynamic->tables[0] = at(base, entry->d_un.d_ptr);
			break;
		case DT_RELASZ:
			dynamic->sizes[0] = entry->d_un.d_val;
			break;
		case DT_JMPREL:
			dynamic->tables[1] = at(base, entry->d_un.d_ptr);
			break;
		case DT_PLTRELSZ:
			dynamic->sizes[1] = entry->d_un.d_val;
			break;
		default:
			break;
		}
}

static bool names_wanted(const struct dynamic *dynamic)
{
	for (unsigned i = 0; i < 2 && dynamic->symbols && dynamic->names; i++)
		for (size_t n = 0;
			dynamic->tables[i] && n < dynamic->sizes[i] / sizeof(*dynamic->tables[i]);
			n++) {
			size_t symbol = dynamic->tables[i][n].r_info >> 32;
			if (symbol &&
				!strcmp(dynamic->names + dynamic->symbols[symbol].st_name, wanted))
				return true;
		}
	return false;
}

static int visit(struct dl_phdr_info *info, size_t size, void *unused)
{
	struct dynamic dynamic = {0};

	(void)size;
	(void)unused;
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			read_dynamic(info->dlpi_addr,
				(const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr),
				&dynamic);
	return names_wanted(&dynamic);
}

bool ready_is_used(void)
{
	return dl_iterate_phdr(visit, NULL) != 0;
}

bool ready_is_alone(void)
{
	struct stat stat_;
	char path[64], child;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool has_child = fd >= 0 && read(fd, &child, 1) == 1;
	if (fd >= 0)
		close(fd);
	/*
	 * the link count of a directory is 2 plus the number of directories in it, which here are
	 * the threads
	 */
	return !has_child && !stat("/proc/self/task", &stat_) && stat_.st_nlink == 3;
}
