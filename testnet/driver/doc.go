// Package driver authors and executes blocks of any Substrate chain without a node: over the BlockBuilder API, on states that it is handed, with virtual time.
//
// # Picture
//
//	parent ──► Core_initialize_block(header with digest)
//	           BlockBuilder_inherent_extrinsics, BlockBuilder_apply_extrinsic …   one overlay over parent.State
//	           BlockBuilder_finalize_block ──► header with roots
//	parent ──► Core_execute_block(header, body)                                   another overlay over parent.State
//
// [Chain.Author] does the first and [Chain.Execute] the second; both fail unless the root of the state they made is the one in the header. The driver holds
// no chain: a [Block] carries the state after it, and whoever calls decides which block is the parent of the next one, so forks need nothing special.
//
// [DevGenesis], [Slot] and [Sender] are what tests need to drive the runtimes of Subtensor's first specs: a genesis whose authority and sudo key they
// hold, Aura's digest and inherents for a slot, and signed extrinsics.
//
// # What it does not do
//
// It verifies no seal, knows no fork choice and no finality, and keeps nothing on disk. Only the state transition is judged.
package driver
