# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# fetch.sh - functions that download packages of any Debian release with apt, and install nothing
#
#	fetch_from RELEASE ARCH		choose release and architecture for the functions below
#	known COMMAND [ARG...]		run apt-cache COMMAND
#	update				update the package lists; errors are in fetch.log
#	download PACKAGE		download the package's .deb into the folder PACKAGE
#	download_all PACKAGE...		download these packages and all dependencies into deb/
#
# All files are below the current folder. RELEASE is a name that Debian's archive has (bookworm, trixie,
# sid, trixie-backports), `backports' for the backports of this machine's release, or empty for the
# sources that this machine's apt has. For other releases the package lists are our own, from the mirror
# that this machine uses. The caller must define a function `without REASON', which must not return.

fetch_from() {
	local release=$1
	apt=()
	[ "$release" != backports ] ||
		release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)-backports
	[ -n "$release" ] || [ "$2" != "$(dpkg --print-architecture)" ] || return 0
	mkdir -p apt/state/lists/partial apt/cache/archives/partial && : >apt/state/status || exit 1
	apt=(-o APT::Architecture="$2" -o APT::Architectures="$2" -o Dir::State="$PWD/apt/state"
		-o Dir::State::status="$PWD/apt/state/status" -o Dir::Cache="$PWD/apt/cache"
		-o APT::Sandbox::User=root -o APT::Update::Post-Invoke-Success= -o APT::Get::List-Cleanup=false)
	[ -n "$release" ] || return 0
	sources >apt/sources || exit 1
	[ -s apt/sources ] || without "apt names no mirror of Debian; try apt-get update"
	apt+=(-o Dir::Etc::SourceList="$PWD/apt/sources" -o Dir::Etc::SourceParts=/dev/null
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null
		-o APT::Default-Release="$release" -o Acquire::Check-Valid-Until=false)
}

# Backports depend on packages of the release that they were made for, so that release is a source, too.
sources() {
	local mirror suite options="" keys=/usr/share/keyrings/debian-archive-keyring.gpg
	# shellcheck disable=SC2016
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' | head -n 1)
	[ ! -e $keys ] || options="[signed-by=$keys] "
	for suite in ${mirror:+"$release" "${release%-backports}"}; do
		echo "deb $options$mirror $suite main"
	done | sort -u
}

known() {
	apt-cache "${apt[@]}" "$@" 2>/dev/null
}

update() {
	apt-get "${apt[@]}" update >>fetch.log 2>&1
}

refused() { # WHAT
	without "$1: $(grep '^E:' fetch.log | head -n 1)"
}

download() {
	mkdir -p "$1"
	[ -z "$(find "$1" -name '*.deb')" ] || return 0
	: >fetch.log
	(cd "$1" && apt-get "${apt[@]}" download "$1" >>../fetch.log 2>&1) && return
	# A download fails if the package lists are too old, or empty: update them, and try again.
	update
	(cd "$1" && apt-get "${apt[@]}" download "$1" >>../fetch.log 2>&1) || refused "apt-get download $1"
}

download_all() {
	: >fetch.log
	update || refused "apt-get update"
	mkdir -p deb/partial
	apt-get "${apt[@]}" install --yes --no-install-recommends --download-only \
		-o Dir::Cache::archives="$PWD/deb" "$@" >>fetch.log 2>&1 || refused "apt-get install $*"
}
