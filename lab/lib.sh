# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# lib.sh - what the jobs share, besides all of test/tool/lib.sh; each begins with
#
#	. "$(dirname "$0")/../lib.sh"
#
#	modules NAME...			load these modules of the kernel
#	labels				make the regions of NVDIMMs ready for namespaces
#	namespace MODE SIZE [REGION]	make one; set $device to its disk or DAX device
#	mount_on FS DEVICE DIR [OPT]	make a file system there and mount it (with -o OPT)
#	points WHAT COMMAND [ARG...]	all test points of a program that speaks TAP, as our own
#	probe FILE			what lab/probe.c says of a file or device: key=value lines

# In memory; jobs mount what they test elsewhere.
export TMPDIR=/run
# shellcheck source-path=SCRIPTDIR/../test/tool
. "$(dirname "${BASH_SOURCE[0]}")/../test/tool/lib.sh"

if [ -z "${LAB-}" ]; then
	echo "Bail out! jobs run in a machine of the lab: lab/run MACHINE JOB"
	exit 99
fi
unset PMEM2_FORCE_GRANULARITY
HOLDFAST=$BUILD/tools/holdfast/holdfast

# By the clock: a try takes long here.
wait_for() {
	local end=$((SECONDS + 20))
	until "$@"; do
		[ $SECONDS -lt $end ] || return
		sleep 0.05
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
	made=$(ndctl create-namespace -f -m "$1" -s "$2" -r "${3-region0}" 2>&1) ||
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

points() {
	local what=$1 line plan= seen=0 code
	shift
	"$@" >"$dir/.tap" 2>"$dir/.err"
	code=$?
	while IFS= read -r line; do
		case $line in
		'ok '* | 'not ok '*)
			points=$((points + 1)) seen=$((seen + 1))
			case $line in
			not*) failures=$((failures + 1)) && echo "not ok $points - $what:${line#*-}" ;;
			*-*) echo "ok $points - $what:${line#*-}" ;;
			*) echo "ok $points - $what" ;;
			esac
			;;
		1..*) plan=${line#1..} ;;
		*) echo "$line" ;;
		esac
	done <"$dir/.tap"
	if [ "$seen" != "${plan%% *}" ] || { [ $code != 0 ] && [ $code != 1 ]; }; then
		status=$code out="$seen points, the plan says ${plan:-nothing}" err=$(<"$dir/.err")
		ok "$what: ran to its end" false
	fi
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
