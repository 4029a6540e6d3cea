/* SPDX-License-Identifier: BSD-3-Clause */
/* carry.h - lanes inside the control channel: the provider ssh */
#ifndef LIBRPMEM_CARRY_H
#define LIBRPMEM_CARRY_H

#include "librpmem/pool.h"

/*
 * Find the providers to offer to the target. -ENOMEDIUM without one; -EMEDIUMTYPE if the target is
 * of a version that does not know the one that was chosen.
 */
int carry_providers(const struct session *session, unsigned *providers);

/*
 * The provider that a client gets from a target that offers these, as far as it is known without a
 * connection; HOLDFAST_PROVIDER_NONE without a common one.
 */
enum holdfast_provider carry_expected(const struct session *session, unsigned at_target);

/* The target has chosen ssh: open its lanes. */
int carry_lanes(RPMEMpool *pool, void *addr, size_t size);

/*
 * The lanes of another provider could not be connected: `rc`, with an error message. Make them over
 * ssh if RPMEM_FALLBACK says so. Otherwise return `rc`, and name the variable in the message.
 */
int carry_instead(RPMEMpool *pool, void *addr, size_t size, int rc);

#endif
