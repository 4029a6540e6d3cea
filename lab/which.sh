# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# which.sh - which kernel and which QEMU the lab runs
#
#	choose ARCH		make both ready; exit with a TAP skip where they cannot be had
#	older A B		is version A older than B?
#
# From the environment: KERNEL=RELEASE[/VERSION] and QEMU=RELEASE, empty or absent for this machine's
# own; lab/fetch.sh says what a release is. A kernel comes with the ndctl of its release. Afterwards:
#
#	$store			where lab/prepare has left the kernel
#	$linux, $qemu		their versions
#	$PATH			begins with the QEMU that was asked for
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

# made SCRIPT ARG...: it has made what it is to make
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
