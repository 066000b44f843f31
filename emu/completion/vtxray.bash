# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of vtxray: commands and options are what the program's own help lists; values are what an option's name in the help
# (on|off) or its text names.
_vtxray_help() { # COMMAND: its help, one option a line
	ARGP_HELP_FMT='rmargin=9999,opt-doc-col=70' "${_vtxray_program:-vtxray}" "$1" --help 2>/dev/null
}

_vtxray_commands() {
	"${_vtxray_program:-vtxray}" help 2>/dev/null | sed -n 's/^  vtxray \([a-z][a-z-]*\) .*/\1/p'
}

_vtxray_workloads() {
	"${_vtxray_program:-vtxray}" workloads 2>/dev/null | sed -n '2,$s/ .*//p'
}

# the words that a value of an option may be; nothing: a file
_vtxray_values() { # COMMAND OPTION
	case $2 in
	--cpu) "${_vtxray_program:-vtxray}" cpus 2>/dev/null | sed 's/ .*//' ;;
	--paging) echo native ept shadow agile ;;
	--ept-page) echo 4k 2m 1g ;;
	--guest-page) echo 4k 2m 1g ;;
	--without) echo stlb psc ept-psc nested-tlb l1i l1d l2 llc ;;
	--modes) echo native ept-4k ept-2m ept-1g shadow shadow-sync agile ;;
	--trace-what) echo access walk tlb fault exit insn ;;
	--as) echo text csv lackey din champsim ftrace perfetto ;;
	--format) echo vtxray lackey din drmemtrace champsim ;;
	--kernel) echo direct=4k direct=2m direct=1g pcid=on pcid=off hz= trace=on trace=off tty=on tty=off ;;
	*) _vtxray_help "$1" | sed -n "s/^ .*$2=\([a-z0-9|-]*|[a-z0-9|-]*\)\( .*\)*\$/\1/p" | tr '|' ' ' ;;
	esac
}

_vtxray() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} words
	local _vtxray_program=${COMP_WORDS[0]}
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_vtxray_commands) help --help --version" -- "$word")
		return
	fi
	# "--option=va" comes as three words
	if [ "$word" = '=' ]; then word=''; elif [ "$before" = '=' ]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi
	if [[ $before == --* ]] && words=$(_vtxray_values "$command" "$before") && [ -n "$words" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	elif [[ $word == -* ]]; then
		words=$(_vtxray_help "$command" | grep -o '^ .*' | grep -oE -- '(^ *|, )--[a-z][a-z-]*' | tr -d ' ,')
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	elif [ "$command" = cpus ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_vtxray_values cpus --cpu)" -- "$word")
	elif [ "$command" = exec ] || [ "$command" = compare ]; then # a file, or a workload's name
		mapfile -t COMPREPLY < <(compgen -f -- "$word"; compgen -W "$(_vtxray_workloads)" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}
complete -o filenames -o bashdefault -F _vtxray vtxray
