// Package fuzz throws arbitrary bytes at the composed runtime: as an extrinsic, as a call for each origin, as a block, as inherent data, as a
// genesis configuration, and as the arguments of every runtime API function. It holds tests only.
//
// # What they show
//
// The runtime runs natively, over the real overlay and trie, as package runtime's Call runs it. Every input is answered with a result that
// decodes, or refused with a frame.Panic, which is a trap in the blob and which the specification asks for: arguments that do not decode,
// blocks that are not valid, inherents that break their rules. The texts of all are listed; a panic with another is a bug, and so is a trace of what was
// refused in the state.
//
// Where the targets run over their seeds and what testdata/fuzz holds, as in go test without -fuzz, every call of the runtime goes through the blob as well, which must give the same
// answer or refusal and the same state root. With -short it does not.
//
//	go test -fuzz FuzzExtrinsic -fuzztime 1m ./runtime-wasm/fuzz
//
// # What they do not show
//
// That results are right: that is for the pallets' own tests. That the blob does the same where a fuzzer runs, or a call is dispatched without an extrinsic: package
// differential runs more through both.
package fuzz
