# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# peer.sh - find the libraries that ours are compared with
#
#	find_peer	$peer is where the system has both
#	requires_peer	the same, or the test is skipped

find_peer() {
	peer=$(ldconfig -p | sed -n 's/.*=> \(.*\)\/libpmem2\.so\.1$/\1/p' | head -n 1)
	[ -e "$peer/libpmem.so.1" ] && [ -e "$peer/libpmem2.so.1" ]
}

requires_peer() {
	find_peer && return
	echo "1..0 # SKIP the system has no libpmem.so.1 and libpmem2.so.1 to compare with"
	exit 0
}
