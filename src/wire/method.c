/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/method.h"

/* The numbers of providers are part of the wire protocol and must not change. */
_Static_assert(HOLDFAST_PROVIDER_VERBS == 1, "providers");
_Static_assert(HOLDFAST_PROVIDER_TCP == 2, "providers");
_Static_assert(HOLDFAST_PROVIDER_SSH == 4, "providers");
_Static_assert(HOLDFAST_METHOD_MESSAGE == 1, "methods");
_Static_assert(HOLDFAST_METHOD_WRITE_DELIVERED == 4, "methods");
_Static_assert(PMEM2_GRANULARITY_BYTE == 0, "granularities");
_Static_assert(PMEM2_GRANULARITY_PAGE == 2, "granularities");

const char *wire_provider_name(enum holdfast_provider provider)
{
	switch (provider) {
	case HOLDFAST_PROVIDER_NONE:
		return "none";
	case HOLDFAST_PROVIDER_VERBS:
		return "verbs";
	case HOLDFAST_PROVIDER_TCP:
		return "tcp";
	case HOLDFAST_PROVIDER_SSH:
		return "ssh";
	}
	return "?";
}

const char *wire_method_name(enum holdfast_method method)
{
	static const char *const names[] = {
		"none", "message", "write+message", "write+read", "write+delivery"};

	return (size_t)method < sizeof(names) / sizeof(names[0]) ? names[method] : "?";
}
