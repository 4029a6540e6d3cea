# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# which.sh - choose the kernel and the QEMU that the lab runs
#
#	choose ARCH		make kernel and QEMU ready; exit with a TAP skip if that is impossible
#	older A B		return whether version A is older than version B
#
# From the environment: KERNEL=RELEASE[/VERSION] and QEMU=RELEASE, empty or absent for the release of this
# machine; lab/fetch.sh says what RELEASE may be. A kernel comes with the ndctl of its release. `choose'
# sets:
#
#	$store			where lab/prepare has left the kernel
#	$linux, $qemu		their versions
#	$PATH			begins with the folder of the QEMU that was chosen
#	$programs		a folder with programs for the guest, or empty

lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

without() {
	echo "1..0 # SKIP $*"
	exit 0
}

bail() {
	echo "Bail out! $*"
	exit 99
}

older() {
	[ "$1" != "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

# made SCRIPT ARG...: run lab/SCRIPT; skip the test if it exits with 77, bail out if it fails
made() {
	local reason
	reason=$("$lab/$1" "${@:2}")
	case $? in
	0) ;;
	77) without "$reason" ;;
	*) bail "lab/$1 failed: $reason" ;;
	esac
}

choose() {
	local arch=$1 release=${KERNEL-} all package=qemu-system-x86
	all=$(dirname "$lab")/build/lab
	store=$all${release:+/$release}
	[ "$arch" = x86_64 ] || store=$store/$arch package=qemu-system-arm
	programs=
	if [ -n "${QEMU-}" ]; then
		made tools "$all/tools/$QEMU/$package" "$QEMU" "$package"
		PATH=$all/tools/$QEMU/$package/bin:$PATH
	fi
	if [ -n "$release" ] && [ "$arch" = x86_64 ]; then
		programs=$all/tools/${release%%/*}/ndctl
		made tools "$programs" "${release%%/*}" ndctl
		programs=$programs/bin
	fi
	mkdir -p "$store"
	made prepare "$store" "$arch" "$release"
	linux=$(<"$store/release")
	linux=${linux%%[-+]*}
	qemu=$("qemu-system-$arch" --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')
}
