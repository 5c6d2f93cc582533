package trie

import "github.com/gotensor/gotensor/primitives/hash"

// Hasher is the 32-byte hash function of a trie: of its nodes, and of values under V1. Chain state uses Blake2b; the
// ext_trie_keccak_256_* host functions use Keccak.
type Hasher func(data []byte) hash.H256

// Blake2b is blake2b-256, the hasher of chain state.
var Blake2b Hasher = hash.Blake2b256

// Keccak is keccak-256.
var Keccak Hasher = func(data []byte) hash.H256 { return hash.Keccak256(data) }

// EmptyRoot is the root of a trie without keys: the hash of the empty node.
func (h Hasher) EmptyRoot() hash.H256 { return h([]byte{emptyNode}) }

// EmptyRoot is the blake2b-256 root of a trie without keys.
var EmptyRoot = Blake2b.EmptyRoot()
