/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * badblock.c - tests pmem2_badblock_*() with files that have no bad blocks
 *
 * Test machines have no disks with bad blocks; test/unit/badblock.c tests lists that are not
 * empty.
 */
#include <errno.h>

#include "api/fixture.h"

static void empty(const struct pmem2_source *src)
{
	struct pmem2_badblock_context *bbctx = UNTOUCHED;
	struct pmem2_badblock bb = {47, 11};

	is_int(pmem2_badblock_context_new(&bbctx, src), 0,
		"badblock_context_new: a file is accepted");
	is_int(pmem2_badblock_next(bbctx, &bb), PMEM2_E_NO_BAD_BLOCK_FOUND,
		"badblock_next: the result for a file without bad blocks is NO_BAD_BLOCK_FOUND");
	is_int(pmem2_badblock_next(bbctx, &bb), PMEM2_E_NO_BAD_BLOCK_FOUND,
		"badblock_next: a second call returns NO_BAD_BLOCK_FOUND, too");
	ok(bb.offset == 47 && bb.length == 11, "badblock_next: the output is unchanged on failure");
	has_str(pmem2_errormsg(), "bad block",
		"badblock_next: the error message contains the words bad block");
	pmem2_badblock_context_delete(&bbctx);
	ok(!bbctx, "badblock_context_delete: the pointer becomes NULL");
	pmem2_badblock_context_delete(&bbctx);
	pmem2_badblock_context_delete(NULL);
}

static int clear(struct pmem2_badblock_context *bbctx, size_t offset, size_t length)
{
	return pmem2_badblock_clear(bbctx, &(struct pmem2_badblock){offset, length});
}

static void refused(int fd, const struct pmem2_source *src)
{
	struct pmem2_badblock_context *bbctx;
	char byte = 0;

	if (pmem2_badblock_context_new(&bbctx, src))
		bail("cannot make a context of bad blocks: %s", pmem2_errormsg());
	is_int(clear(bbctx, 0, page_size()), PMEM2_E_NO_BAD_BLOCK_FOUND,
		"badblock_clear: a range that was not listed as a bad block is refused");
	is_int(pread(fd, &byte, 1, 0), 1, "badblock_clear: the first byte of the file can be read");
	is_int(byte, 'x',
		"badblock_clear: the bytes of a range that was not listed as a bad block are unchanged");
	is_int(clear(bbctx, 0, 0), -EINVAL, "badblock_clear: an empty range is refused");
	is_int(clear(bbctx, (size_t)INT64_MAX + 1, 1), PMEM2_E_OFFSET_OUT_OF_RANGE,
		"badblock_clear: an offset of more than INT64_MAX is refused");
	is_int(clear(bbctx, 0, (size_t)INT64_MAX + 1), PMEM2_E_LENGTH_OUT_OF_RANGE,
		"badblock_clear: a length of more than INT64_MAX is refused");
	is_int(clear(bbctx, INT64_MAX, INT64_MAX), PMEM2_E_NO_BAD_BLOCK_FOUND,
		"badblock_clear: a range whose end is beyond INT64_MAX is refused");
	is_int(pmem2_badblock_clear(bbctx, NULL), -EINVAL,
		"badblock_clear: NULL for the block is refused");
	is_int(pmem2_badblock_next(bbctx, NULL), -EINVAL,
		"badblock_next: NULL for the block is refused");
	pmem2_badblock_context_delete(&bbctx);
}

static void anonymous(void)
{
	struct pmem2_badblock_context *bbctx = UNTOUCHED;
	struct pmem2_source *src;

	pmem2_source_from_anon(&src, page_size());
	is_int(pmem2_badblock_context_new(&bbctx, src), PMEM2_E_NOSUPP,
		"badblock_context_new: anonymous memory is refused");
	ok(!bbctx, "badblock_context_new: the context is NULL after a failure");
	pmem2_source_delete(&src);
}

static void nulls(const struct pmem2_source *src)
{
	struct pmem2_badblock_context *bbctx = UNTOUCHED;
	struct pmem2_badblock bb = {0, 1};

	is_int(pmem2_badblock_context_new(NULL, src), -EINVAL,
		"badblock_context_new: NULL for the output is refused");
	is_int(pmem2_badblock_context_new(&bbctx, NULL), -EINVAL,
		"badblock_context_new: NULL for the source is refused");
	ok(!bbctx, "badblock_context_new: the context is NULL after a NULL source");
	is_int(pmem2_badblock_next(NULL, &bb), -EINVAL,
		"badblock_next: NULL for the context is refused");
	is_int(pmem2_badblock_clear(NULL, &bb), -EINVAL,
		"badblock_clear: NULL for the context is refused");
}

int main(void)
{
	int fd = file_of(4 * page_size(), O_RDWR);
	struct pmem2_source *src = source_of(fd);

	if (pwrite(fd, "x", 1, 0) != 1)
		bail("cannot write to the file: %m");
	ok(sizeof(struct pmem2_badblock) == 16, "struct pmem2_badblock: its size is 16 bytes");
	empty(src);
	refused(fd, src);
	anonymous();
	nulls(src);
	pmem2_source_delete(&src);
	close(fd);
	return tap_done();
}
