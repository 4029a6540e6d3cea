# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# completion.bash - completes the arguments of holdfast(1) in bash

# Sets $values to the possible values of an option; fails if the option has no list of values.
_holdfast_values() { # COMMAND OPTION
	case $1:$2 in
	info:--require | info:-r) values='byte cache-line page' ;;
	crash:--format) values='text json sarif junit' ;;
	stat:--format) values='text json' ;;
	crash:--atom) values=8 ;;
	crash:--tear) values=512 ;;
	crash:--fs) values='ordered posix' ;;
	crash:--model) values='cache-line byte process page armv8 mirror' ;;
	*) return 1 ;;
	esac
}

# Sets $program to the index of PROGRAM in a command line of crash or stat, which is the word behind
# "--"; fails if there is no "--" before the cursor.
_holdfast_program() {
	local i
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == -- ]]; then
			program=$((i + 1))
			return
		fi
	done
	return 1
}

_holdfast() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]} options values program

	COMPREPLY=()
	case $command in
	info) options='--health --json --program= --prometheus --require= --state= --try --help' ;;
	crash)
		options='--check= --dump= --mirror-check= --file= --in-place --really --no-probes --time= --budget= --images= '
		options+='--exhaustive --seed= --jobs= '
		options+='--deadline= --strict --format= --model= --atom= --tear= --recover --svg= --save= --replay= '
		options+='--image= --output= --watch= --fs= --help'
		;;
	mirror) options='--dry-run --json --quiet --smaller --help' ;;
	stat) options='--file= --in-place --no-probes --rows= --format= --save= --replay= --help' ;;
	cc) options='--cflags --libs --help' ;;
	*) options='--help --version' ;;
	esac
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "info mirror crash stat cc --help --version" -- "$word")
		return
	fi
	# All words behind PROGRAM, or behind the compiler of cc, are arguments of that program.
	if [[ $command == crash || $command == stat ]] && _holdfast_program; then
		if ((COMP_CWORD == program)); then
			mapfile -t COMPREPLY < <(compgen -c -- "$word")
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
		fi
		compopt -o filenames
		return
	fi
	if [[ $command == cc && $COMP_CWORD -gt 2 && ${COMP_WORDS[2]} != -* ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		compopt -o filenames
		return
	fi
	# bash divides "--require=b" at the = into three words.
	if [[ $word == = ]]; then
		word=''
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if _holdfast_values "$command" "$before"; then
		mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
		[[ ${COMPREPLY[*]} == *= ]] && compopt -o nospace
	elif [[ $command == cc && $COMP_CWORD -eq 2 ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$word")
	elif [[ $command == mirror && $COMP_CWORD -eq 2 ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'check sync' -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		compopt -o filenames
	fi
} && complete -F _holdfast holdfast
