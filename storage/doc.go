// Package storage is the state of the chain: what the runtime reads and writes, what blocks leave behind, and how it is proved.
//
// Picture panes of glass over a table. The table is a State: what the chain holds after one block, immutable, with one root.
// An Overlay is a pane over it: a runtime call reads through it, writes on it, and may lay thinner panes on top
// (transactions) that are merged down or taken away. When the block is done, the pane and the table together make the next
// State, which shares everything with the one before but what was written.
//
//	child 0x… ─┐
//	top ───────┴► State ──► Overlay ──► Finish ──► State', Changes
//	                 └────► Record ──► proof ──► StateFromProof
//
// # Rules
//
//   - I1: a State never changes; any number of goroutines may read it and derive from it. An Overlay is for one at a time.
//   - I2: slices that come out of a State or an Overlay stay as they are, and must not be changed by who got them.
//   - I3: the root of a child trie is a value in the top trie, under ChildRootKey, written by nobody but Derive and
//     Overlay.ChildRoot. A guest that sets or clears such keys changes nothing; one that appends to them is stopped.
//   - I4: where a guest can see a difference, the overlay does what sp_state_machine does, down to what a limit counts
//     and to which child root is answered after the state root was calculated. Only NextKey after many deletions, and
//     Append to a value that is not in the overlay, cost more than what they add.
//   - I5: each leaf keeps the state version that it was written under. So what was rolled back after a root was calculated
//     is not written back, the state is derived again from the parent.
//
// # What a store of blocks must keep
//
// A State in memory is what a store on disk has to rebuild. For a block it keeps two things, and no others:
//
//   - the Changes of Overlay.Finish: flat values by trie and key, the roots of child tries among those of the top trie. Reads
//     of a block's state need nothing else.
//   - the nodes that TrieState.Diff hands to a trie.NodeSink for each trie, by path. Roots and proofs need them, and
//     they alone know the version of each leaf. Values that nodes hold as hashes are found among the flat values.
//
// Both can be journalled for a block that is not final, folded into the store under its sequence number when it is, and
// dropped when its fork dies. LoadState makes a state of what is stored: a Source gives, for each trie, nodes by path and
// values by key.
//
// # What it does not do
//
// It does not know blocks, extrinsics or what keys mean. It does not bound what the execution of a block writes: the
// runtime's weights do. Overlay.SetLimit is for calls on behalf of strangers. An Overlay cannot tell a guest from a host on its
// own: who runs a guest calls EnterRuntime before and ExitRuntime after. Only default child tries exist, as in every
// runtime.
//
// Specification: Polkadot protocol, chapter "State Storage and the Storage Trie", and Host API, chapters "Storage" and "Child
// Storage".
package storage
