// Package aura is the block authoring engine of the chain, "authority round": who may author a block in which slot of time, what shows it, and the worker
// that does it.
//
// The picture is a clock with the authorities' names around it. Its hand moves on once a slot (12 s, or 250 ms on a fast local chain), and whoever it
// points to may author one block on the best chain that he knows:
//
//	slot   = milliseconds since 1970 / slot duration
//	author = authorities[slot mod number of authorities]
//	header = … digest [ PreRuntime "aura" slot u64, …, Seal "aura" signature of the hash of the header before this item ]
//
// # Two halves
//
// Verify and what it stands on are pure: header, authorities after the parent, the slot that is now. Equivocations notes who made two blocks in one slot, in
// memory that is bounded. Nothing of it reads a clock.
//
// Worker is the driver: it waits for slots by a Clock, asks a Chain for the best block and the terms after it, and has a Proposer build what it then seals with
// its Keys. So it knows neither Wasm nor files, and tests move its clock.
//
// # Rules
//
//   - A1: the worker never seals two headers in one slot, nor one in a slot that is not after its parent's, whatever the clock does. It remembers the highest
//     slot that it sealed in, and wants more than that. After a restart it is told by Config.Sealed, and lets the slot pass that it
//     starts in.
//   - A2: the timestamp of a block that it authors lies in the slot that the header names: both come from one reading of the clock.
//   - A3: a clock that jumps is told of once, then work goes on by the new time. If it jumped ahead, blocks were authored there, and it comes back, then the chain
//     rests until the clock has passed them, since a slot must grow from parent to child. The worker says until when.
//   - A4: a proposer that fails costs its slot and nothing more.
//
// That a slot is greater than the parent's is not looked at by Verify, as in Substrate: the runtime refuses such a block (pallet aura, "Slot must increase").
//
// # What it does not do
//
// Which block is the best one it is told. Equivocations are not reported to the chain: a proof comes back, and what was noted does not outlive the process.
// Disabled authorities (ConsensusLog OnDisabled) have no meaning to Substrate's verifier, nor here.
//
// Source: Polkadot specification, chapter "Block production"; paritytech/polkadot-sdk stable2506, substrate/client/consensus/aura, substrate/client/consensus/slots
// and substrate/primitives/consensus/aura, whose error texts and log lines are kept.
//
//	checked, err := aura.Verify(header, keys.Sr25519, authorities, aura.SlotAt(now, duration)+1)
package aura
