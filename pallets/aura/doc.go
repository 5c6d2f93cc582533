// Package aura is the runtime's side of Aura consensus: who the block authors are, and whose turn a slot is.
//
// # Picture
//
// Time is cut into slots of SlotDuration milliseconds, and the authors take turns:
//
//	slot = time / SlotDuration        author of a slot = Authorities[slot mod len(Authorities)]
//
// The author writes its slot into the header (a pre-runtime digest item of engine "aura"), signs the block (the seal), and sets the
// block's time (package timestamp). The node checks seal and turn; the runtime checks what the node cannot: that slots go forward, and that
// the time lies in the slot.
//
//	header: aura slot ──OnInitialize──► CurrentSlot          set(now) ──OnTimestampSet──► now / SlotDuration == CurrentSlot
//
// # Rules
//
//   - CurrentSlot is greater in each block than in the one before (or not less, where AllowMultipleBlocksPerSlot is set). A block in which
//     it is not is invalid, and the pallet panics with the original's words.
//   - New authorities are in force from the next block, and a consensus log tells the node.
//   - There is always at least one authority: an empty list changes nothing.
//
// # What it does not guarantee
//
// It does not see seals, and does not punish authors who skip their slots. A header without a slot is left to the node to refuse.
//
// Source: paritytech/polkadot-sdk substrate/frame/aura (pallet-aura 40.0.0, as opentensor/polkadot-sdk has it), substrate/primitives/consensus/aura; Polkadot specification,
// appendix "Aura".
package aura
