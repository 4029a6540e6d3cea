/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * place_hint.c - the first free place at or above an address
 *
 * The kernel's list of mappings is read to know where there is room, and the room is then taken
 * without replacing anything (MAP_FIXED_NOREPLACE): if another thread was faster, look again.
 */
#include "map/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/*
 * Number of attempts to take free space. An attempt fails if another thread takes the space first.
 */
#define TRIES 100

/* A reader of /proc/self/maps through a small buffer: a line can be as long as a file's name. */
struct list {
	int fd;
	size_t length, next;
	char buffer[512];
};

/* The next character of the list; -1 at its end or if it cannot be read. */
static int next_char(struct list *list)
{
	if (list->next == list->length) {
		ssize_t got;
		do
			got = read(list->fd, list->buffer, sizeof(list->buffer));
		while (got < 0 && errno == EINTR);
		if (got <= 0)
			return -1;
		list->length = (size_t)got;
		list->next = 0;
	}
	return (unsigned char)list->buffer[list->next++];
}

/* Read a hexadecimal number and the character after it, which must be `end`. */
static bool read_address(struct list *list, uintptr_t *address, int end)
{
	int c;

	*address = 0;
	while ((c = next_char(list)) >= 0 && c != end) {
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
						   : -1;
		if (digit < 0)
			return false;
		*address = *address << 4 | (uintptr_t)digit;
	}
	return c == end;
}

/* Read FROM-TO, in hexadecimal, at the beginning of a line; skip the rest. */
static bool next_mapping(struct list *list, uintptr_t *from, uintptr_t *to)
{
	int c;

	if (!read_address(list, from, '-') || !read_address(list, to, ' '))
		return false;
	while ((c = next_char(list)) >= 0 && c != '\n')
		;
	return true;
}

/* The lowest multiple of `alignment` from `address` on; 0 if the address space has none left. */
static uintptr_t align_up(uintptr_t address, size_t alignment)
{
	return (address + alignment - 1) & -alignment;
}

/* The first free place; 0 if there is no room above the hint, or the list cannot be read. */
static uintptr_t first_fit(uintptr_t hint, size_t length, size_t alignment)
{
	struct list list = {.fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)};
	/* The first page stays free: NULL must not become a valid address. */
	uintptr_t place = align_up(hint ? hint : 1, alignment), from, to;
	bool any = false;

	if (list.fd < 0)
		return 0;
	while (place && next_mapping(&list, &from, &to)) {
		any = true;
		if (to <= place)
			continue;
		if (from >= place && from - place >= length)
			break;
		place = align_up(to, alignment);
	}
	close(list.fd);
	return any && length <= UINTPTR_MAX - place ? place : 0;
}

int place_reserve_above(uintptr_t hint, char **addr, size_t length, size_t alignment)
{
	for (int tries = 0; tries < TRIES; tries++) {
		void *place = (void *)first_fit(hint, length, alignment);
		if (!place)
			break;
		void *got = mmap(place, length, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
		if (got == place) {
			*addr = got;
			return 0;
		}
		/* Kernels before 4.17 use the address as a hint, so `got` may differ from it. */
		if (got != MAP_FAILED)
			place_discard(got, length);
		else if (errno != EEXIST)
			break;
	}
	log_warning("no place for %zu bytes at or above %#zx: the kernel chooses one", length,
		(size_t)hint);
	return place_reserve(addr, length, alignment);
}
