# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# completion.bash - for the arguments of holdfast(1)

_holdfast() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local commands=info granularities='byte cache-line page'

	COMPREPLY=()
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
			compgen -W '--json --require= --try --help --version' -- "$word")
		[[ ${COMPREPLY[*]} == *= ]] && compopt -o nospace
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		compopt -o filenames
	fi
} && complete -F _holdfast holdfast
