# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# sshd.sh - starts an SSH server on this machine, for test scripts that need another machine
#
#	. sshd.sh
#	sshd_start FOLDER [ADDRESS [COMMAND...]]
#	RPMEM_SSH=$FOLDER/ssh program ...
#	sshd_stop FOLDER
#
# FOLDER must not exist yet; it gets all keys, the configuration and the log. The server listens on
# ADDRESS (127.0.0.1) at a free high port. COMMAND, such as `ip netns exec NAME', starts the server;
# it must become the server by exec, so that $sshd_pid is the server. sshd_start sets or makes:
#
#	$FOLDER/ssh	an ssh that uses the key and the port, and trusts this server alone
#	$sshd_pid	the process id of the server
#	$sshd_port	the port of the server
#
# ssh logs in as the user who runs the script; any host name that resolves to ADDRESS leads to the
# server. If sshd_start fails, $sshd_trouble has the reason, and there is nothing to stop.
#
# sshd_children PID prints the ids of the process's children, one per line. The children of
# $sshd_pid are its sessions.

sshd_configure() { # FOLDER ADDRESS PORT
	local locked=no
	# An account with "!" in place of its password is locked: sshd accepts a key for it only
	# with UsePAM.
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
	# sshd must not treat killed clients as attackers. Older versions of sshd lack the option
	# PerSourcePenalties.
	if "$sshd_program" -t -f "$1/sshd_config" -o PerSourcePenalties=no 2>/dev/null; then
		echo "PerSourcePenalties no" >>"$1/sshd_config"
	fi
	# bash reads ~/.bashrc in an SSH session, unless SHLVL says that another shell has started it. A user's
	# ~/.bashrc may take longer than the log-in.
	if "$sshd_program" -t -f "$1/sshd_config" -o SetEnv=SHLVL=1 2>/dev/null; then
		echo "SetEnv SHLVL=1" >>"$1/sshd_config"
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
	# If a target string contains a port, ssh gets it by the option -p, which overrules the port
	# in this file.
	# curve25519-sha256 has no post-quantum arithmetic: a log-in takes half the time.
	printf '#!/bin/sh\nexec ssh -F %q "$@"\n' "$1/ssh_config" >"$1/ssh"
	chmod +x "$1/ssh"
}

# Waits until the log says that the server listens. Fails if the server ends first, because another
# process uses its port or for another reason, which is in the log.
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

sshd_start() { # FOLDER [ADDRESS [COMMAND...]]: start the server, as described above
	local folder=$1 address=${2:-127.0.0.1} tries
	shift $(($# < 2 ? $# : 2))
	sshd_trouble=
	# sshd runs itself again for every session, so it must be started by its absolute path.
	if ! sshd_program=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd) ||
		! command -v ssh ssh-keygen >/dev/null; then
		sshd_trouble="there is no sshd, ssh or ssh-keygen here"
		return 1
	fi
	# sshd needs the folder /run/sshd, which the system's sshd service usually makes. sshd_stop
	# does not remove the folder, as another sshd may use it.
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
		# Skip all fields up to the program's name, which is in parentheses and may contain
		# blanks and parentheses itself.
		{ fields=$(<"$stat"); } 2>/dev/null || continue
		fields=${fields##*) }
		fields=${fields#? }
		[ "${fields%% *}" = "$1" ] || continue
		stat=${stat%/stat}
		echo "${stat#/proc/}"
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
