/* SPDX-License-Identifier: BSD-3-Clause */
/* carry.h - lanes in the control channel, which the provider "ssh" uses for data */
#ifndef LIBRPMEM_CARRY_H
#define LIBRPMEM_CARRY_H

#include "librpmem/pool.h"

/*
 * Find the providers to offer to the target. Returns -ENOMEDIUM if there is no usable provider;
 * -EMEDIUMTYPE if the user has chosen a provider that the version of the target does not know.
 */
int carry_providers(const struct session *session, unsigned *providers);

/*
 * Returns the provider that a client will get if the target has the providers in `at_target`, as
 * far as that is known without a connection; HOLDFAST_PROVIDER_NONE if both sides have none in
 * common.
 */
enum holdfast_provider carry_expected(const struct session *session, unsigned at_target);

/* The target has chosen ssh: open lanes in the control channel. */
int carry_lanes(RPMEMpool *pool, void *addr, size_t size);

/*
 * Called when the lanes of another provider could not be connected, because of the error `rc`,
 * which has an error message. If the variable RPMEM_FALLBACK allows it, makes lanes over ssh
 * instead. Otherwise returns `rc`, and adds the variable's name to the message.
 */
int carry_instead(RPMEMpool *pool, void *addr, size_t size, int rc);

#endif
