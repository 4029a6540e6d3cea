# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# lib.sh - what the test scripts of the tools share; each begins with
#
#	. "$(dirname "$0")/lib.sh"
#
# and ends with `done_testing'. It speaks the Test Anything Protocol on standard output. There is
# an empty directory $dir, removed at the end.
#
#	run COMMAND [ARG...]		run it; then see $status, $out and $err
#	ok WHAT COMMAND [ARG...]	a test point: does the command, mostly [ or has, succeed?
#	has TEXT PART			is PART in TEXT?
#	skip WHAT REASON		a test point that cannot be shown here
#	points WHAT COMMAND [ARG...]	all test points of a program that speaks TAP, as our own
#	at_exit COMMAND			to undo something, newest first
#	is_dead PID			has this process ended, whether or not it has been waited for?
#	wait_for COMMAND [ARG...]	until it succeeds, ten seconds at most
#	requires PATH NAME		bail out unless the variable NAME has led to a program at PATH
#	own_images			have holdfast crash keep its images in a directory of this test's own
#
# With UNTIL_FAILURE in the environment a test ends at its first point that fails.

set -u
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
ulimit -c 0

points=0
failures=0
undo=:
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/holdfast-test.XXXXXX") || exit 99
export XDG_CACHE_HOME=$dir/cache

# Undo what a test that ends in the middle has not undone itself: mounts below $dir, and loop devices.
release_dir() {
	losetup -n -O NAME,BACK-FILE | awk -v dir="$dir/" 'index($2, dir) { print $1 }' |
		xargs -r -n 1 losetup -d
	awk -v dir="$dir/" 'index($2, dir) == 1 { print $2 }' /proc/mounts | tac | xargs -r umount -l
}

cleanup() {
	trap - EXIT
	eval "$undo"
	release_dir 2>/dev/null
	rm -rf --one-file-system "$dir"
}
trap cleanup EXIT
trap 'exit 99' INT TERM HUP

at_exit() {
	undo="$*; $undo"
}

run() {
	"$@" >"$dir/.out" 2>"$dir/.err"
	status=$?
	out=$(tr -d '\0' <"$dir/.out") err=$(tr -d '\0' <"$dir/.err")
}

end_if_asked() {
	[ -z "${UNTIL_FAILURE-}" ] || exit 1
}

ok() {
	local what=$1
	shift
	points=$((points + 1))
	if "$@"; then
		echo "ok $points - $what"
		return
	fi
	failures=$((failures + 1))
	echo "not ok $points - $what"
	{
		printf 'failed: %s\nthe last run: exit status %s\n' "$*" "${status-}"
		printf '%s\n%s\n' "${out-}" "${err-}" | head -n 20
	} | sed 's/^/# /'
	end_if_asked
}

has() {
	[[ $1 == *"$2"* ]]
}

skip() {
	points=$((points + 1))
	echo "ok $points - $1 # SKIP $2"
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
	[ $failures = 0 ] || end_if_asked
	if [ "$seen" != "${plan%% *}" ] || { [ $code != 0 ] && [ $code != 1 ]; }; then
		status=$code out="$seen points, the plan says ${plan:-nothing}" err=$(<"$dir/.err")
		ok "$what: ran to its end" false
	fi
}

wait_for() {
	local tries
	for ((tries = 0; tries < 1000; tries++)); do
		"$@" && return
		sleep 0.01
	done
	return 1
}

# A zombie is dead, too: the parent of an orphan may take its time to reap it, or not do it at all.
is_dead() { # PID
	! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"
}

has_stopped() { # PID
	! grep -h '^State:' /proc/"$1"/task/*/status | grep -qv 'T (stopped)'
}

# The signal is on its way for a moment, in which a thread may still do what it was asked.
freeze() { # PID
	kill -STOP "$1" && wait_for has_stopped "$1"
}

requires() {
	[ -x "$1" ] && return
	echo "Bail out! $2 names no program"
	exit 99
}

# In main memory, where others may run holdfast crash at the same time.
own_images() {
	HOLDFAST_CRASH_DIR=$(mktemp -d /dev/shm/holdfast-test.XXXXXX) || exit 99
	export HOLDFAST_CRASH_DIR
	at_exit "rm -rf '$HOLDFAST_CRASH_DIR'"
}

done_testing() {
	echo "1..$points"
	[ $failures -eq 0 ]
	exit
}
