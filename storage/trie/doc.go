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
// those that changed. It trusts its reader to return the bytes it once stored: it does not hash them again. FromProof,
// whose source is a stranger, finds nodes by the hash it calculated of each.
//
// # What it does not do
//
// It does not know child tries (a child trie is another Trie, whose root is a value in the top one), nor blocks,
// transactions or disks. It bounds neither the length of keys nor of values; whoever takes them from outside does.
//
// Specification: Polkadot protocol, chapter "State Storage and the Storage Trie".
package trie
