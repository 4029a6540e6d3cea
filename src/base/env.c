/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/env.h"

#include <stdlib.h>
#include <string.h>

const char *env_get(const char *name)
{
	return secure_getenv(name);
}

bool env_is(const char *name, const char *value)
{
	const char *set = env_get(name);

	return set && !strcmp(set, value);
}

bool env_number(const char *name, long long *number)
{
	const char *set = env_get(name);

	if (!set)
		return false;
	*number = strtoll(set, NULL, 10);
	return true;
}
