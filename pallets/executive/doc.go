// Package executive runs blocks: it calls the pallets' hooks, applies extrinsics, and checks what a header claims.
//
// # Picture
//
//	InitializeBlock   migrations, if the runtime is new ─► OnInitialize of each pallet
//	ApplyExtrinsic    bytes ─► decode ─► signature ─► extensions validate, prepare ─► call ─► extensions settle ─► event
//	   …                 inherents first; before the first other extrinsic: OnPostInherents
//	FinalizeBlock     OnIdle ─► OnFinalize ─► roots ─► header
//
//	ExecuteBlock = all of this for a block that somebody else made, and then: the same header?
//
// # Extrinsics
//
//	length | 0x04 or 0x05 | call                                              bare: inherents, unsigned transactions
//	length | 0x84 | address | signature | extensions | call                   signed
//	length | 0x45 | version of extensions | extensions | call                 general: an extension must authorize an origin
//
// The signature covers call, extensions and what the extensions add implicitly (genesis hash, versions, …), hashed where that is longer than
// 256 bytes. The parts stay where they are in the argument: only the signed bytes are put together, in a buffer that is used again.
//
// # Rules
//
//   - A transaction that is not valid gives a result that says so, and the caller drops what it wrote, as block builders do. The
//     block goes on.
//   - A block that is not valid, and arguments that do not decode, are a panic of type Panic: in the blob a trap. Any other panic
//     is a bug.
//   - Inherents come first; the call of a Mandatory class must not fail.
//   - Hooks run in the order of the pallets' indices; OnIdle begins with another pallet in each block.
//   - An extrinsic's bytes are taken as its encoding: what decodes encodes to the same bytes (package scale).
//
// # What it does not do
//
// It does not roll back: the node does. It does not know which pallets and extensions there are: package main of the runtime says so.
//
// Source: paritytech/polkadot-sdk substrate/frame/executive at polkadot-stable2506 (frame-executive 41.0.0); sp_runtime::generic,
// sp_runtime::traits::transaction_extension; frame_support, construct_runtime (inherents).
//
//	e := executive.New(runtime, extensions)
//	e.InitializeBlock(&header)
//	result := e.ApplyExtrinsic(xt)
//	sealed := e.FinalizeBlock()
package executive
