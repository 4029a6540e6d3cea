# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# completion.bash - for the arguments of holdfast(1)

_holdfast() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local commands='info crash cc' granularities='byte cache-line page'
	local options='--json --require= --try --help --version'

	COMPREPLY=()
	if [[ ${COMP_WORDS[1]} == crash ]]; then
		options='--check= --file= --in-place --time= --budget= --images= --exhaustive --seed= '
		options+='--deadline= --strict --format= --save= --replay= --help'
	fi
	if [[ $word == = && $before == --format ]]; then
		word='' before='='
	fi
	if [[ $before == = && ${COMP_WORDS[COMP_CWORD - 2]} == --format ||
		$before == --format ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$word")
		return
	fi
	# "--require=b" is three words, for = divides them.
	if [[ $word == = && $before == --require ]]; then
		word='' before='='
	fi
	if [[ $before == = && ${COMP_WORDS[COMP_CWORD - 2]} == --require ||
		$before == --require || $before == -r ||
		${COMP_WORDS[COMP_CWORD - 1]} == --require ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$granularities" -- "$word")
	elif ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$word")
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(
			compgen -W "$options" -- "$word")
		[[ ${COMPREPLY[*]} == *= ]] && compopt -o nospace
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		compopt -o filenames
	fi
} && complete -F _holdfast holdfast
