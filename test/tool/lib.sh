# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# lib.sh - functions that the test scripts share
#
# Each script begins with the first line below, and ends with the second:
#
#	. "$(dirname "$0")/lib.sh"
#	done_testing
#
# The functions print the Test Anything Protocol (TAP) on standard
# output. $dir is an empty directory, removed at the end.
#
#	run COMMAND [ARG...]		run the command; set $status, $out and $err
#	run_misused COMMAND [ARG...]	run a command whose arguments argp refuses
#	ok WHAT COMMAND [ARG...]	a test point, which passes if the command succeeds
#	has TEXT PART			succeed if TEXT contains PART
#	skip WHAT REASON		a test point that cannot run on this machine
#	points WHAT COMMAND [ARG...]	run a program that prints TAP, and report its points
#	at_exit COMMAND			run the command at exit; the last one given runs first
#	is_dead PID			succeed if this process has ended, also if it is a zombie
#	has_stopped PID			succeed if all threads of this process are stopped
#	freeze PID			stop this process, and wait until it has stopped
#	pause SECONDS			sleep without starting a process
#	wait_for COMMAND [ARG...]	repeat the command until it succeeds, for about 10 seconds at most
#	requires PATH NAME		bail out unless PATH, the value of variable NAME, is a program
#	own_images			make holdfast crash keep its images in a folder of this test
#
# If the environment has UNTIL_FAILURE, a test ends at its first point that fails.

set -u
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
ulimit -c 0

points=0
failures=0
undo=:
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/holdfast-test.XXXXXX") || exit 99
export XDG_CACHE_HOME=$dir/cache

# Unmounts what is mounted below $dir, and detaches loop devices whose files are below $dir: a test
# that ends early leaves mounts and loop devices behind.
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
	# The shell leaves NUL bytes out of the value of a variable, and warns of them.
	{ out=$(<"$dir/.out") err=$(<"$dir/.err"); } 2>/dev/null
}

# argp ends a program by exit() in the C library. The thread sanitizer of gcc 13 and later reports that
# with ignore_noninstrumented_modules=1, which is set for libfabric, and not needed here.
run_misused() {
	TSAN_OPTIONS='' run "$@"
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
		printf 'failed: %s\nexit status of the last run: %s\n' "$*" "${status-}"
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
		ok "$what: the program prints all points of its plan and exits with 0 or 1" false
	fi
}

# Starting sleep(1) a hundred times in a second would take a good part of a CPU.
exec {never}<> <(:)
pause() { # SECONDS
	read -r -t "$1" -u "$never" || :
}

wait_for() {
	local tries
	for ((tries = 0; tries < 1000; tries++)); do
		"$@" && return
		pause 0.01
	done
	return 1
}

# A zombie counts as dead: the process that inherits an orphan may reap it late, or never.
is_dead() { # PID
	local text
	{ text=$(<"/proc/$1/status"); } 2>/dev/null
	[[ ! $text =~ $'\n'State:[[:space:]]*[^ZX[:space:]] ]]
}

has_stopped() { # PID
	! grep -h '^State:' /proc/"$1"/task/*/status | grep -qv 'T (stopped)'
}

# SIGSTOP takes effect after a moment, in which a thread of the process may still act: wait for it.
freeze() { # PID
	kill -STOP "$1" && wait_for has_stopped "$1"
}

requires() {
	[ -x "$1" ] && return
	echo "Bail out! \$$2 is not the path of a program"
	exit 99
}

# Has holdfast crash keep its images in a new folder in /dev/shm, which no other test uses at the
# same time.
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
