#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# psm2-sleeps-when-loaded - merely loading a library delays a program's start by a tenth of a second
#
# Debian 12, libpsm2-2 11.2.185-2 (a dependency of libfabric1 1.17.0-3). A constructor of libpsm2.so.2
# measures the frequency of the CPU's cycle counter: it binds the thread to CPU 0 and sleeps 125 us up to
# 490 times, before main(), on every machine, whether or not it has an adapter of that kind. So each program that
# loads libfabric.so.1 starts 0.1 s later, and in a library that loads it on demand the first call waits as
# long. The program sleeps instead of computing, so a profiler does not show the delay; only the count of
# voluntary context switches does.
#
# Seen in the first half second of the program `sleep`: 1 voluntary context switch without the library, 489
# with it (fewer on a busy machine, where each sleep takes longer).
#
# Exit status: 0 the library still does this, 1 it does not, 77 the package cannot be downloaded.
set -u

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"

for package in libpsm2-2=11.2.185-2 libnuma1=2.0.16-1; do
	(cd "$dir" && apt-get download "$package" >/dev/null 2>&1) || {
		echo "$package cannot be downloaded"
		exit 77
	}
done
for file in "$dir"/*.deb; do
	dpkg -x "$file" "$dir"
done
library=$(find "$dir" -name 'libpsm2.so.2' | head -n 1)

switches() { # LIBRARY: prints how often a program sleeps in the first half second after its start
	LD_LIBRARY_PATH=${library%/*} LD_PRELOAD=$1 sleep 60 &
	local program=$!
	sleep 0.5
	sed -n 's/^voluntary_ctxt_switches:[[:blank:]]*//p' "/proc/$program/status"
	kill "$program"
	wait "$program" 2>/dev/null
}

without=$(switches '') with=$(switches "$library")
echo "voluntary context switches: $without without libpsm2, $with with it"
[ "$without" -lt 50 ] && [ "$with" -gt 100 ]
