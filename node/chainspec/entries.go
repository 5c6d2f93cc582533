package chainspec

import (
	"iter"
	"maps"
	"slices"

	"github.com/gotensor/gotensor/storage"
)

// Entries are the raw key-value pairs of one trie before it is a trie. The zero value is empty and ready to use.
// Not safe for concurrent writes.
type Entries struct {
	values map[string][]byte
}

// Len returns the number of entries.
func (e *Entries) Len() int { return len(e.values) }

// Get returns the value at key and whether there is one. The value must not be changed.
func (e *Entries) Get(key []byte) ([]byte, bool) {
	value, ok := e.values[string(key)]
	return value, ok
}

// Set puts value at key, in place of what was there. It keeps value without copying it.
func (e *Entries) Set(key, value []byte) {
	if e.values == nil {
		e.values = make(map[string][]byte)
	}
	if value == nil {
		value = []byte{}
	}
	e.values[string(key)] = value
}

// Delete removes the entry at key where there is one.
func (e *Entries) Delete(key []byte) { delete(e.values, string(key)) }

// Keys returns the keys in ascending byte order.
func (e *Entries) Keys() []string { return slices.Sorted(maps.Keys(e.values)) }

// All yields the entries in ascending byte order of their keys, as they were when the iteration began.
func (e *Entries) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for _, key := range e.Keys() {
			value, ok := e.values[key]
			if ok && !yield([]byte(key), value) {
				return
			}
		}
	}
}

func (e *Entries) changes() []storage.Change {
	out := make([]storage.Change, 0, len(e.values))
	for key, value := range e.All() {
		out = append(out, storage.Change{Key: key, Value: value})
	}
	return out
}
