package trie

import (
	"bytes"
	"math/bits"
	"slices"

	"github.com/gotensor/gotensor/primitives/hash"
)

// NodeSink receives the nodes that a commit changed, in ascending order of their paths, each path at most once. Paths are
// nibbles from the root, one a byte. Slices are valid during the call only.
//
// Nodes shorter than a hash live inside their parents and never come, the root excepted. Nor do values: those that nodes
// hold as hashes are asked back from NodeReader.Value by key, so the storage below keeps values by key.
type NodeSink interface {
	// PutNode sets the encoding of the node at path.
	PutNode(path, encoded []byte) error
	// DeleteNode tells that there is no node of its own at path any more.
	DeleteNode(path []byte) error
}

// Commit hands every node that changed since New, Load or the last Commit to sink, and returns the root. Where it returns
// an error, the next Commit hands over the same changes again.
func (t *Trie) Commit(sink NodeSink) (hash.H256, error) {
	root := t.Root()
	if err := t.Diff(t.base, sink); err != nil {
		return root, err
	}
	t.base = nil
	if t.reader != nil {
		t.loaded = new(loaded)
	}
	t.base = t.Snapshot()
	return root, nil
}

// Diff hands sink what turns the stored nodes of old into those of t; nil is the empty trie. Equal subtrees are not
// entered, so the work is that of the changes. The Root of both must have been called after their last change.
func (t *Trie) Diff(old *Trie, sink NodeSink) error {
	if old == nil {
		old = NewWith(t.hasher)
	}
	if old.dirty || t.dirty {
		panic("BUG: difference of tries whose roots were not calculated")
	}
	if old.hash == t.hash {
		return nil
	}
	var a, b walker
	if err := a.start(old); err != nil {
		return err
	}
	if err := b.start(t); err != nil {
		return err
	}
	var buf []byte
	// Both walk their nodes in ascending order of paths, parents first, so that equal paths meet.
	for a.on || b.on {
		order := 0
		switch {
		case !b.on:
			order = -1
		case !a.on:
			order = 1
		default:
			order = bytes.Compare(a.path, b.path)
		}
		if order == 0 && a.merkle == b.merkle {
			a.skip()
			b.skip()
			continue
		}
		if order <= 0 {
			// An old node is read before what is at its path changes: the sink may be what the old trie reads from.
			if _, _, err := a.load(); err != nil {
				return err
			}
			if order < 0 {
				if err := sink.DeleteNode(a.path); err != nil {
					return err
				}
			}
			if err := a.enter(); err != nil {
				return err
			}
		}
		if order >= 0 {
			n, depth, err := b.load()
			if err != nil {
				return err
			}
			buf = n.appendEncoded(buf[:0], depth)
			if err := sink.PutNode(b.path, buf); err != nil {
				return err
			}
			if err := b.enter(); err != nil {
				return err
			}
		}
	}
	return nil
}

// ChangedKeys calls f with each key under prefix whose value differs between old and t, and perhaps with some whose value does
// not, in no particular order and perhaps twice. It is Diff of the part under prefix. The Root of both must have been called.
func (t *Trie) ChangedKeys(old *Trie, prefix []byte, f func(key []byte)) error {
	if old.dirty || t.dirty {
		panic("BUG: difference of tries whose roots were not calculated")
	}
	if old.hash == t.hash {
		return nil
	}
	nibbles := unpacked(prefix, 2*len(prefix))
	a, b := walker{prefix: nibbles}, walker{prefix: nibbles}
	if err := a.start(old); err != nil {
		return err
	}
	if err := b.start(t); err != nil {
		return err
	}
	step := func(w *walker) error {
		n, depth, err := w.load()
		if err != nil {
			return err
		}
		w.t.keysInside(n, depth, w.path, prefix, f)
		return w.enter()
	}
	for a.on || b.on {
		order := 0
		switch {
		case !b.on:
			order = -1
		case !a.on:
			order = 1
		default:
			order = bytes.Compare(a.path, b.path)
		}
		if order == 0 && a.merkle == b.merkle {
			a.skip()
			b.skip()
			continue
		}
		if order <= 0 {
			if err := step(&a); err != nil {
				return err
			}
		}
		if order >= 0 {
			if err := step(&b); err != nil {
				return err
			}
		}
	}
	return nil
}

// keysInside calls f with the keys under prefix that have their values in the encoding of n: its own and those of children that
// are encoded inside it. path leads to n.
func (t *Trie) keysInside(n *node, depth int, path, prefix []byte, f func(key []byte)) {
	path = slices.Clone(path)
	for i := range int(n.plen) {
		path = append(path, byte(n.partialNibble(depth, i)))
	}
	if n.flags&hasValue != 0 {
		if key := packed(path); bytes.HasPrefix(key, prefix) {
			f(key)
		}
	}
	for set := n.small; set != 0; set &= set - 1 {
		i := uint(bits.TrailingZeros16(set))
		t.keysInside(n.at(i).node, len(path)+1, append(path, byte(i)), prefix, f)
	}
}

// packed puts nibbles, one a byte, two into a byte.
func packed(nibbles []byte) []byte {
	b := make([]byte, (len(nibbles)+1)/2)
	for i, v := range nibbles {
		putNibble(b, i, uint(v))
	}
	return b
}

// walker stands on one node of its own after the other, in ascending order of paths.
type walker struct {
	t      *Trie
	prefix []byte // nibbles; nodes that are neither above nor below are passed over
	on     bool
	path   []byte    // nibbles to the node it stands on
	merkle hash.H256 // of that node
	node   *node     // that node, nil where it is not in memory
	above  []above
}

// above is a branch over the node that a walker stands on.
type above struct {
	n    *node
	path int    // length of the path to the branch point
	rest uint16 // children still to come
}

func (w *walker) start(t *Trie) error {
	w.t = t
	if t.recorder != nil {
		w.t = t.Snapshot()
		w.t.recorder = nil
	}
	n, err := w.t.top()
	w.on, w.node, w.merkle = n != nil, n, t.hash
	return err
}

// load returns the node that w stands on, and its depth.
func (w *walker) load() (*node, int, error) {
	if w.node == nil {
		n, err := w.t.fetch(packed(w.path), len(w.path), w.merkle)
		if err != nil {
			return nil, 0, err
		}
		w.node = n
	}
	return w.node, len(w.path), nil
}

// enter goes on to the first child, or what follows where there is none.
func (w *walker) enter() error {
	n, depth, err := w.load()
	if err != nil {
		return err
	}
	for i := range int(n.plen) {
		w.path = append(w.path, byte(n.partialNibble(depth, i)))
	}
	w.above = append(w.above, above{n: n, path: len(w.path), rest: n.set &^ n.small})
	w.skip()
	return nil
}

// skip goes on to what follows the subtree of the node that w stands on.
func (w *walker) skip() {
	for len(w.above) > 0 {
		up := &w.above[len(w.above)-1]
		if up.rest == 0 {
			w.above = w.above[:len(w.above)-1]
			continue
		}
		i := uint(bits.TrailingZeros16(up.rest))
		up.rest &= up.rest - 1
		w.path = append(w.path[:up.path], byte(i))
		if n := min(len(w.path), len(w.prefix)); !bytes.Equal(w.path[:n], w.prefix[:n]) {
			continue
		}
		k := up.n.at(i)
		w.node, w.merkle = k.node, k.merkle
		return
	}
	w.on, w.path = false, nil
}
