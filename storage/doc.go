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
//     Root and ChildRoot order what was written as Substrate does: sorted by key, the roots of child tries among it, over the
//     parent state (sp_trie::delta_trie_root sorts). After the first root only what is new is applied, unless the order can matter
//     (Derivation.Ordered) or something records: then everything is applied to the parent again.
//   - I5: each leaf keeps the state version that it was written under. So what was rolled back after a root was calculated
//     is not written back, the state is derived again from the parent.
//
// # Deleting what is not there
//
// The deletion of an absent key can take the value of another key with it (package trie has the rule): in Substrate the trie is
// the only truth, so that key is gone. For a TrieState it is the same. Flat values must follow: Derivation.Stripped names the
// keys, and Overlay.Finish puts them among the Changes as deletions, which the key itself overrides where the block wrote it.
// During the block reads still see the value, in Substrate too. Where Substrate's trie panics over a deletion, roots give
// trie.ErrSubstratePanics, and the block is invalid.
//
// Two differences remain. ChildRoot derives all tries, so such an error of one comes from the root of another; and Substrate
// applies a child root that ChildRoot wrote before the final one under the same key, which can matter only where a child trie
// is both made and emptied in one block and the key of its root is the beginning of those of others.
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
// A chain of derived states keeps in memory every node that any of them touched, old and new: a store that has journalled a
// block goes on from LoadState(root, source), not from the state that Finish returned, and lets that one go.
//
// The seam of State, for a store that brings its own:
//
//   - Derive gets changes without the roots of child tries and adds them itself, in order. During a block the overlay derives
//     for the sake of roots alone, perhaps several times, and throws most results away; nothing may be stored by Derive.
//   - Finish returns the last derived state and the Changes. What is stored is these Changes and the Diff from the parent's
//     state; the store's own State is made of them.
//   - Iterate can be served from flat values under what is not final; it looks at nothing outside of the prefix.
//   - A State that wraps another passes its Derivation on.
//   - State that was pruned, or nodes that are missing, give an error that wraps trie.ErrMissing (*trie.MissingError names
//     the node or value); bytes that are not what was stored give trie.ErrCorrupt.
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
