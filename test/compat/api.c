/* SPDX-License-Identifier: BSD-3-Clause */
/* api.c - looks up the functions of libpmem and libpmem2 in libraries that are loaded by path */
#include "api.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pmem_api pmem;
struct pmem2_api pmem2;

static const struct {
	int code;
	const char *name;
} names[] = {
	{-100000, "UNKNOWN"},
	{-100001, "NOSUPP"},
	{-100003, "FILE_HANDLE_NOT_SET"},
	{-100004, "INVALID_FILE_HANDLE"},
	{-100005, "INVALID_FILE_TYPE"},
	{-100006, "MAP_RANGE"},
	{-100007, "MAPPING_EXISTS"},
	{-100008, "GRANULARITY_NOT_SET"},
	{-100009, "GRANULARITY_NOT_SUPPORTED"},
	{-100010, "OFFSET_OUT_OF_RANGE"},
	{-100011, "OFFSET_UNALIGNED"},
	{-100012, "INVALID_ALIGNMENT_FORMAT"},
	{-100013, "INVALID_ALIGNMENT_VALUE"},
	{-100014, "INVALID_SIZE_FORMAT"},
	{-100015, "LENGTH_UNALIGNED"},
	{-100016, "MAPPING_NOT_FOUND"},
	{-100017, "BUFFER_TOO_SMALL"},
	{-100018, "SOURCE_EMPTY"},
	{-100019, "INVALID_SHARING_VALUE"},
	{-100020, "SRC_DEVDAX_PRIVATE"},
	{-100021, "INVALID_ADDRESS_REQUEST_TYPE"},
	{-100022, "ADDRESS_UNALIGNED"},
	{-100023, "ADDRESS_NULL"},
	{-100024, "DEEP_FLUSH_RANGE"},
	{-100025, "INVALID_REGION_FORMAT"},
	{-100026, "DAX_REGION_NOT_FOUND"},
	{-100027, "INVALID_DEV_FORMAT"},
	{-100028, "CANNOT_READ_BOUNDS"},
	{-100029, "NO_BAD_BLOCK_FOUND"},
	{-100030, "LENGTH_OUT_OF_RANGE"},
	{-100031, "INVALID_PROT_FLAG"},
	{-100032, "NO_ACCESS"},
	{-100033, "VM_RESERVATION_NOT_EMPTY"},
	{-100034, "MAP_EXISTS"},
	{-100035, "FILE_DESCRIPTOR_NOT_SET"},
	{-100036, "SOURCE_TYPE_NOT_SUPPORTED"},
	{-100037, "IO_FAIL"},
};

const char *api_error_name(int code)
{
	static char text[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == code)
			return names[i].name;
	const char *name = code < 0 ? strerrorname_np(-code) : NULL;
	if (name)
		snprintf(text, sizeof(text), "-%s", name);
	else
		snprintf(text, sizeof(text), "%d", code);
	return text;
}

static void *open_library(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		fprintf(stderr, "cannot load %s: %s\n", path, dlerror());
		exit(3);
	}
	return library;
}

static void *find(void *library, const char *name)
{
	void *symbol = dlsym(library, name);

	if (!symbol)
		fprintf(stderr, "missing symbol %s\n", name);
	return symbol;
}

#define API_FIND(prefix, type, name, args) prefix.name = find(library, #prefix "_" #name);

void api_load(const char *pmem_path, const char *pmem2_path)
{
	void *library;

	if (pmem_path) {
		library = open_library(pmem_path);
		PMEM_API(API_FIND)
	}
	if (pmem2_path) {
		library = open_library(pmem2_path);
		PMEM2_API(API_FIND)
	}
}
