# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# fault.sh - functions that start the two ends of a remote pool, for scripts that cause faults at
# either end or between them
#
#	. "$(dirname "$0")/fault.sh"
#
# fault.sh includes test/tool/lib.sh and sshd.sh, sets $target, and defines these functions:
#
#	$target			a folder of pool sets; `small.set' has one part of 8 MiB
#	reach_by_ssh [...]	start an SSH server, with the arguments of sshd_start, and have RPMEM_SSH
#				and RPMEM_CMD lead to the built rpmemd through it
#	reach_directly		have RPMEM_SSH and RPMEM_CMD run the built rpmemd without SSH
#	actor_start		start fault-actor.c, the initiator; $actor is its process id
#	tell CALL...		have the actor begin a call
#	hear			wait for its result: sets $call $result $error $ms $message
#	ask CALL...		tell and hear
#	actor_end		have the actor end; sets $status
#	target_pid		wait for the rpmemd that was started last, and print its process id
#	gone PID		succeed if this process has ended
#	drawn			succeed for one case in $ONE_IN (1), drawn at random; FAULT_SEED=NUMBER in the
#				environment repeats the choice of an earlier run, which prints its seed
#	done_with_faults	call it instead of done_testing: it also checks sanitizers' reports
#	strangers		print the process ids of the actor's children, such as ssh
#	wait_until_free		have the actor open small.set with two lanes; repeat it while the pool
#				is in use, or logging in takes longer than a deadline
#
# ACTOR: the built fault-actor.c; RPMEMD: the built rpmemd. All processes are ended at exit.

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
# Drivers of libfabric would catch the signal of a crash and turn it into an ordinary exit.
export IPATH_NO_BACKTRACE=1 HFI_NO_BACKTRACE=1

stand_in=$(realpath "$(dirname "${BASH_SOURCE[0]}")/ssh") # an absolute path, since scripts change their folder
target=$dir/target
host=127.0.0.1
actor=
patience=30 # time limit for a result of the actor, in seconds

mkdir "$target"
printf '%s\n' PMEMPOOLSET "8M $target/small.part" >"$target/small.set"
printf '%s\n' PMEMPOOLSET "8M $target/other.part" >"$target/other.set"

# Prints a value for RPMEM_CMD: a shell command that writes its process id to target.pid, and then, after
# the commands in $before_target, becomes the target. Scripts find the target by this file.
target_command() {
	printf 'export ASAN_OPTIONS=%q UBSAN_OPTIONS=%q TSAN_OPTIONS=%q; ' \
		"$ASAN_OPTIONS" "$UBSAN_OPTIONS" "$TSAN_OPTIONS"
	printf 'export IPATH_NO_BACKTRACE=1 HFI_NO_BACKTRACE=1; '
	printf 'echo $$ >%q; %s exec %q --poolset-dir=%q --log-file=%q %s' "$dir/target.pid" "${before_target-}" "$RPMEMD" \
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

actor_start() { # [COMMAND...]: start fault-actor.c, by `COMMAND... ACTOR' if a command is given
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

drawn() {
	if [ -z "${drawing-}" ]; then
		drawing=${FAULT_SEED:-$RANDOM}
		[ "${ONE_IN:-1}" = 1 ] || echo "# one case in $ONE_IN is tried; FAULT_SEED=$drawing chooses the same ones"
	fi
	# A generator of its own: scripts also use $RANDOM for delays.
	drawing=$(((drawing * 1103515245 + 12345) % 2147483648))
	[ $((drawing / 65536 % ${ONE_IN:-1})) = 0 ]
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
		pause 0.1
	done
}

# Ends the script as done_testing does, after a test point that fails if a sanitizer has reported
# anything.
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
