# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# fault.sh - both ends of a remote pool, for scripts that take away what is between them
#
#	. "$(dirname "$0")/fault.sh"
#
# after which there is all of test/tool/lib.sh and sshd.sh, and
#
#	$target			a folder of pool sets; `small.set' has a pool of some MiB in one part
#	reach_by_ssh [...]	RPMEM_SSH and RPMEM_CMD lead to our rpmemd, through an SSH server of our
#				own, with the arguments of sshd_start
#	reach_directly		the same, without SSH: the command is run as it is
#	actor_start		$actor is the process id of a fault-actor; see there what it is told
#	tell CALL...		let it make a call
#	hear			wait for what comes of it: $call $result $error $ms $message
#	ask CALL...		both
#	actor_end		let it end; $status
#	target_pid		of the rpmemd that was started last, once it is there
#	gone PID		has that process ended?
#	done_with_faults	instead of done_testing
#	strangers		the children that the actor has: ssh
#	wait_until_free		open small.set with two lanes, when nobody has it any more; and more than
#				once, where logging in takes longer than the deadline of either end
#
# ACTOR: the built fault-actor; RPMEMD: the built rpmemd. All that was started is ended at the end.

# shellcheck source-path=SCRIPTDIR source=../tool/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tool/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../tool/sshd.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tool/sshd.sh"

requires "${ACTOR-}" ACTOR
requires "${RPMEMD-}" RPMEMD

# Sanitizers write to files, so that their reports outlive the process at either end.
export ASAN_OPTIONS=log_path=$dir/sanitizer:exitcode=99
export UBSAN_OPTIONS=$ASAN_OPTIONS:halt_on_error=1
export TSAN_OPTIONS=${TSAN_OPTIONS:+$TSAN_OPTIONS:}$ASAN_OPTIONS
# Drivers that come with libfabric would catch a crash, and make an ordinary exit of it.
export IPATH_NO_BACKTRACE=1 HFI_NO_BACKTRACE=1

stand_in=$(realpath "$(dirname "${BASH_SOURCE[0]}")/ssh") # whatever folder we go to
target=$dir/target
host=127.0.0.1
actor=
patience=30 # seconds to wait for an answer of the actor, deadlines and sanitizers included

mkdir "$target"
printf '%s\n' PMEMPOOLSET "8M $target/small.part" >"$target/small.set"
printf '%s\n' PMEMPOOLSET "8M $target/other.part" >"$target/other.set"

# How the target is started: its process id is left behind, since it runs on "another machine".
target_command() {
	printf 'export ASAN_OPTIONS=%q UBSAN_OPTIONS=%q TSAN_OPTIONS=%q; ' \
		"$ASAN_OPTIONS" "$UBSAN_OPTIONS" "$TSAN_OPTIONS"
	printf 'export IPATH_NO_BACKTRACE=1 HFI_NO_BACKTRACE=1; '
	printf 'echo $$ >%q; exec %q --poolset-dir=%q --log-file=%q %s' "$dir/target.pid" "$RPMEMD" \
		"$target" "$dir/messages" "${target_options-}"
}

reach_by_ssh() {
	sshd_start "$dir/ssh" "$@" || return
	at_exit "sshd_stop '$dir/ssh'"
	RPMEM_SSH=$dir/ssh/ssh RPMEM_CMD=$(target_command)
	export RPMEM_SSH RPMEM_CMD
}

reach_directly() {
	RPMEM_SSH=$stand_in RPMEM_CMD=$(target_command)
	export RPMEM_SSH RPMEM_CMD
}

actor_start() { # [COMMAND...]: to run it with
	rm -f "$dir/calls" "$dir/answers" "$dir/target.pid"
	mkfifo "$dir/calls" "$dir/answers"
	"$@" "$ACTOR" <"$dir/calls" >"$dir/answers" 2>"$dir/actor.err" &
	actor=$!
	exec 7>"$dir/calls" 8<"$dir/answers"
}

actor_end() {
	exec 7>&-
	wait "$actor"
	status=$?
	exec 8<&-
	actor=
}

tell() {
	echo "$*" >&7
}

hear() {
	local line
	call='' result='' error='' ms='' message=''
	if ! IFS= read -r -t $patience line <&8; then
		err="no answer in $patience seconds: $(cat "$dir/actor.err")"
		return 1
	fi
	out=$line
	IFS=': ' read -r call result error ms message <<<"$line"
}

ask() {
	tell "$@"
	hear
}

has_target() {
	[ -s "$dir/target.pid" ]
}

target_pid() {
	wait_for has_target && cat "$dir/target.pid"
}

gone() {
	is_dead "$1"
}

strangers() {
	sshd_children "$actor"
}

wait_until_free() {
	local tries
	for ((tries = 0; tries < 40; tries++)); do
		ask open $host small.set 8388608 2
		case "$call $error" in open\ EBUSY | open\ ETIMEDOUT | open\ ECONNRESET) ;; *) return ;; esac
		sleep 0.1
	done
}

# Instead of done_testing.
done_with_faults() {
	out=$(cat "$dir"/sanitizer.* 2>/dev/null)
	ok "sanitizers: they report nothing at either end" [ -z "$out" ]
	done_testing
}

fault_cleanup() {
	local pid
	if [ -n "$actor" ]; then
		kill -CONT "$actor" 2>/dev/null
		kill -KILL "$actor" 2>/dev/null
	fi
	if pid=$(cat "$dir/target.pid" 2>/dev/null) && ! gone "$pid"; then
		kill -KILL "$pid" 2>/dev/null
	fi
}
at_exit fault_cleanup
