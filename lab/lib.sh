# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# lib.sh - what the jobs share, besides all of test/tool/lib.sh; each begins with
#
#	. "$(dirname "$0")/../lib.sh"
#
#	modules NAME...			load these modules of the kernel
#	labels				make the regions of NVDIMMs ready for namespaces
#	namespace MODE SIZE [REGION [NAME]]
#					make one; set $device to its disk or DAX device
#	mount_on FS DEVICE DIR [OPT]	make a file system there and mount it (with -o OPT)
#	subtotal WHAT			scripts/lab is to count the `points WHAT' by themselves, too
#
# and those of lab/pair, which run in two machines at once, target and initiator:
#
#	network ROLE			join them, with RDMA in software; one reaches the other by name;
#					`after' a cut, drop what the initiator still sends
#	ssh_to_target ROLE		let the initiator run commands there: ssh target COMMAND
#	meet ROLE NAME			wait until the other is there, too
#	initiator_ends			after a cut: wait until the initiator is through with its job

# In memory; jobs mount what they test elsewhere.
export TMPDIR=/run
# shellcheck source-path=SCRIPTDIR/../test/tool
. "$(dirname "${BASH_SOURCE[0]}")/../test/tool/lib.sh"

if [ -z "${LAB-}" ]; then
	echo "Bail out! jobs run in a machine of the lab: lab/run MACHINE JOB"
	exit 99
fi
# Memory goes with the guest, and the rm of a small guest does not know all that ours does.
cleanup() {
	trap - EXIT
	eval "$undo"
}

unset PMEM2_FORCE_GRANULARITY
HOLDFAST=$BUILD/tools/holdfast/holdfast

# By the clock: a try takes long here. A process that sleeps would take more to start than it sleeps.
exec {never}<> <(:)
wait_for() {
	local end=$((SECONDS + ${patience-20}))
	until "$@"; do
		[ $SECONDS -lt $end ] || return
		read -r -t 0.05 -u "$never" || :
	done
}

trouble() {
	echo "Bail out! $*"
	dmesg | tail -n 20 | sed 's/^/# /'
	exit 99
}

modules() {
	modprobe -a "$@" || trouble "cannot load $*"
}

labels() {
	local region
	for region in /sys/bus/nd/devices/region*; do
		region=${region##*/}
		[ -e "/sys/bus/nd/devices/$region/mapping0" ] || continue
		ndctl disable-region "$region" && ndctl init-labels -f nmem"${region#region}" &&
			ndctl enable-region "$region" || trouble "no labels in $region"
	done >/dev/null 2>&1
}

namespace() {
	local made
	made=$(ndctl create-namespace -f -m "$1" -s "$2" -r "${3-region0}" ${4:+-n "$4"} 2>&1) ||
		trouble "no namespace $*: $made"
	[[ $made =~ \"(blockdev|chardev)\":\"([^\"]*)\" ]] || trouble "no device: $made"
	device=/dev/${BASH_REMATCH[2]}
	wait_for [ -e "$device" ] || trouble "$device does not appear"
}

mount_on() {
	case $1 in
	ext4) run mkfs.ext4 -q -F -b 4096 "$2" ;;
	xfs) run mkfs.xfs -q -f "$2" ;;
	esac
	[ "$status" = 0 ] || trouble "mkfs.$1: $err"
	mkdir -p "$3"
	run mount -t "$1" ${4:+-o "$4"} "$2" "$3"
	[ "$status" = 0 ] || trouble "cannot mount $1 $2: $err"
}

subtotal() {
	echo "# subtotal: $1"
}

# The directory in sysfs of a DAX device, and what it says of its size.
dax_dir() {
	local number
	number=$(stat -c '%Hr:%Lr' "$1")
	readlink -f "/sys/dev/char/$number"
}

dax_size() {
	cat "$(dax_dir "$1")/size"
}

# The folder of both is $OUT.
meet() {
	local other=target
	[ "$1" = initiator ] || other=initiator
	touch "$OUT/$2.$1"
	patience=${patience-90} wait_for [ -e "$OUT/$2.$other" ] || trouble "the $other does not come to $2"
}

initiator_ends() {
	patience=200 wait_for [ -e "$OUT/over" ] || trouble "the initiator does not end"
}

network() {
	local number=1 link
	[ "$1" = target ] || number=2
	# It may keep packets that were sent until it sends more, and with them what RDMA holds: 50 s when
	# the other end is gone. Without interrupts for what was sent, it hands them back at once.
	modprobe virtio_net napi_tx=0
	for link in /sys/class/net/e*; do
		link=${link##*/}
	done
	# Packets that a rebooted target does not take stay in the initiator's queue: the same 50 s.
	if [ "$1" = after ]; then
		ip link set "$link" up || trouble "no network over $link"
		return
	fi
	modules rdma_rxe rdma_ucm
	ip link set lo up && ip address add "10.0.0.$number/24" dev "$link" &&
		ip link set "$link" up && rdma link add rxe0 type rxe netdev "$link" ||
		trouble "no network over $link"
	printf '10.0.0.%s %s\n' 1 target 2 initiator >>/etc/hosts
	wait_for rdma_is_up || trouble "RDMA over $link does not come up: $(rdma link)"
	meet "$1" network
}

rdma_is_up() {
	[[ $(rdma link) == *"state ACTIVE"* ]]
}

# lab/pair has made the key; it is the server's and the user's.
ssh_to_target() {
	mkdir -p /root/.ssh /run/sshd && cp "$OUT/key" "$OUT/key.pub" /root/.ssh/ &&
		chmod -R go= /root/.ssh || trouble "no key for ssh"
	if [ "$1" = target ]; then
		cp /root/.ssh/key.pub /root/.ssh/authorized_keys
		# The user's own .bashrc may start more with every shell than a guest can bear.
		: >/root/.bashrc
		# To a locked account nobody gets, with a key or without.
		sed -i 's/^root:[^:]*:/root:*:/' /etc/shadow
		/usr/sbin/sshd -f /dev/null -h /root/.ssh/key -o StrictModes=no -o UsePAM=no \
			-o PermitRootLogin=prohibit-password || trouble "no sshd"
	else
		# The usual exchange of keys takes seconds here.
		printf '%s\n' 'Host target' 'IdentityFile /root/.ssh/key' \
			'KexAlgorithms curve25519-sha256' 'StrictHostKeyChecking no' \
			'UserKnownHostsFile /dev/null' 'LogLevel ERROR' >/root/.ssh/config
	fi
	meet "$1" ssh
}
