// Package conformance holds the runtime and the node against clients that nobody here wrote. It has tests and no code.
//
// # Picture
//
//	runtime blob ──GenesisBuilder──► chain spec ──────────────► smoldot 3 and 2        what they say of block 0
//	     │                                                        ║ equal
//	     ├──Metadata_metadata(_at_version)──► bytes ──► polkadot.js, polkadot-api, py-scale-codec, bt-decode, cyscale
//	     │                                                        what they count, write again and hash
//	     └──genesis state ──WebSocket──► polkadot.js, polkadot-api, async-substrate-interface 1.6 and 2
//	                                                              what they sign ──► a block, which must apply
//
//	cmd/gotensor node, a process ──WebSocket──► polkadot.js, async-substrate-interface 1.6 and 2      what applications do with a chain
//
// A judge is a small program (js/, py/) that drives a package of npm or PyPI the way applications do, and prints what it found as JSON. The tests hold that against what our
// own host and codecs find in the same runtime. A test runs over each subject: our portable blob, and as a control a Subtensor runtime that Rust made; for metadata also
// Substrate's own node. A fault in the suite shows in the control, a fault of ours only in ours.
//
// # What is shown
//
//   - smoldot takes our chain spec, the runtime compressed or plain, with its version sections and without; it makes the same genesis header of it, and its own executor gets
//     the same Aura and GRANDPA authorities out of the runtime. Runtimes that lack one of these functions are refused by name, which shows that smoldot runs it.
//   - Each decoder writes metadata 14 and 15 again to the same bytes (of the versions that it knows), counts the same items in it, and decodes every constant and default value.
//     polkadot-api's metadata hash of RFC 78 is that of our own calculation. What clients take for granted without asking the registry is checked apart: type 0, special paths, equal type numbers in both versions, contiguous errors, the order of the extensions.
//   - What each client signs has the layout that the metadata states, under a signature over what the extensions state, for ever and for an era, with a tip and, where the client can, with the
//     metadata hash of RFC 78, which polkadot-api calculates from the metadata: the runtime takes it only if it has the same. A block of them all applies, and moves what they say.
//   - On a running node clients transfer to finality, watch, batch, sign together and for each other, schedule, are refused in Substrate's words, and read history and proofs (TestNode). They
//     stay connected while the runtime is replaced, in both ways, learn of it, and use a call that only the new one has; its migration runs once; they come back after a restart
//     (TestNodeUpgrade). A runtime that traps stops the chain and not the node, and a code substitute revives it (TestNodeTrap). The same node makes blocks of Subtensor's own
//     runtime, on which polkadot.js transfers (TestNodeSubtensor).
//
// # Rules
//
//   - Versions and hashes are pinned, npm's by a lock file, PyPI's in the lists of requirements. Only packages' own files are installed: no install script runs, and optional native packages stay away.
//   - Packages go into the user's cache folder, one for each content of the pins; the tree stays as it is.
//   - Nothing is installed unless the environment variable GOTENSOR_REGISTRIES says so: "1" skips what a registry that is not reached would have served, "required" (CI) fails on it.
//     What does not run prints SKIPPED with the number of cases.
//
// # What is not shown
//
// No peer is reached, so smoldot verifies no block of ours and serves no runtime call. polkadot-api asks for the methods chainHead_v1_*, which the node does not have: it connects to a
// server of these tests that stays at block 0 and has what clients need to connect, read and sign. Executors that are too large to install in a test are run by hand: with GOTENSOR_DUMP=folder, TestBlocks writes a genesis and five blocks as JSON, with what every
// call must answer.
//
// Our blob is built from the sources as they are, unless GOTENSOR_RUNTIME names a file.
//
//	GOTENSOR_REGISTRIES=1 go test -v ./testnet/conformance
//	GOTENSOR_RUNTIME=other.wasm GOTENSOR_REGISTRIES=1 go test -v -run /gotensor ./testnet/conformance
package conformance
