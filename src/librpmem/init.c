/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"
#include "librpmem/settings.h"

/* Runs before the first call of the program. */
static void __attribute__((constructor)) library_loads(void)
{
	log_init("RPMEM");
	settings_init();
}
