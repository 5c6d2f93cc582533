// Package db is the store of one chain over a plain key-value store (package kv): blocks on every fork, the state after each of them, what the
// runtime keeps for offchain use, and what consensus keeps beside the blocks.
//
// Picture a ledger in pencil with loose sheets on top. The ledger is the finalised state: values by key and trie nodes by path, each with the number
// of the block that wrote it. Before an entry is rubbed out, it is copied into a second book, the history, under the key and the number of the block
// that overwrites it. So who wants the state after block B looks into the ledger, and where he finds an entry of a later block, or none, the history has, under the first
// number above B, what stood there. The sheets are the blocks that are not folded: each says what it changes against its parent (its journal, on
// disk; its layer, in memory). Who reads the state after such a block reads the sheets from that block down, then the ledger. Finality chooses one sheet: its
// rivals are thrown away, and in the background it is copied into the ledger (folded).
//
//	state of a block ─► layer ─► layer ─► … ─► v and n, the head ─► w, the history
//	                    └─ d, the journal                           └─ i, its keys by block
//
// # Rules
//
//   - I1: a block is there if it is under c (final) or under u (not folded), and not otherwise. Both change in one atomic write with the head record: in Import,
//     Finalise and Revert. Everything else about the block is written with or before that, and taken away after it.
//   - I2: u and the layers in memory descend from the last folded block: nothing of another fork is below the last finalised number.
//   - I3: v and n change in folds alone, and only to what a finalised block's journal says. What a fold overwrites is in the history, and its key in the index, by the
//     same write. What is as it was is not written, so that the number at the head is that of the block that changed it. A head record with the number of the
//     block that is folded is done already: a fold that was interrupted is done again on top, and adds to the index.
//   - I4: a State reads at one finalised block, and what later blocks overwrote stays for it: history of blocks up to the oldest state that is kept or in
//     use is swept, never another. Its layers' journals stay, too: what a block leaves behind that was folded or dropped goes when no state is in use that was
//     made before. A dropped block that comes again goes on with the journal of its former life.
//   - I5: who looks at the head and then at the history looks in this order. What a fold took from the head in between the history has; the
//     other way round, neither would have it.
//   - I6: each leaf's state version is in its node, as package storage says, so roots and proofs come from n, reads from v.
//
// Check holds a whole store against them.
//
// # What is on the disk when
//
// When Import, Finalise, SetBest, SetAux or Revert return, what they did has reached the disk; a crash before that leaves what was before, or all of it. Folds, pruning,
// offchain writes of workers, and the records of dropped blocks are not durable on their own: they follow with the next durable write, and what a crash takes back of them
// is done again (offchain writes apart, which are lost). There is no list of leaves on the disk: Open finds them in the tree of blocks, so that nothing can contradict it.
//
// # When something fails
//
// A read that fails is an error, never an absence. Where the disk is full, nothing of the write is there, and the store goes on; after any other failed write nobody knows what
// the disk has, and it takes no more writes until it is opened again (ErrBroken). Errors of the background work go to Options.Log, Stats and Settle.
// Imports and finality go on meanwhile: diffs wait on the disk, and the work is tried again with the next Finalise.
//
// # What waiting for finality costs
//
// Layers take Options.LayerMemory; beyond that the oldest are read from their journals, 16 KiB for a key. Of each block 0.5 kB stay in memory, and 2.3 bytes for each key that
// it changed, nodes counted: 270 MB for 100,000 blocks of 1,000 keys. Where two blocks have children on the same parent, those of one of them take 8 bytes more for each
// block below that is not folded. Open reads the journals of all of them. A State takes the same time at any depth, but on a leaf beside another block, where the
// layers below are copied into a list; a read asks the filter of each layer above
// the one that has the key (BenchmarkDeep: some 10 µs at 1,000 blocks and 100 µs at 10,000 for a key that none of them has; ten times that where all of them are on the disk
// alone, for one filter in 80 is wrong), and a step to the next key looks into each layer: some 0.5 ms at 1,000 blocks in memory, some 50 where they are on the
// disk. Nothing is refused.
//
// # What it does not do
//
// It executes nothing, and believes who imports: that the changes and the state belong to the header is checked by the root alone. It keeps no blocks of forks
// that lost, archive or not. The finality of what it is told to finalise is not checked. Keys of the state for which there is no room in a history
// (storable; about kv.MaxKey bytes, half as many where all are zero) are refused with the block that writes them, and so are keys of offchain storage.
package db
