# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# cable.sh - make two network namespaces, which stand for two machines, and join them by a pair of
# virtual interfaces called the cable, for scripts that cut the network
#
#	. "$(dirname "$0")/cable.sh"
#	cable_start		make the namespaces $here and $there, whose address is $host; if it
#				fails, $cable_trouble has the reason
#	"$dir/cable" down|up	cut the network, or restore it
#
# While the network is cut, all packets are lost, and neither end gets an error. A script must
# include fault.sh first.

here=hf-here-$$ there=hf-there-$$
host=10.77.0.2

# Write the program that cuts and restores the network. After a cut it enters the link address of each end
# permanently into the neighbour table of the other end, since resolving the address again takes time.
cable_program() {
	cat >"$dir/cable" <<-END
		#!/bin/sh
		ip -n $there link set cable "\$1" || exit
		[ "\$1" = up ] || exit 0
		ip -n $here neighbour replace $host lladdr 02:00:00:00:00:02 dev cable nud permanent &&
			ip -n $there neighbour replace 10.77.0.1 lladdr 02:00:00:00:00:01 dev cable nud permanent
	END
	chmod +x "$dir/cable"
}

cable_join() {
	ip -n "$here" link add cable type veth peer name cable netns "$there" &&
		ip -n "$here" link set cable address 02:00:00:00:00:01 &&
		ip -n "$there" link set cable address 02:00:00:00:00:02 &&
		ip -n "$here" address add 10.77.0.1/24 dev cable &&
		ip -n "$there" address add $host/24 dev cable &&
		ip -n "$here" link set lo up && ip -n "$there" link set lo up &&
		ip -n "$here" link set cable up && "$dir/cable" up
}

cable_start() {
	local reason
	cable_trouble="no network namespaces can be made here"
	[ "$(id -u)" -eq 0 ] && ip netns add "$here" 2>/dev/null || return
	at_exit "ip netns del $here"
	# `ip netns exec' mounts a new /sys, which fails in a chroot whose root is not a mount point.
	if ! reason=$(ip netns exec "$here" true 2>&1); then
		cable_trouble="no program can be run in a network namespace here: $reason"
		return 1
	fi
	ip netns add "$there" || return
	at_exit "ip netns del $there"
	cable_program
	cable_join || { echo "Bail out! the two network namespaces cannot be connected"; exit 99; }
}
