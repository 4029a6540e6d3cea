/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/badblock.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "device/sysfs.h"
#include "libpmem2.h"
#include "libpmem2/check.h"
#include "libpmem2/export.h"
#include "libpmem2/source.h"

struct pmem2_badblock_context {
	struct device device;
	int fd; /* belongs to the program, which closes it */
	struct badblocks blocks;
	size_t next;
};

static int context_fill(struct pmem2_badblock_context *context, const struct pmem2_source *src)
{
	context->device = src->device;
	context->fd = src->fd;
	context->next = 0;
	return badblocks_read(&context->blocks, &src->device, src->fd, SYSFS_ROOT);
}

EXPORT(pmem2_badblock_context_new)
int pmem2_badblock_context_new(
	struct pmem2_badblock_context **bbctx, const struct pmem2_source *src)
{
	if (bbctx)
		*bbctx = NULL;
	CHECK_NOT_NULL(src);
	if (src->is_anonymous)
		return err_set(PMEM2_E_NOSUPP, "anonymous memory has no list of bad blocks");
	CHECK_NOT_NULL(bbctx);
	struct pmem2_badblock_context *new = malloc(sizeof(*new));
	if (!new)
		return err_set(-ENOMEM, "out of memory for a list of bad blocks");
	int error = context_fill(new, src);
	if (error) {
		free(new);
		return error;
	}
	*bbctx = new;
	return 0;
}

EXPORT(pmem2_badblock_context_delete)
void pmem2_badblock_context_delete(struct pmem2_badblock_context **bbctx)
{
	if (!bbctx || !*bbctx)
		return;
	badblocks_fini(&(*bbctx)->blocks);
	free(*bbctx);
	*bbctx = NULL;
}

EXPORT(pmem2_badblock_next)
int pmem2_badblock_next(struct pmem2_badblock_context *bbctx, struct pmem2_badblock *bb)
{
	CHECK_NOT_NULL(bbctx);
	CHECK_NOT_NULL(bb);
	if (bbctx->next == bbctx->blocks.count)
		return err_set(PMEM2_E_NO_BAD_BLOCK_FOUND,
			bbctx->next ? "all %zu bad blocks have already been returned"
				    : "there are %zu bad blocks",
			bbctx->next);
	*bb = bbctx->blocks.list[bbctx->next++];
	return 0;
}

EXPORT(pmem2_badblock_clear)
int pmem2_badblock_clear(struct pmem2_badblock_context *bbctx, const struct pmem2_badblock *bb)
{
	CHECK_NOT_NULL(bbctx);
	CHECK_NOT_NULL(bb);
	return badblocks_clear(&bbctx->blocks, &bbctx->device, bbctx->fd, SYSFS_ROOT, bb);
}
