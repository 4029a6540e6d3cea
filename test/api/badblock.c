/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * badblock.c - contexts of bad blocks, for files that have none
 *
 * The disks here have none; lists that are not empty are in test/unit/badblock.c.
 */
#include <errno.h>

#include "api/fixture.h"

static void empty(const struct pmem2_source *src)
{
	struct pmem2_badblock_context *bbctx = UNTOUCHED;
	struct pmem2_badblock bb = {47, 11};

	is_int(pmem2_badblock_context_new(&bbctx, src), 0, "a file has a context");
	is_int(pmem2_badblock_next(bbctx, &bb), PMEM2_E_NO_BAD_BLOCK_FOUND, "with no bad blocks");
	is_int(pmem2_badblock_next(bbctx, &bb), PMEM2_E_NO_BAD_BLOCK_FOUND, "however often asked");
	ok(bb.offset == 47 && bb.length == 11, "the output is left alone");
	has_str(pmem2_errormsg(), "bad block", "said in words");
	pmem2_badblock_context_delete(&bbctx);
	ok(!bbctx, "deleted, it becomes NULL");
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
		bail("no context: %s", pmem2_errormsg());
	is_int(clear(bbctx, 0, page_size()), PMEM2_E_NO_BAD_BLOCK_FOUND,
		"badblock_clear: a range that was not listed is refused");
	is_int(pread(fd, &byte, 1, 0), 1, "the file's first byte");
	is_int(byte, 'x', "badblock_clear: a range that was not listed is unchanged");
	is_int(clear(bbctx, 0, 0), -EINVAL, "a range of no bytes");
	is_int(clear(bbctx, (size_t)INT64_MAX + 1, 1), PMEM2_E_OFFSET_OUT_OF_RANGE,
		"an offset beyond any file");
	is_int(clear(bbctx, 0, (size_t)INT64_MAX + 1), PMEM2_E_LENGTH_OUT_OF_RANGE,
		"a length beyond any file");
	is_int(clear(bbctx, INT64_MAX, INT64_MAX), PMEM2_E_NO_BAD_BLOCK_FOUND,
		"a sum beyond any file");
	is_int(pmem2_badblock_clear(bbctx, NULL), -EINVAL, "no bad block");
	is_int(pmem2_badblock_next(bbctx, NULL), -EINVAL, "no output");
	pmem2_badblock_context_delete(&bbctx);
}

static void anonymous(void)
{
	struct pmem2_badblock_context *bbctx = UNTOUCHED;
	struct pmem2_source *src;

	pmem2_source_from_anon(&src, page_size());
	is_int(pmem2_badblock_context_new(&bbctx, src), PMEM2_E_NOSUPP, "anonymous memory");
	ok(!bbctx, "badblock_context_new: the context becomes NULL");
	pmem2_source_delete(&src);
}

static void nulls(const struct pmem2_source *src)
{
	struct pmem2_badblock_context *bbctx = UNTOUCHED;
	struct pmem2_badblock bb = {0, 1};

	is_int(pmem2_badblock_context_new(NULL, src), -EINVAL, "no output");
	is_int(pmem2_badblock_context_new(&bbctx, NULL), -EINVAL, "no source");
	ok(!bbctx, "badblock_context_new: the context becomes NULL");
	is_int(pmem2_badblock_next(NULL, &bb), -EINVAL, "next of no context");
	is_int(pmem2_badblock_clear(NULL, &bb), -EINVAL, "clear of no context");
}

int main(void)
{
	int fd = file_of(4 * page_size(), O_RDWR);
	struct pmem2_source *src = source_of(fd);

	if (pwrite(fd, "x", 1, 0) != 1)
		bail("cannot write to the file: %m");
	ok(sizeof(struct pmem2_badblock) == 16, "a bad block is two numbers of 8 bytes");
	empty(src);
	refused(fd, src);
	anonymous();
	nulls(src);
	pmem2_source_delete(&src);
	close(fd);
	return tap_done();
}
