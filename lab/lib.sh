# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# lib.sh - functions for jobs, in addition to test/tool/lib.sh
#
# Each job begins with this line, and can then call these functions:
#
#	. "$(dirname "$0")/../lib.sh"
#
#	modules NAME...			load these modules of the kernel
#	labels				make the regions of NVDIMMs ready for namespaces
#	namespace MODE SIZE [REGION [NAME]]
#					make a namespace; set $device to its disk or DAX device
#	mount_on FS DEVICE DIR [OPT]	make a file system on DEVICE and mount it on DIR (with -o OPT)
#	from_kernel VERSION		skip the job if the kernel is older
#	put VALUE FILE			write VALUE to a file of sysfs
#	use_fsdev			change the driver of the DAX device $device to fsdev_dax
#	volatile_cxl			make a DAX device of volatile CXL memory; set $device to it
#	subtotal WHAT			make scripts/lab print a separate count of the `points WHAT'
#
# These are for jobs of lab/pair, which run in two machines at once, target and initiator:
#
#	network ROLE			connect the two machines, with RDMA in software; each knows the
#					other's name. ROLE is initiator, target, or after: the target after its power
#					cut, which drops what the initiator sends
#	ssh_to_target ROLE		let the initiator run commands in the target: ssh target COMMAND
#	meet ROLE NAME			wait until the other machine has come to the point NAME, too
#	initiator_ends			after a cut: wait until the initiator's job has ended

# Temporary files are in memory; jobs mount the storage under test elsewhere.
export TMPDIR=/run
# shellcheck source-path=SCRIPTDIR/../test/tool
. "$(dirname "${BASH_SOURCE[0]}")/../test/tool/lib.sh"

if [ -z "${LAB-}" ]; then
	echo "Bail out! jobs run in a machine of the lab: lab/run MACHINE JOB"
	exit 99
fi
# Replaces the function cleanup of test/tool/lib.sh, and removes no files: they are in memory, and the rm of a
# small guest lacks options.
cleanup() {
	trap - EXIT
	eval "$undo"
}

unset PMEM2_FORCE_GRANULARITY
HOLDFAST=$BUILD/tools/holdfast/holdfast

# Waits for a time, not for a number of tries: an emulated guest is slow.
wait_for() {
	local end=$((SECONDS + ${patience-20}))
	until "$@"; do
		[ $SECONDS -lt $end ] || return
		pause 0.05
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
			ndctl enable-region "$region" || trouble "cannot write labels to $region"
	done >/dev/null 2>&1
}

