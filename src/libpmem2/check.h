/* SPDX-License-Identifier: BSD-3-Clause */
/* check.h - arguments that no call can do without */
#ifndef LIBPMEM2_CHECK_H
#define LIBPMEM2_CHECK_H

#include <errno.h>

#include "base/err.h"

/* For functions that return a code. */
#define CHECK_NOT_NULL(argument)                                                                   \
	do {                                                                                       \
		if (!(argument))                                                                   \
			return err_set(-EINVAL, "%s: %s is NULL", __func__, #argument);            \
	} while (0)

#endif
