// Package chainspec reads Substrate chain specs and makes the genesis block from them.
//
// A chain spec is a JSON file with two halves. One half tells a node how to behave on a network: name, boot
// nodes, telemetry, blocks to refuse, code to substitute. The other half, genesis, is the state of block 0.
// Picture the second half as a shoebox of cards, each with a raw storage key and a raw value: the chain's code is
// just the card with the key ":code". [Parse] fills the box, callers may swap cards ([Entries.Set]), and
// [Genesis.Build] pours it into a trie, whose root, put into a header of number 0, gives the genesis hash.
//
// Forms of genesis:
//
//   - raw: {"raw": {"top": {key: value}, "childrenDefault": {child: {key: value}}}}. Read in full. Both members
//     must be there, as objects: a file that lost one of them would give another chain.
//   - plain: {"runtimeGenesis": {"code": code, "config" or "patch": {…}}}. The cards are still to be made, by the runtime that
//     is there, out of a configuration for people: [Genesis.MakeRaw] has it do that. The configuration of an older file,
//     {"runtime": …}, can be read by the chain's own node alone, and is refused with [ErrNativeGenesis].
//   - by hash: {"stateRootHash": "0x…"}, for light clients. [Genesis.StateRoot] holds it; there is a genesis
//     header and hash ([Genesis.HeaderOnly]), but no state.
//
// Rules kept here:
//
//   - Keys and values are hex behind 0x. A key that stands twice, at any level that is read, is an error:
//     two readers of one file must not see two chains. Block numbers have no leading zeros, for the same reason.
//   - The top trie may not hold keys of child tries (":child_storage:"): their roots are calculated, not given.
//   - Order never depends on the file: entries are handed out in ascending byte order of their keys.
//   - The file is read as a stream and is never held whole. Memory is about the bytes that it decodes to,
//     plus one token. [MaxSize] bounds the stream, [MaxSettings] all of it that is neither genesis nor code to substitute, where
//     small values would take many times the memory of their text.
//   - What this package does not know of is kept as it stands ([Spec.Extensions]).
//
// Not promised: that boot node addresses, properties or the light sync state make sense. They belong to those who use them.
//
// Source: polkadot-sdk, substrate/client/chain-spec (fields and defaults) and sp-runtime (genesis block); the form by hash
// follows smoldot's chain_spec.
//
// A chain spec for a runtime alone comes from one of the presets that the runtime brings along: [FromPreset].
//
//	spec, err := chainspec.ReadFile("chain.json")
//	err = spec.Genesis.MakeRaw(ctx, engine)
//	spec.Genesis.Top.Set(sudoKey, alice)
//	block, err := spec.Genesis.Build(trie.V1)
package chainspec
