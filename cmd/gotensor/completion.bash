# Completion of gotensor for bash: source this file.
_gotensor() {
	local word=${COMP_WORDS[COMP_CWORD]}
	local -a words=("${COMP_WORDS[@]:0:COMP_CWORD}")
	# Flags are offered once a dash is typed.
	[[ $word == -* ]] && words+=("$word")
	local answers
	answers=$("${words[@]}" --generate-bash-completion 2>/dev/null) || answers=
	mapfile -t COMPREPLY < <(compgen -W "$answers" -- "$word")
}
# Where the program offers nothing, files are completed.
complete -o bashdefault -o default -F _gotensor gotensor
