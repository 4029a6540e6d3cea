# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# fetch.sh - packages of any of Debian's releases, by name, with apt; nothing is installed
#
#	fetch_from RELEASE ARCH		what follows is of that release and architecture
#	known COMMAND [ARG...]		ask apt-cache
#	update				read the lists again; what went wrong is in fetch.log
#	download PACKAGE		its .deb, in a folder of that name
#	download_all PACKAGE...		these and all that they depend on, in deb/
#
# All files are below the current folder. RELEASE is a name that Debian's archive has (bookworm, trixie,
# sid, trixie-backports), `backports' for those of this machine's release, or empty: then it is what
# this machine's apt is set up for. Otherwise the lists are our own, from the mirror that this machine
# uses. The caller defines `without REASON', which does not return.

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

# Backports need what they were made for.
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
	# The lists may be too old, or empty.
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
