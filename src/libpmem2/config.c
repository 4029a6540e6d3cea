/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpmem2/config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "libpmem2.h"
#include "libpmem2/check.h"
#include "libpmem2/export.h"

EXPORT(pmem2_config_new)
int pmem2_config_new(struct pmem2_config **cfg)
{
	CHECK_NOT_NULL(cfg);
	*cfg = malloc(sizeof(**cfg));
	if (!*cfg)
		return err_set(-ENOMEM, "out of memory for a config");
	**cfg = (struct pmem2_config){
		.sharing = PMEM2_SHARED,
		.protection = PMEM2_PROT_READ | PMEM2_PROT_WRITE,
	};
	return 0;
}

EXPORT(pmem2_config_delete)
int pmem2_config_delete(struct pmem2_config **cfg)
{
	CHECK_NOT_NULL(cfg);
	free(*cfg);
	*cfg = NULL;
	return 0;
}

EXPORT(pmem2_config_set_required_store_granularity)
int pmem2_config_set_required_store_granularity(
	struct pmem2_config *cfg, enum pmem2_granularity granularity)
{
	CHECK_NOT_NULL(cfg);
	switch (granularity) {
	case PMEM2_GRANULARITY_BYTE:
	case PMEM2_GRANULARITY_CACHE_LINE:
	case PMEM2_GRANULARITY_PAGE:
		cfg->granularity = granularity;
		cfg->granularity_is_set = true;
		return 0;
	}
	return err_set(PMEM2_E_GRANULARITY_NOT_SUPPORTED, "%d is not a store granularity",
		(int)granularity);
}

EXPORT(pmem2_config_set_offset)
int pmem2_config_set_offset(struct pmem2_config *cfg, size_t offset)
{
	CHECK_NOT_NULL(cfg);
	if (offset > INT64_MAX)
		return err_set(PMEM2_E_OFFSET_OUT_OF_RANGE,
			"offset %zu is beyond the end of any file", offset);
	cfg->offset = offset;
	return 0;
}

EXPORT(pmem2_config_set_length)
int pmem2_config_set_length(struct pmem2_config *cfg, size_t length)
{
	CHECK_NOT_NULL(cfg);
	cfg->length = length;
	return 0;
}

EXPORT(pmem2_config_set_sharing)
int pmem2_config_set_sharing(struct pmem2_config *cfg, enum pmem2_sharing_type type)
{
	CHECK_NOT_NULL(cfg);
	switch (type) {
	case PMEM2_SHARED:
	case PMEM2_PRIVATE:
		cfg->sharing = type;
		return 0;
	}
	return err_set(PMEM2_E_INVALID_SHARING_VALUE, "%d is not a sharing type", (int)type);
}

EXPORT(pmem2_config_set_protection)
int pmem2_config_set_protection(struct pmem2_config *cfg, unsigned prot)
{
	unsigned unknown = prot & ~(PMEM2_PROT_EXEC | PMEM2_PROT_READ | PMEM2_PROT_WRITE);

	CHECK_NOT_NULL(cfg);
	if (unknown)
		return err_set(PMEM2_E_INVALID_PROT_FLAG, "unknown protection flags %#x", unknown);
	cfg->protection = prot;
	return 0;
}

EXPORT(pmem2_config_set_vm_reservation)
int pmem2_config_set_vm_reservation(
	struct pmem2_config *cfg, struct pmem2_vm_reservation *rsv, size_t rsv_offset)
{
	CHECK_NOT_NULL(cfg);
	cfg->reservation = rsv;
	cfg->reservation_offset = rsv_offset;
	return 0;
}
