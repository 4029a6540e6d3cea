#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# infinipath-takes-signals - loading a library for network adapters changes how signals end a program, even if
# the machine has no such adapter
#
# Debian 12, libpsm-infinipath1 3.3+20.604758e7-6.2 (a dependency of libfabric1 1.17.0-3, whose provider psm
# it serves). Its libinfinipath.so.4 installs handlers for SIGINT, SIGILL, SIGABRT, SIGBUS, SIGSEGV and
# SIGTERM in a constructor, before main() and whether or not the machine has such an adapter. The handler of
# SIGTERM calls exit: the program ends with status 1 instead of by the signal, so a supervisor that stopped
# it counts a failure; SIGINT likewise. Every program that loads libfabric.so.1 inherits this, also one that
# never asks for that provider. libpsm2.so.2 11.2.185-2, its successor, installs no handler.
#
# Seen, for `sleep` without and with the library preloaded (the mask of caught signals, the exit status):
#
#	without: caught 0000000000000000, ended by SIGTERM with 143
#	with libinfinipath: caught 000000000000446a, ended by SIGTERM with 1
#
# Exit status: 0 the library still does this, 1 it does not, 77 the package cannot be downloaded.
set -u

package=libpsm-infinipath1 version=3.3+20.604758e7-6.2
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"

(cd "$dir" && apt-get download "$package=$version" >/dev/null 2>&1) || {
	echo "$package $version cannot be downloaded"
	exit 77
}
dpkg -x "$dir"/*.deb "$dir"
library=$(find "$dir" -name 'libinfinipath.so.4' | head -n 1)

look() { # NAME LIBRARY: prints the caught signals of a program and how SIGTERM ends it
	LD_PRELOAD=$2 sleep 60 2>/dev/null &
	local program=$! caught
	sleep 0.5
	caught=$(sed -n 's/^SigCgt:[[:blank:]]*//p' "/proc/$program/status")
	kill -TERM "$program"
	wait "$program" 2>/dev/null
	echo "$1: caught $caught, ended by SIGTERM with $?"
}

seen=$(look without '' && look 'with libinfinipath' "$library")
echo "$seen"
[ "$seen" = 'without: caught 0000000000000000, ended by SIGTERM with 143
with libinfinipath: caught 000000000000446a, ended by SIGTERM with 1' ]
