package kv

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
)

// Memory is a DB in memory: the measure of what engines answer, and the store that tests of what is built on a store run over. Nothing of it outlives the
// process; Clone is how a test opens it again.
//
// Its keys are in a treap whose nodes never change: a write makes new nodes on the way from the root to its key, so that a root is a state for ever. An
// iterator is a root, and so is a clone.
type Memory struct {
	mu     sync.RWMutex
	root   *node
	bytes  uint64 // of all keys and values
	closed bool
	writes uint64
	reads  atomic.Uint64
}

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{} }

// Clone returns an open store of its own with what this one holds, which may be closed. It takes constant time.
func (m *Memory) Clone() *Memory {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return &Memory{root: m.root, bytes: m.bytes}
}

// Get implements DB.
func (m *Memory) Get(key []byte) ([]byte, bool, error) {
	m.mu.RLock()
	root, closed := m.root, m.closed
	m.mu.RUnlock()
	if closed {
		return nil, false, ErrClosed
	}
	m.reads.Add(1)
	n := root.find(key)
	if n == nil {
		return nil, false, nil
	}
	return append([]byte{}, n.value...), true, nil
}

// Write implements DB. Every write is as durable as the store can be.
func (m *Memory) Write(batch *Batch, _ bool) error {
	if err := batch.Check(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	m.writes++
	for _, op := range batch.Ops {
		old := m.root.find(op.Key)
		if old != nil {
			m.bytes -= uint64(len(old.key) + len(old.value))
		}
		switch {
		case !op.Delete:
			m.root = m.root.with(&node{key: bytes.Clone(op.Key), value: bytes.Clone(op.Value), priority: xxhash.Sum64(op.Key)})
			m.bytes += uint64(len(op.Key) + len(op.Value))
		case old != nil:
			m.root = m.root.without(op.Key)
		}
	}
	return nil
}

// Sync implements DB.
func (m *Memory) Sync() error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return ErrClosed
	}
	return nil
}

// Stats implements DB.
func (m *Memory) Stats() Stats {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return Stats{MemoryBytes: m.bytes, Writes: m.writes, Reads: m.reads.Load()}
}

// Close implements DB.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

// Iterator implements DB.
func (m *Memory) Iterator(prefix []byte) Iterator {
	m.mu.RLock()
	defer m.mu.RUnlock()
	it := &memoryIterator{prefix: bytes.Clone(prefix), root: m.root}
	if m.closed {
		it.root, it.err = nil, ErrClosed
	}
	it.begin(it.prefix)
	return it
}

// memoryIterator walks one state. Its slices are used again at each step, so that a caller who keeps one longer than it may finds another key in it.
type memoryIterator struct {
	prefix []byte
	root   *node
	left   []*node // the nodes that come next, the first of them last; each stands for itself and all below its right side
	at     *node   // where it stands
	key    []byte
	value  []byte
	err    error
}

// begin makes the first key at or after from the next one.
func (it *memoryIterator) begin(from []byte) {
	it.left = it.left[:0]
	for n := it.root; n != nil; {
		if bytes.Compare(n.key, from) < 0 {
			n = n.right
		} else {
			it.left = append(it.left, n)
			n = n.left
		}
	}
}

// Next implements Iterator.
func (it *memoryIterator) Next() bool {
	it.at = nil
	if len(it.left) == 0 {
		return false
	}
	n := it.left[len(it.left)-1]
	it.left = it.left[:len(it.left)-1]
	if !bytes.HasPrefix(n.key, it.prefix) {
		it.left = it.left[:0]
		return false
	}
	for c := n.right; c != nil; c = c.left {
		it.left = append(it.left, c)
	}
	it.at, it.key = n, append(it.key[:0], n.key...)
	return true
}

// Seek implements Iterator.
func (it *memoryIterator) Seek(key []byte) bool {
	if bytes.Compare(key, it.prefix) < 0 {
		key = it.prefix
	}
	it.begin(key)
	return it.Next()
}

// Key implements Iterator.
func (it *memoryIterator) Key() []byte {
	if it.at == nil {
		return nil
	}
	return it.key
}

// Value implements Iterator.
func (it *memoryIterator) Value() ([]byte, error) {
	if it.at == nil {
		return nil, errNowhere
	}
	it.value = append(it.value[:0], it.at.value...)
	return it.value, nil
}

// errNowhere is what an iterator without a current key answers.
var errNowhere = errors.New("iterator is not at a key")

// Err implements Iterator.
func (it *memoryIterator) Err() error { return it.err }

// Close implements Iterator.
func (it *memoryIterator) Close() { it.root, it.left, it.at = nil, nil, nil }

// node is a treap: in the order of keys from left to right, and no priority is above its parent's. The priority is a hash of the key, so that the shape
// follows from the keys alone, and is balanced for keys that were not chosen to spoil it. A node never changes; nil is the empty treap.
type node struct {
	key, value  []byte
	priority    uint64
	left, right *node
}

func (n *node) find(key []byte) *node {
	for n != nil {
		switch c := bytes.Compare(key, n.key); {
		case c < 0:
			n = n.left
		case c > 0:
			n = n.right
		default:
			return n
		}
	}
	return nil
}

// with returns the treap with a node of its own for the key of add.
func (n *node) with(add *node) *node {
	// Where add's priority is above n's, so it is above all below n, and none of these has add's key.
	if n == nil || n.priority < add.priority {
		add.left, add.right = n.split(add.key)
		return add
	}
	c := *n
	switch order := bytes.Compare(add.key, n.key); {
	case order < 0:
		c.left = n.left.with(add)
	case order > 0:
		c.right = n.right.with(add)
	default:
		c.value = add.value
	}
	return &c
}

// split returns what is before key, which is not there, and what is after it.
func (n *node) split(key []byte) (before, after *node) {
	if n == nil {
		return nil, nil
	}
	c := *n
	if bytes.Compare(n.key, key) < 0 {
		c.right, after = n.right.split(key)
		return &c, after
	}
	before, c.left = n.left.split(key)
	return before, &c
}

// without returns the treap without key, which is there.
func (n *node) without(key []byte) *node {
	c := *n
	switch order := bytes.Compare(key, n.key); {
	case order < 0:
		c.left = n.left.without(key)
	case order > 0:
		c.right = n.right.without(key)
	default:
		return join(n.left, n.right)
	}
	return &c
}

// join returns all of a and b, where all of a is before all of b.
func join(a, b *node) *node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.priority < b.priority:
		c := *b
		c.left = join(a, b.left)
		return &c
	default:
		c := *a
		c.right = join(a.right, b)
		return &c
	}
}
