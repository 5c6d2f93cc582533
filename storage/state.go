package storage

import (
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/trie"
)

// Reader reads one state. A nil child names the top trie; any other child names the default child trie
// of that storage key, without the ":child_storage:default:" prefix. Returned slices must not be changed.
type Reader interface {
	// Get returns the value at key and whether there is one; an empty value is a value.
	Get(child, key []byte) (value []byte, ok bool, err error)
	// Has tells whether there is a value at key. Where something records, the value itself is not recorded.
	Has(child, key []byte) (bool, error)
	// NextKey returns the least key greater than after, in byte order.
	NextKey(child, after []byte) (key []byte, ok bool, err error)
}

// State is the state after one block: immutable, and safe for concurrent use.
type State interface {
	Reader
	// Root returns the root of the top trie; the roots of the child tries are values in it.
	Root() hash.H256
	// ChildRoot returns the root of a child trie; the empty trie's root where there is none.
	ChildRoot(child []byte) (hash.H256, error)
	// Derive returns the state after changes, with values written under version. The receiver stays as it is.
	// The roots of changed child tries are written into the top trie (removed where a child became empty).
	Derive(changes *Changes, version trie.Version) (State, error)
}

// Change sets the value of a key, or deletes it.
type Change struct {
	Key    []byte
	Value  []byte // ignored when Delete
	Delete bool
}

// ChildChanges are the changes of one default child trie.
type ChildChanges struct {
	Child   []byte // storage key without the ":child_storage:default:" prefix
	Changes []Change
}

// Changes is what an execution wrote: every list in ascending byte order of its keys, without duplicates.
type Changes struct {
	Top   []Change
	Child []ChildChanges
	// Offchain is what the runtime wrote for offchain use (ext_offchain_index_*). It is no part of the state, and Derive
	// ignores it; a node that keeps an offchain database sets these keys there, each behind the prefix "storage".
	Offchain []Change
}
