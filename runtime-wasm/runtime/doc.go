// Package runtime composes the pallets into the chain's runtime and answers its runtime APIs.
//
// # Picture
//
//	wasm: export BlockBuilder_apply_extrinsic ─┐
//	native: Call("BlockBuilder_apply_…", args) ┴─► function of this package ──► executive, pallets ──► frame/host
//
// The same functions run in the blob, where package main exports them, and under go test, over package testnet/native. Arguments and results are bytes, as on
// the wire.
//
// # What is where
//
//   - Pallets: which pallets there are, at which indices, and how they are configured.
//   - Extensions: the transaction extensions, in their order.
//   - APIs: the runtime APIs with their methods; Version lists them.
//   - Genesis presets: who owns what in block 0 of a local network.
//   - Metadata: computed natively from the composed runtime (Describe), and embedded in the blob by its build.
//
// # Rules
//
//   - Indices, constants and the order of extensions are those of Subtensor's runtime, spec 425: clients encode by them. They never change but by a runtime upgrade that
//     counts Version up.
//   - All that does not depend on the state is computed when the program starts, because the blob's memory is that after the start.
//   - An argument decodes within a bound of memory, and a block is executed in 128 MiB, in which the executive has garbage collected.
//   - In the blob every call starts from the same memory. Natively variables stay from call to call, so Call composes the runtime anew.
//
// # Paces
//
// The tag fast builds the runtime of local networks, with blocks of 250 ms instead of 12 s. See Fast.
//
// Source: opentensor/subtensor runtime/src/lib.rs, spec_version 425.
package runtime
