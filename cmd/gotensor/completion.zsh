#compdef gotensor
# Completion of gotensor for zsh: source this file, or put it into a folder of $fpath as _gotensor.
_gotensor() {
	local -a command answers
	command=("${(@)words[1,CURRENT-1]}")
	# Flags are offered once a dash is typed.
	[[ ${words[CURRENT]} == -* ]] && command+=("${words[CURRENT]}")
	answers=("${(@f)$("${command[@]}" --generate-bash-completion 2>/dev/null)}")
	if [[ -n ${answers[1]} ]]; then
		_describe 'gotensor' answers
	else
		_files
	fi
}
if [[ ${funcstack[1]} == _gotensor ]]; then
	_gotensor "$@"
else
	compdef _gotensor gotensor
fi
