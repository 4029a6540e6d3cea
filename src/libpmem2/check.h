/* SPDX-License-Identifier: BSD-3-Clause */
/* check.h - refuse a NULL pointer in a required argument */
#ifndef LIBPMEM2_CHECK_H
#define LIBPMEM2_CHECK_H

#include <errno.h>

#include "base/err.h"

/* For functions that return a code: if the argument is NULL, return -EINVAL. */
#define CHECK_NOT_NULL(argument)                                                                   \
	do {                                                                                       \
		if (!(argument))                                                                   \
			return err_set(-EINVAL, "%s: %s is NULL", __func__, #argument);            \
	} while (0)

#endif
