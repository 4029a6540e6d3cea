# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# peer.sh - finds the installed libpmem and libpmem2 of PMDK, "the peer", with which Holdfast's libraries are
# compared
#
#	find_peer	sets $peer to the directory of both libraries; fails if one is missing
#	requires_peer	does what find_peer does; skips the whole test if one is missing

# Skip an installed Holdfast: it is not a peer.
find_peer() {
	while read -r peer; do
		[ -e "$peer/libpmem.so.1" ] && ! grep -q LIBPMEM2_HOLDFAST "$peer/libpmem2.so.1" && return
	done < <(ldconfig -p | sed -n 's/.*=> \(.*\)\/libpmem2\.so\.1$/\1/p')
	return 1
}

requires_peer() {
	find_peer && return
	echo "1..0 # SKIP the system has no libpmem.so.1 and libpmem2.so.1 to compare with, except Holdfast"
	exit 0
}
