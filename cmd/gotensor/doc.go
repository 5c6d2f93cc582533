// Command gotensor is the Bittensor chain in pure Go. It runs nodes and local chains, looks into chain specs and runtimes, runs runtime calls on a genesis
// state, handles keys, looks after the store of a chain, and measures.
//
// It is a thin shell: each command parses its flags, calls a library of this repository and prints. Data goes to
// stdout, everything else to stderr. An error is one line "gotensor: …", maybe followed by lines "hint: …".
// Exit codes: 0 done, 1 it went wrong (a signature that does not verify included), 2 the command line makes no sense.
//
// With --json every command prints one JSON document instead of text. Its member names are stable; the text is for people.
//
// Secrets are read from the terminal, a file, or stdin. Flags and arguments take them too, as subkey does, with a
// hint about the shell's history. Nothing secret is printed that was not asked for.
//
//	gotensor testnet
//	gotensor node --dev --chain chain.json
//	gotensor chain-spec inspect chain.json
//	gotensor runtime inspect runtime.wasm
//	gotensor runtime call chain.json Core_version
//	gotensor key generate
//	gotensor database info
//	gotensor benchmark storage --chain chain.json
package main
