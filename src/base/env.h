/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * env.h - settings from the environment
 *
 * All of them are ignored in a process that runs with more rights than its user has
 * (secure_getenv(3)).
 */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include <stdbool.h>

/* The value, or NULL if unset. */
const char *env_get(const char *name);

/* Whether the variable is set to exactly `value`. */
bool env_is(const char *name, const char *value);

/*
 * The number that the value begins with, as atoll(3) reads it: text that is not a number counts as
 * 0, as it did in the libraries whose variables these are. False, and *number as before, if unset.
 */
bool env_number(const char *name, long long *number);

#endif
