// Package db is the store of one chain over a plain key-value store (package kv): blocks on every fork, the state after each of them, and what the
// runtime keeps for offchain use.
//
// Picture a ledger in pencil with loose sheets on top. The ledger is the finalised state: values by key and trie nodes by path, each with the number
// of the block that wrote it. Before a block's entry is rubbed out, it is copied into a second book, the history, under the key and the number of the block
// that overwrites it. So who wants the state after block B looks into the ledger, and where he finds an entry of a later block, the history has, under the first
// number above B, what stood there. The sheets are the blocks that are not final: each says what it changes against its parent (its journal, on
// disk; its layer, in memory). Who reads the state after such a block reads the sheets from that block down, then the ledger. Finality chooses one sheet: its
// rivals are thrown away, and in the background it is copied into the ledger (folded).
//
//	state of a block ─► layer ─► layer ─► … ─► v and n, the head ─► w, the history
//	                    └─ d, the journal
//
// # Rules
//
//   - I1: a block is there if it is under c (final) or under u (not folded), and not otherwise. Both change in one atomic write with the head record: in Import,
//     Finalise and Revert. Everything else about the block is written with or before that, and taken away after it.
//   - I2: u and the layers in memory descend from the last folded block: nothing of another fork is below the last finalised number.
//   - I3: v and n change in folds alone, and only what a finalised block's journal says. What a fold overwrites is in the history in the same write. A head
//     record with the number of the block that is folded is done already, so a fold that was interrupted is done again on top.
//   - I4: a State reads at one finalised block, and what later blocks overwrote stays for it: history of blocks up to the oldest state that is kept or in
//     use is swept, never another.
//   - I5: each leaf's state version is in its node, as package storage says, so roots and proofs come from n, reads from v.
//
// # What is on the disk when
//
// When Import, Finalise, SetBest or Revert return, what they did has been synced; a crash before that leaves what was before, or all of it. Folds, pruning,
// offchain writes of workers, and the records of dropped blocks are not synced on their own: they follow with the next sync, and what a crash takes back of them
// is done again (offchain writes apart, which are lost). There is no list of leaves on the disk: Open finds them in the tree of blocks, so that nothing can contradict it.
//
// # What it does not do
//
// It executes nothing, and believes who imports: that the changes and the state belong to the header is checked by the root alone. It keeps no blocks of forks
// that lost, archive or not. The finality of what it is told to finalise is not checked. Keys of the state and of offchain storage longer than about kv.MaxKey bytes
// are refused with the block that writes them. Reads at blocks far above the last finalised one ask a filter for each block between.
package db
