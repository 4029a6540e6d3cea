/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * poolstate.c - a fuzzer of state files: the state that is read from an accepted file gives the
 * same bytes when it is written again
 */
#include <string.h>

#include "base/err.h"
#include "fuzz.h"
#include "pool/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool_state state;
	char again[STATE_TEXT];
	int error = state_parse((const char *)data, size, "x.state", &state);

	if (error) {
		must(strstr(err_get(), "x.state"));
		return 0;
	}
	must(state.inconsistent || (!state.since && !state.extent));
	must(state.missing <= state.extent);
	state_format(&state, again);
	must(strlen(again) == size && !memcmp(again, data, size));
	return 0;
}