namespace() {
	local made
	made=$(ndctl create-namespace -f -m "$1" -s "$2" -r "${3-region0}" ${4:+-n "$4"} 2>&1) ||
		trouble "cannot make namespace $*: $made"
	[[ $made =~ \"(blockdev|chardev)\":\"([^\"]*)\" ]] || trouble "ndctl names no device: $made"
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

from_kernel() {
	[ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" != "$1" ] || return 0
	echo "1..0 # SKIP Linux $1 or later is needed, not $(uname -r); try KERNEL=sid in the environment"
	exit 0
}

put() {
	local value=$1 file=$2
	run eval 'echo "$value" >"$file"'
	[ "$status" = 0 ] || trouble "$file does not take $value: $err"
}

use_fsdev() {
	local name=${device#/dev/} drivers=/sys/bus/dax/drivers driver
	driver=$(dax_dir "$device")/driver
	modules fsdev_dax
	put "$name" $drivers/device_dax/unbind
	put "$name" $drivers/fsdev_dax/new_id
	[ -e "$driver" ] || put "$name" $drivers/fsdev_dax/bind
	[[ $(readlink "$driver") == */fsdev_dax ]] || trouble "fsdev_dax does not take $name: $(readlink "$driver")"
	wait_for [ -e "$device" ] || trouble "$device has disappeared"
}

# Makes the region by writing to sysfs, in the order that the kernel requires, because the program cxl of
# bookworm cannot make such a region.
volatile_cxl() {
	local cxl=/sys/bus/cxl/devices region
	modules cxl_acpi cxl_pci cxl_mem
	wait_for [ -e $cxl/mem0 ] || trouble "there is no CXL device"
	wait_for [ -e $cxl/decoder2.0 ] || trouble "the CXL device has no decoder: $(ls $cxl)"
	region=$(<$cxl/decoder0.0/create_ram_region)
	put "$region" $cxl/decoder0.0/create_ram_region
	put 256 "$cxl/$region/interleave_granularity"
	put 1 "$cxl/$region/interleave_ways"
	put $((256 << 20)) "$cxl/$region/size"
	put ram $cxl/decoder2.0/mode
	put $((256 << 20)) $cxl/decoder2.0/dpa_size
	put decoder2.0 "$cxl/$region/target0"
	put 1 "$cxl/$region/commit"
	put "$region" /sys/bus/cxl/drivers/cxl_region/bind
	# On newer kernels the driver dax_hmem decides which driver gets the memory, so load it first.
	modprobe dax_hmem 2>/dev/null
	modules dax_cxl device_dax
	wait_for [ -e /sys/bus/dax/devices/dax0.0 ] ||
		trouble "the region $region has no DAX device: $(ls $cxl /sys/bus/dax/devices)"
	# The usual driver of such a device is kmem, which is not loaded.
	[ -e /sys/bus/dax/devices/dax0.0/driver ] || put dax0.0 /sys/bus/dax/drivers/device_dax/new_id
	device=/dev/dax0.0
	wait_for [ -e $device ] || trouble "$device does not appear"
}

subtotal() {
	echo "# subtotal: $1"
}

# Print the directory of a DAX device in sysfs, and its size there.
dax_dir() {
	local number
	number=$(stat -c '%Hr:%Lr' "$1")
	readlink -f "/sys/dev/char/$number"
}

dax_size() {
	cat "$(dax_dir "$1")/size"
}

# Both machines see the same $OUT.
meet() {
	local other=target
	[ "$1" = initiator ] || other=initiator
	touch "$OUT/$2.$1"
	patience=${patience-90} wait_for [ -e "$OUT/$2.$other" ] || trouble "the $other does not come to the point $2"
}

initiator_ends() {
	patience=200 wait_for [ -e "$OUT/over" ] || trouble "the initiator does not end"
}

network() {
	local number=1 link
	[ "$1" = target ] || number=2
	# By default the driver virtio_net may keep sent packets, and with them resources of RDMA, until it
	# sends more: for 50 s if the other machine is gone. With napi_tx=0 the driver frees sent packets at
	# once.
	modprobe virtio_net napi_tx=0
	for link in /sys/class/net/e*; do
		link=${link##*/}
	done
	# Packets that a rebooted target does not receive would stay in the initiator's queue for 50 s: set
	# the link up, so that they are received.
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

# lab/pair has made the key, which both the server and the user have.
ssh_to_target() {
	mkdir -p /root/.ssh /run/sshd && cp "$OUT/key" "$OUT/key.pub" /root/.ssh/ &&
		chmod -R go= /root/.ssh || trouble "cannot install the key for ssh"
	if [ "$1" = target ]; then
		cp /root/.ssh/key.pub /root/.ssh/authorized_keys
		# root's own .bashrc may start more programs with every shell than a slow guest can run.
		: >/root/.bashrc
		# sshd lets nobody log in to a locked account, even with a key: unlock it, without a password.
		sed -i 's/^root:[^:]*:/root:*:/' /etc/shadow
		/usr/sbin/sshd -f /dev/null -h /root/.ssh/key -o StrictModes=no -o UsePAM=no \
			-o PermitRootLogin=prohibit-password || trouble "cannot start sshd"
	else
		# The default key exchange takes seconds in an emulated guest.
		printf '%s\n' 'Host target' 'IdentityFile /root/.ssh/key' \
			'KexAlgorithms curve25519-sha256' 'StrictHostKeyChecking no' \
			'UserKnownHostsFile /dev/null' 'LogLevel ERROR' >/root/.ssh/config
	fi
	meet "$1" ssh
}
