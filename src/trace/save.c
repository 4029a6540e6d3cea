/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * save.c - save traces to files and load them
 *
 * A struct header, the slots, then the first content of the files: pages that are not zero, each
 * behind a struct page. The header has the numbers of slots and pages, so that a truncated file is
 * noticed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/unmap.h"
#include "trace/trace.h"

#define VERSION 4u
#define OLDEST  3u /* the oldest version of the format that can be read */
#define PAGE    4096u

static const char magic[8] = "HFTRACE";

struct header {
	char magic[8];
	uint32_t version;
	uint32_t slot_size;
	uint64_t slots;
	uint64_t pages;
};

struct page {
	uint64_t place;
	unsigned char bytes[PAGE];
};

static uint64_t file_pages(const struct trace_file *file)
{
	return (file->size + PAGE - 1) / PAGE;
}

static bool is_zero(const unsigned char *page)
{
	return !page[0] && !memcmp(page, page + 1, PAGE - 1);
}

/*
 * Write to `to` all pages of the files that have a byte other than zero, and count these pages. If
 * `to` is NULL, only count them.
 */
static uint64_t write_pages(const struct trace *trace, unsigned char *const *first, FILE *to)
{
	uint64_t count = 0;

	for (unsigned f = 0; f < trace->file_count; f++)
		for (uint64_t i = 0; first[f] && i < file_pages(&trace->files[f]); i++) {
			struct page page = {.place = place_of(f + 1, i * PAGE)};
			if (is_zero(first[f] + i * PAGE))
				continue;
			count++;
			if (!to)
				continue;
			memcpy(page.bytes, first[f] + i * PAGE, PAGE);
			fwrite(&page, sizeof(page), 1, to);
		}
	return count;
}

int trace_save(const struct trace *trace, unsigned char *const *first, const char *path)
{
	struct header header = {.version = VERSION, .slot_size = EVENT_SLOT, .slots = trace->count};
	FILE *file = fopen(path, "we");

	if (!file)
		return err_sys("%s", path);
	memcpy(header.magic, magic, sizeof(magic));
	header.pages = write_pages(trace, first, NULL);
	fwrite(&header, sizeof(header), 1, file);
	fwrite(trace->slots, EVENT_SLOT, trace->count, file);
	write_pages(trace, first, file);
	int failed = ferror(file);
	if (fclose(file) || failed)
		return err_sys("writing %s", path);
	return 0;
}

static int check_header(const struct header *header, uint64_t size, const char *path)
{
	if (size < sizeof(*header) || memcmp(header->magic, magic, sizeof(magic)))
		return err_set(-EINVAL, "%s is not a trace", path);
	if (header->version < OLDEST || header->version > VERSION ||
		header->slot_size != EVENT_SLOT)
		return err_set(-EINVAL,
			"%s is a trace of version %u; this program reads versions %u to %u", path,
			header->version, OLDEST, VERSION);
	size -= sizeof(*header);
	if (header->slots > size / EVENT_SLOT ||
		header->pages > (size - header->slots * EVENT_SLOT) / sizeof(struct page) ||
		header->slots * EVENT_SLOT + header->pages * sizeof(struct page) != size)
		return err_set(-EINVAL, "%s was cut short, or has extra bytes at its end", path);
	if (header->slots > TRACE_SLOTS_MANY)
		return err_set(-EINVAL, "%s is longer than a recorded trace can be", path);
	return 0;
}

static int load_events(struct trace *trace, const struct event *slots, uint64_t count)
{
	while (count) {
		int taken = trace_add(trace, slots, count);
		if (taken < 0)
			return taken;
		slots += taken;
		count -= (unsigned)taken;
	}
	return 0;
}

static int make_files(const struct trace *trace, unsigned char **first)
{
	for (unsigned f = 0; f < trace->file_count; f++) {
		uint64_t size = file_pages(&trace->files[f]) * PAGE;
		first[f] = NULL;
		if (!size)
			continue;
		first[f] = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (first[f] == MAP_FAILED) {
			first[f] = NULL;
			return err_sys("no address space for a file of %llu bytes",
				(unsigned long long)size);
		}
	}
	return 0;
}

static int load_pages(
	const struct trace *trace, unsigned char **first, const struct page *pages, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		unsigned number = place_file(pages[i].place);
		uint64_t offset = place_offset(pages[i].place);
		if (!number || number > trace->file_count || offset % PAGE ||
			offset / PAGE >= file_pages(&trace->files[number - 1]))
			return err_set(-EINVAL, "page %llu lies outside of its file",
				(unsigned long long)i);
		memcpy(first[number - 1] + offset, pages[i].bytes, PAGE);
	}
	return 0;
}

static int load(struct trace *trace, unsigned char **first, const unsigned char *bytes,
	uint64_t size, const char *path)
{
	const struct header *header = (const void *)bytes;
	int error = check_header(header, size, path);

	if (error)
		return error;
	const struct event *slots = (const void *)(bytes + sizeof(*header));
	error = trace_init(trace, header->slots);
	if (!error)
		error = load_events(trace, slots, header->slots);
	if (!error)
		error = make_files(trace, first);
	if (!error)
		error = load_pages(
			trace, first, (const void *)(slots + header->slots), header->pages);
	return error;
}

static int map_file(const char *path, unsigned char **bytes, uint64_t *size)
{
	struct stat stat;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys("%s", path);
	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode) || !stat.st_size) {
		close(fd);
		return err_set(-EINVAL, "%s is not a trace", path);
	}
	*size = (uint64_t)stat.st_size;
	*bytes = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	return *bytes == MAP_FAILED ? err_sys("%s", path) : 0;
}

int trace_load(struct trace *trace, unsigned char **first, const char *path)
{
	unsigned char *bytes;
	uint64_t size = 0;
	int error = map_file(path, &bytes, &size);

	if (error)
		return error;
	for (unsigned f = 0; f < EVENT_FILES; f++)
		first[f] = NULL;
	*trace = (struct trace){0};
	error = load(trace, first, bytes, size, path);
	unmap(bytes, size);
	if (error) {
		for (unsigned f = 0; f < EVENT_FILES; f++)
			trace_file_free(first[f], trace->files[f].size);
		trace_fini(trace);
	}
	return error;
}

void trace_file_free(unsigned char *first, uint64_t size)
{
	unmap(first, (size + PAGE - 1) / PAGE * PAGE);
}
