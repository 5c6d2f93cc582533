package trie

import (
	"bytes"
	"errors"
	"math/bits"
)

// Iterator walks the keys of a trie in byte order. The trie must not change meanwhile.
//
//	it := t.Iterator(prefix)
//	for it.Next() {
//		use(it.Key())
//	}
//	err := it.Err()
type Iterator struct {
	t      *Trie
	prefix []byte
	stack  []frame
	path   []byte // packed nibbles down to the top of the stack
	key    []byte
	err    error
	// visits bounds the nodes that the walk may enter where it is not 0: a trie from a proof may lead to one node on
	// many paths.
	visits int
	// lenient passes over subtrees that are missing from a partial trie.
	lenient bool
	room    [12]frame
	bytes   [96]byte
}

var errTooManyVisits = errors.New("too many nodes visited")

// frame is a node whose subtree is being walked.
type frame struct {
	n     *node
	depth int // of the node
	value bool
	next  uint // nibble of the child to look at next
}

// Iterator returns an iterator over the keys that start with prefix, before the first of them. It keeps prefix.
func (t *Trie) Iterator(prefix []byte) *Iterator {
	it := new(Iterator)
	it.init(t, prefix)
	it.seek(prefix, true)
	return it
}

// IteratorAfter is Iterator from the least key greater than after on: what paging needs.
func (t *Trie) IteratorAfter(prefix, after []byte) *Iterator {
	it := new(Iterator)
	it.init(t, prefix)
	if bytes.Compare(after, prefix) < 0 {
		it.seek(prefix, true)
	} else {
		it.seek(after, false)
	}
	return it
}

// IteratorFrom is Iterator from the least key at or after from on. It touches the nodes that Substrate's prefix_then_seek and
// the walk behind it touch, none of them outside of the prefix but those on the path to it.
func (t *Trie) IteratorFrom(prefix, from []byte) *Iterator {
	it := new(Iterator)
	it.init(t, prefix)
	switch {
	case bytes.Compare(from, prefix) <= 0:
		it.seek(prefix, true)
	case bytes.HasPrefix(from, prefix):
		it.seek(from, true)
	default:
		_, it.err = t.top() // nothing is left, and only the root was looked at
	}
	return it
}

func (it *Iterator) init(t *Trie, prefix []byte) {
	it.t, it.prefix = t, prefix
	it.stack, it.path = it.room[:0], it.bytes[:0]
}

// push enters a node; value tells whether its own value is still to come.
func (it *Iterator) push(n *node, depth int, value bool, next uint) {
	end := depth + int(n.plen)
	if need := (end + 2) / 2; need > len(it.path) {
		it.path = append(it.path, make([]byte, need-len(it.path))...)
	}
	putNibbles(it.path, depth, n.data, int(n.plen))
	it.stack = append(it.stack, frame{n: n, depth: depth, value: value && n.flags&hasValue != 0, next: next})
}

// seek places the iterator before the least key that is greater than key, or equal to it where equal is set.
func (it *Iterator) seek(key []byte, equal bool) {
	n, err := it.t.top()
	depth := 0
	for n != nil && err == nil {
		m := n.match(key, depth)
		end := depth + int(n.plen)
		if m < int(n.plen) {
			if at := depth + m; at < 2*len(it.prefix) {
				it.stack = it.stack[:0] // no key has the prefix
			} else if at == 2*len(key) || nibble(key, at) < n.partialNibble(depth, m) {
				it.push(n, depth, true, 0)
			}
			return
		}
		if end == 2*len(key) {
			it.push(n, depth, equal, 0)
			return
		}
		i := nibble(key, end)
		it.push(n, depth, false, i+1)
		if n.set&(1<<i) == 0 {
			return
		}
		putNibble(it.path, end, i)
		depth = end + 1
		n, err = it.t.below(n, i, key, depth)
	}
	it.err = err
}

// Next moves to the next key and tells whether there is one. After it returned false, see Err.
func (it *Iterator) Next() bool {
	it.key = nil
	for it.err == nil && len(it.stack) > 0 {
		f := &it.stack[len(it.stack)-1]
		end := f.depth + int(f.n.plen)
		if f.value {
			f.value = false
			key := it.path[:end/2]
			if !bytes.HasPrefix(key, it.prefix) {
				it.stack = it.stack[:0]
				return false
			}
			it.key = key
			return true
		}
		rest := uint(f.n.set) >> f.next << f.next
		if f.next > 15 || rest == 0 {
			it.stack = it.stack[:len(it.stack)-1]
			continue
		}
		i := uint(bits.TrailingZeros(rest))
		f.next = i + 1
		putNibble(it.path, end, i)
		// What lies beyond the prefix is not even looked at: a proof of a page holds no node more than it needs.
		if d := end + 1; d <= 2*len(it.prefix) && nibble(it.prefix, end) != i {
			it.stack = it.stack[:0]
			return false
		}
		n, err := it.t.below(f.n, i, it.path, end+1)
		if it.lenient && errors.Is(err, ErrMissing) {
			continue
		}
		if err != nil {
			it.err = err
			return false
		}
		if it.visits > 0 {
			if it.visits--; it.visits == 0 {
				it.err = errTooManyVisits
				return false
			}
		}
		it.push(n, end+1, true, 0)
	}
	return false
}

// Key returns the key, valid until the next call of Next.
func (it *Iterator) Key() []byte { return it.key }

// Value reads the value at the key.
func (it *Iterator) Value() ([]byte, error) {
	f := &it.stack[len(it.stack)-1]
	return it.t.value(f.n, it.key, f.depth)
}

// Err returns the error that ended the walk, if any.
func (it *Iterator) Err() error { return it.err }
