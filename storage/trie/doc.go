// Package trie is the base-16 Patricia-Merkle trie of Substrate, to the byte, under state versions 0 and 1.
//
// Picture a tree whose edges are half bytes of keys. A node carries the run of nibbles that all keys below it share, its
// partial key, perhaps a value, and up to sixteen children. A node refers to a child by the child's merkle value: the hash
// of its encoding, or the encoding itself where that is shorter than a hash. The merkle value of the root, always hashed,
// stands for every key and value.
//
// # Rules
//
//   - I1: a node is changed only by the trie whose edit tag it carries. A snapshot gives both sides new tags, so each copies
//     what it changes; the rest is shared.
//   - I2: the bytes of keys and values in nodes are never written after they were set.
//   - I3: an unknown merkle value implies unknown ones all the way up, so Root visits changed paths and no others.
//   - A value remembers how it entered its node: Put under V1 makes a value longer than 32 bytes a hash in its node,
//     under V0 it stays inside. What nobody writes stays as it is; so a chain enters version 1 key by key, and a root cannot
//     be rebuilt from keys and values alone.
//
// A Trie may be used by one goroutine while it changes. Once its Root was called, and while nobody changes it, any number may
// read it and take snapshots of it, which change freely meanwhile.
//
// A trie from Load reads its nodes when they are needed, by path or by hash as its NodeReader likes, and Commit gives back
// those that changed. Every node and value from a reader is hashed and compared, ErrCorrupt where it is another: about twice
// the time of a read from memory, little beside one from a disk (BenchmarkLoadedGet). A NodeSet, such as FromProof makes, finds
// by hash and is not hashed again. Nodes that writes load are kept as they were, shared by all snapshots of the loaded trie, so
// that Diff does not read them again; a trie that lives long is to be loaded anew now and then.
//
// # Deleting what is not there
//
// A trie is a function of its keys and values, and deleting a key that it lacks changes nothing, but for one case: the path of
// the absent key ends exactly where a branch begins that has a partial key and a value of its own. It ends there where the
// last nibble leads from one branch to the next, and, for the empty key, at the root. Then trie-db takes the value of that
// branch, and with it a key that nobody named. All released nodes calculate such roots, so the chain is what they say, and
// Delete does the same; Stripped tells the keys lost. Where that branch has one child only, trie-db goes on to merge the two
// with a position behind the end of the key and panics: no node gets over such a deletion, and Delete gives
// ErrSubstratePanics.
//
//	ab, aa11, aa1122, aa1133  delete aa  →  ab, aa1122, aa1133
//	11, 1122, 1133            delete ""  →  1122, 1133
//
// From this follows that the order of writes can matter. It cannot while Nested is false: while no key was deleted that others
// begin with. Source: paritytech/trie, issue 217 and trie-db/src/triedbmut.rs, remove_inspector, the arm of NibbledBranch
// with a key that is used up; sp_trie::delta_trie_root removes without looking.
//
// # What it does not do
//
// It does not know child tries (a child trie is another Trie, whose root is a value in the top one), nor blocks,
// transactions or disks. It bounds neither the length of keys nor of values; whoever takes them from outside does.
//
// Specification: Polkadot protocol, chapter "State Storage and the Storage Trie".
package trie
