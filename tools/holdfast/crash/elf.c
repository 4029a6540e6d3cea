/* SPDX-License-Identifier: BSD-3-Clause */
/* elf.c - find out from a program's file whether a library can be loaded into it */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unmap.h"
#include "command.h"

struct image {
	const unsigned char *bytes;
	size_t size;
	mode_t mode;
};

static bool open_image(const char *path, struct image *image)
{
	struct stat stat;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	bool is_good = !fstat(fd, &stat) && S_ISREG(stat.st_mode) && stat.st_size > 0;
	image->size = is_good ? (size_t)stat.st_size : 0;
	image->mode = is_good ? stat.st_mode : 0;
	image->bytes =
		is_good ? mmap(NULL, image->size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	close(fd);
	return image->bytes != MAP_FAILED;
}

static void close_image(struct image *image)
{
	unmap((void *)image->bytes, image->size);
}

static const Elf64_Ehdr *header_of(const struct image *image)
{
	const Elf64_Ehdr *header = (const void *)image->bytes;

	if (image->size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) ||
		header->e_ident[EI_CLASS] != ELFCLASS64 ||
		header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phoff > image->size ||
		header->e_phnum > (image->size - header->e_phoff) / sizeof(Elf64_Phdr))
		return NULL;
	return header;
}

/*
 * Returns the path of the dynamic loader that a program names, or NULL if the program is linked
 * statically.
 */
static const char *loader_of(const struct image *image, const Elf64_Ehdr *header)
{
	const Elf64_Phdr *part = (const void *)(image->bytes + header->e_phoff);

	for (unsigned i = 0; i < header->e_phnum; i++)
		if (part[i].p_type == PT_INTERP && part[i].p_offset < image->size &&
			part[i].p_filesz && part[i].p_filesz <= image->size - part[i].p_offset &&
			!image->bytes[part[i].p_offset + part[i].p_filesz - 1])
			return (const char *)image->bytes + part[i].p_offset;
	return NULL;
}

static bool mentions(const struct image *image, const char *word)
{
	return memmem(image->bytes, image->size, word, strlen(word) + 1) != NULL;
}

static bool is_script(const struct image *image)
{
	return image->size > 2 && image->bytes[0] == '#' && image->bytes[1] == '!';
}

static const char *why_not(const struct image *image)
{
	if (is_script(image))
		return NULL; /* the programs that the script starts are recorded, not the script */
	if (image->mode & (S_ISUID | S_ISGID))
		return "it runs with more rights than its user, so the system ignores LD_PRELOAD";
	const Elf64_Ehdr *header = header_of(image);
	if (!header)
		return "it is not a 64-bit program";
	const char *loader = loader_of(image, header);
	if (!loader)
		return "it is linked statically, so nothing can be loaded into it";
	if (strstr(loader, "ld-musl"))
		return "it is linked with musl, and the recorder with glibc";
	if (mentions(image, "__asan_init"))
		return "it was built with AddressSanitizer, which must be loaded first; build it without AddressSanitizer";
	if (mentions(image, "libtsan.so.2") || mentions(image, "libtsan.so.0"))
		return "it was built with ThreadSanitizer; build it without ThreadSanitizer";
	return NULL;
}

const char *why_not_loaded(const char *path)
{
	struct image image;

	if (!open_image(path, &image))
		return "it cannot be read";
	const char *why = why_not(&image);
	close_image(&image);
	return why;
}

bool is_script_or_static(const char *path)
{
	struct image image;

	if (!open_image(path, &image))
		return true;
	const Elf64_Ehdr *header = is_script(&image) ? NULL : header_of(&image);
	const char *loader = header ? loader_of(&image, header) : NULL;
	bool is = !loader || strstr(loader, "ld-musl") || image.mode & (S_ISUID | S_ISGID);
	close_image(&image);
	return is;
}

static bool is_program(const char *path)
{
	struct stat found;

	return !stat(path, &found) && S_ISREG(found.st_mode) && !access(path, X_OK);
}

char *find_program(const char *name)
{
	char path[PATH_MAX];

	if (strchr(name, '/'))
		return is_program(name) ? strdup(name) : NULL;
	const char *at = getenv("PATH");
	while (at && *at) {
		size_t length = strcspn(at, ":");
		snprintf(path, sizeof(path), "%.*s/%s", (int)length, at, name);
		if (is_program(path))
			return strdup(path);
		at += length + !!at[length];
	}
	return NULL;
}
