package storage

import (
	"bytes"
	"slices"

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

// Iterator walks keys in ascending byte order. It is for one goroutine.
//
//	keys := state.Iterate(child, prefix, from)
//	defer keys.Close()
//	for keys.Next() {
//		use(keys.Key())
//	}
//	err := keys.Err()
type Iterator interface {
	// Next moves to the next key, the first one included, and tells whether there is one. After it returned false, see Err.
	Next() bool
	// Key returns the key, valid until the next call of Next.
	Key() []byte
	// Value reads the value at the key. It must not be changed.
	Value() ([]byte, error)
	// Err returns the error that ended the walk, if any.
	Err() error
	// Close frees what the iterator holds.
	Close()
}

// State is the state after one block: immutable, and safe for concurrent use.
type State interface {
	Reader
	// Iterate returns an iterator over the keys that start with prefix and are not less than from. Keys outside of the prefix
	// are not looked at, nor values before Iterator.Value asks for one. The least key after k is k with a zero byte behind.
	Iterate(child, prefix, from []byte) Iterator
	// Root returns the root of the top trie; the roots of the child tries are values in it.
	Root() hash.H256
	// ChildRoot returns the root of a child trie; the empty trie's root where there is none.
	ChildRoot(child []byte) (hash.H256, error)
	// Derive returns the state after changes, with values written under version. The receiver stays as it is, and nothing is
	// stored: during a block the result serves to calculate roots, and only what Overlay.Finish returns becomes a block's state.
	// The roots of changed child tries are written into the top trie (removed where a child became empty), in the order of
	// their keys among the other changes; changes under keys of child roots are passed over.
	Derive(changes *Changes, version trie.Version) (State, error)
	// Derivation tells how Derive came to the state; nothing for a state that was not derived.
	Derivation() Derivation
}

// Derivation is what happened in State.Derive besides the changes. See the package documentation, "Deleting what is not there".
type Derivation struct {
	// Ordered tells that the state may be another one where the changes come in two steps instead of one, or that what is
	// read of the state before would not be recorded alike.
	Ordered bool
	// Stripped are deletions that nobody asked for, of keys that are not among the changes; nil where there are none.
	Stripped *Changes
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

// add puts in changes of keys that c does not have.
func (c *Changes) add(more *Changes) {
	if more == nil {
		return
	}
	put := func(list []Change, more []Change) []Change {
		for _, change := range more {
			if i, ok := findChange(list, change.Key); !ok {
				list = slices.Insert(list, i, change)
			}
		}
		return list
	}
	c.Top = put(c.Top, more.Top)
	for _, child := range more.Child {
		i, ok := slices.BinarySearchFunc(c.Child, child.Child, func(c ChildChanges, key []byte) int { return bytes.Compare(c.Child, key) })
		if !ok {
			c.Child = slices.Insert(c.Child, i, ChildChanges{Child: child.Child})
		}
		c.Child[i].Changes = put(c.Child[i].Changes, child.Changes)
	}
}
