/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * env.h - settings from the environment
 *
 * All settings are ignored in a process that runs with more rights than its user has
 * (secure_getenv(3)).
 */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include <stdbool.h>

/* Returns the value of the variable, or NULL if it is unset. */
const char *env_get(const char *name);

/* Returns whether the variable is set to exactly `value`. */
bool env_is(const char *name, const char *value);

/*
 * Read the number at the beginning of the value, as atoll(3) does: text that is not a number gives
 * 0, as in PMDK, which introduced these variables. Returns false and leaves *number unchanged if
 * the variable is unset.
 */
bool env_number(const char *name, long long *number);

#endif
