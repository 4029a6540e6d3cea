# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# sshd.sh - an SSH server of our own, for scripts that need another machine and have none
#
#	. sshd.sh
#	sshd_start FOLDER [ADDRESS [COMMAND...]]
#	RPMEM_SSH=$FOLDER/ssh program ...
#	sshd_stop FOLDER
#
# FOLDER must not be there yet; it gets keys, configuration and log, nobody else's are touched. The
# server listens on ADDRESS (127.0.0.1) at a free high port. COMMAND, such as `ip netns exec NAME',
# runs it somewhere else; it must become the server, not have it as a child. Then
#
#	$FOLDER/ssh	is an ssh that knows key and port and trusts this server alone
#	$sshd_pid	is the server, $sshd_port its port
#
# The user who runs this logs in; any host name that ssh can resolve to ADDRESS leads there. sshd_start
# fails with the reason in $sshd_trouble, and then there is nothing to stop.
#
# sshd_children PID prints the process ids of its children, a line each: of $sshd_pid, the sessions.

sshd_configure() { # FOLDER ADDRESS PORT
	local locked=no
	# If root has no password, "!" stands for it, and only PAM lets a key in all the same.
	[[ $(getent shadow "$(id -un)" 2>/dev/null) != *:!* ]] || locked=yes
	cat >"$1/sshd_config" <<-END
		ListenAddress $2
		Port $3
		HostKey $1/host_key
		AuthorizedKeysFile $1/user_key.pub
		AuthenticationMethods publickey
		PermitRootLogin yes
		StrictModes no
		UsePAM $locked
		PidFile none
		PrintMotd no
		PrintLastLog no
		MaxStartups 100
		LogLevel VERBOSE
	END
	# Do not treat killed clients as attackers. Older versions do not know this option.
	if "$sshd_program" -t -f "$1/sshd_config" -o PerSourcePenalties=no 2>/dev/null; then
		echo "PerSourcePenalties no" >>"$1/sshd_config"
	fi
	cat >"$1/ssh_config" <<-END
		Port $3
		User $(id -un)
		IdentityFile $1/user_key
		IdentitiesOnly yes
		IdentityAgent none
		UserKnownHostsFile $1/known_hosts
		GlobalKnownHostsFile none
		HostKeyAlias holdfast
		StrictHostKeyChecking yes
		PreferredAuthentications publickey
		KexAlgorithms curve25519-sha256
		ControlMaster no
		ControlPath none
		LogLevel ERROR
	END
	# The port of a target string comes as -p and overrules the one above. This key exchange is
	# one without post-quantum arithmetic: it halves the time that a log-in takes.
	printf '#!/bin/sh\nexec ssh -F %q "$@"\n' "$1/ssh_config" >"$1/ssh"
	chmod +x "$1/ssh"
}

# It listens once it says so; if it ends before, the port was taken, or the reason is in its log.
sshd_listens() { # FOLDER
	local tries
	for ((tries = 0; tries < 1000; tries++)); do
		if grep -q '^Server listening' "$1/log"; then return 0; fi
		kill -0 "$sshd_pid" 2>/dev/null || return
		sleep 0.01
	done
	kill "$sshd_pid"
	return 1
}

sshd_start() { # FOLDER [ADDRESS [COMMAND...]]
	local folder=$1 address=${2:-127.0.0.1} tries
	shift $(($# < 2 ? $# : 2))
	sshd_trouble=
	# It starts itself anew for every session, so it wants its whole path.
	if ! sshd_program=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd) ||
		! command -v ssh ssh-keygen >/dev/null; then
		sshd_trouble="there is no sshd, ssh or ssh-keygen here"
		return 1
	fi
	# As the service would; it stays, since another server may be using it by now.
	if [ "$(id -u)" -eq 0 ] && [ ! -d /run/sshd ]; then mkdir -m 0755 /run/sshd; fi
	if ! { (umask 077 && mkdir "$folder") &&
		ssh-keygen -q -t ed25519 -N '' -C holdfast -f "$folder/host_key" &&
		ssh-keygen -q -t ed25519 -N '' -C holdfast -f "$folder/user_key" &&
		echo "holdfast $(<"$folder/host_key.pub")" >"$folder/known_hosts"; }; then
		sshd_trouble="no keys can be made in $folder"
		return 1
	fi
	for ((tries = 0; tries < 20; tries++)); do
		sshd_port=$((20000 + RANDOM % 12000))
		sshd_configure "$folder" "$address" $sshd_port
		: >"$folder/log"
		"$@" "$sshd_program" -D -e -f "$folder/sshd_config" 2>"$folder/log" </dev/null &
		sshd_pid=$!
		if sshd_listens "$folder"; then
			echo $sshd_pid >"$folder/pid"
			return 0
		fi
		wait $sshd_pid
		grep -q 'Address already in use' "$folder/log" || break
	done
	sshd_trouble="no sshd can be started: $(tail -n 1 "$folder/log")"
	return 1
}

sshd_children() { # PID
	local stat fields
	for stat in /proc/[0-9]*/stat; do
		# The name in it may hold anything, even blanks and parentheses; what follows is plain.
		{ fields=$(<"$stat"); } 2>/dev/null || continue
		fields=${fields##*) }
		fields=${fields#? }
		[ "${fields%% *}" != "$1" ] || basename "${stat%/stat}"
	done
}

sshd_stop() { # FOLDER
	local pid session
	pid=$(cat "$1/pid" 2>/dev/null) || return 0
	rm "$1/pid"
	for session in $(sshd_children "$pid"); do
		kill "$session" 2>/dev/null
	done
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	return 0
}
