package trie

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/gotensor/gotensor/primitives/hash"
)

// ErrMissing marks a node or value that the trie refers to and its reader does not have. *MissingError wraps it.
var ErrMissing = errors.New("missing from the trie's source")

// MissingError tells what a NodeReader does not have: for a trie from a proof, what the proof lacks.
type MissingError struct {
	Path  []byte    // nibbles from the root to the node, one a byte; for a value, its key
	Hash  hash.H256 // of the node or value
	Value bool
}

func (e *MissingError) Error() string {
	if e.Value {
		return fmt.Sprintf("value %s of key 0x%x: %v", e.Hash, e.Path, ErrMissing)
	}
	return fmt.Sprintf("node %s at nibbles 0x%x: %v", e.Hash, e.Path, ErrMissing)
}

// Unwrap returns ErrMissing.
func (e *MissingError) Unwrap() error { return ErrMissing }

// ErrCorrupt marks bytes from a NodeReader that do not have the hash they were asked for by.
var ErrCorrupt = errors.New("stored bytes have another hash")

// ErrSubstratePanics is returned by Delete where Substrate's trie panics, so that no node can apply the deletion; see the package
// documentation, "Deleting what is not there".
var ErrSubstratePanics = errors.New("deletion on which Substrate's trie panics")

// NodeReader is where a loaded trie finds what it does not hold in memory. It is safe for concurrent use. Results are not
// changed by either side. It may look up by path, by hash, or both; what it returns is hashed and compared, and then decoded
// strictly.
type NodeReader interface {
	// Node returns the encoding of the node at path, which has the given hash. path is nibbles, one a byte.
	Node(path []byte, h hash.H256) ([]byte, error)
	// Value returns the value at key, which has the given hash. It is asked for values that enter their node as a hash.
	Value(key []byte, h hash.H256) ([]byte, error)
}

// Trie is a mutable view of one trie. See the package documentation for sharing and concurrency.
type Trie struct {
	root   *node // nil where the trie is empty or its root is not loaded
	hash   hash.H256
	dirty  bool   // hash is unknown
	edit   uint64 // see tag
	hasher Hasher
	reader NodeReader
	base   *Trie // what Commit emitted last, clean; nil stands for the empty trie
	loaded *loaded
	buf    []byte

	nested   bool     // see Nested
	stripped [][]byte // see Stripped

	recorder *Recorder
	recorded uint64 // nodes with an edit tag up to this belong to the recorded state
}

var lastEdit atomic.Uint64

func newEdit() uint64 { return lastEdit.Add(1) }

// New returns an empty trie of chain state.
func New() *Trie { return NewWith(Blake2b) }

// NewWith returns an empty trie under another hasher.
func NewWith(h Hasher) *Trie { return &Trie{hash: h.EmptyRoot(), edit: newEdit(), hasher: h} }

// Load returns the trie with the given root, whose nodes are read from r when they are first needed. Reading does not keep
// them in memory; writing keeps those on the path of what was written.
func Load(root hash.H256, r NodeReader) *Trie { return LoadWith(Blake2b, root, r) }

// LoadWith is Load under another hasher.
func LoadWith(h Hasher, root hash.H256, r NodeReader) *Trie {
	t := &Trie{hash: root, edit: newEdit(), hasher: h, reader: r, loaded: new(loaded)}
	t.base = &Trie{hash: root, hasher: h, reader: r, loaded: t.loaded}
	return t
}

// loaded holds nodes as they were read by writes, so that Diff, and other writes over the same trie, need not read them
// again. All snapshots of a loaded trie share it. Its nodes belong to no edit session: who changes one copies it.
type loaded struct {
	mu    sync.Mutex
	nodes map[loadedAt]*node
}

// loadedAt is what a node in memory depends on: where its partial key starts decides how it is packed.
type loadedAt struct {
	h   hash.H256
	odd bool
}

func (l *loaded) get(h hash.H256, depth int) *node {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nodes[loadedAt{h, depth&1 == 1}]
}

func (l *loaded) keep(h hash.H256, depth int, n *node) {
	if l == nil || n == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.nodes == nil {
		l.nodes = map[loadedAt]*node{}
	}
	l.nodes[loadedAt{h, depth&1 == 1}] = n
}

// Snapshot returns a second view of the same content in constant time. From then on either changes without the other.
// It counts as reading t. Nested and Stripped of the snapshot begin anew.
func (t *Trie) Snapshot() *Trie {
	s := &Trie{root: t.root, hash: t.hash, dirty: t.dirty, edit: newEdit(), hasher: t.hasher, reader: t.reader, base: t.base, loaded: t.loaded,
		recorder: t.recorder, recorded: t.recorded}
	atomic.StoreUint64(&t.edit, newEdit())
	return s
}

// tag is the edit tag of t. Snapshot sets it while others may read t.
func (t *Trie) tag() uint64 { return atomic.LoadUint64(&t.edit) }

// own makes the node in the slot one that t may change.
func (t *Trie) own(slot **node) *node {
	if n := *slot; n.edit != t.tag() {
		*slot = t.copy(n)
	}
	return *slot
}

// copy returns a copy of n that t may change.
func (t *Trie) copy(n *node) *node {
	c := n.copyFor(t.tag())
	if n.edit <= t.recorded {
		c.flags &^= valueNew
	}
	return c
}

// fetch reads and decodes the node at the first depth nibbles of path, packed, which has the given hash.
func (t *Trie) fetch(path []byte, depth int, h hash.H256) (*node, error) {
	if t.reader == nil {
		panic("BUG: a trie without a reader has a node that is not in memory")
	}
	if n := t.loaded.get(h, depth); n != nil {
		if t.recorder != nil {
			t.recorder.addNode(n, depth, h)
		}
		return n, nil
	}
	var enc []byte
	var err error
	if set, ok := t.reader.(NodeSet); ok {
		// A set finds by hash, which it calculated itself. Without a path the cost does not grow with the depth.
		if enc, ok = set[h]; !ok {
			return nil, &MissingError{Path: unpacked(path, depth), Hash: h}
		}
	} else {
		if enc, err = t.reader.Node(unpacked(path, depth), h); err != nil {
			return nil, err
		}
		if got := t.hasher(enc); got != h {
			return nil, fmt.Errorf("node %s at nibbles 0x%x: %w: %s", h, unpacked(path, depth), ErrCorrupt, got)
		}
	}
	n, err := decode(enc, depth, 0)
	if err == nil && n == nil && depth > 0 {
		err = malformed("empty node below the root")
	}
	if err != nil {
		return nil, fmt.Errorf("node %s at nibbles 0x%x: %w", h, unpacked(path, depth), err)
	}
	if t.recorder != nil {
		t.recorder.add(h, enc)
	}
	return n, nil
}

// unpacked returns the first n nibbles of a path, one a byte.
func unpacked(path []byte, n int) []byte {
	nibbles := make([]byte, n)
	for i := range nibbles {
		nibbles[i] = byte(nibble(path, i))
	}
	return nibbles
}

// top returns the root node, nil where the trie is empty.
func (t *Trie) top() (*node, error) {
	if t.root == nil {
		if t.dirty || t.reader == nil || t.hash == t.hasher.EmptyRoot() {
			if t.recorder != nil { // so does Substrate, also where a recorded execution emptied the trie itself
				t.recorder.add(t.hasher.EmptyRoot(), []byte{emptyNode})
			}
			return nil, nil
		}
		return t.fetch(nil, 0, t.hash)
	}
	if t.recorder != nil && !t.dirty {
		t.record(t.root, 0, t.hash)
	}
	return t.root, nil
}

// below returns the child of n at nibble i, where there is one; depth is that of the child, path leads to it.
func (t *Trie) below(n *node, i uint, path []byte, depth int) (*node, error) {
	k := n.at(i)
	if k.node == nil {
		return t.fetch(path, depth, k.merkle)
	}
	if t.recorder != nil && (n.dirty|n.small)&(1<<i) == 0 {
		t.record(k.node, depth, k.merkle)
	}
	return k.node, nil
}

// record notes a node that is in memory, where it belongs to the recorded state.
func (t *Trie) record(n *node, depth int, h hash.H256) {
	if n.edit <= t.recorded && n.dirty == 0 {
		t.recorder.addNode(n, depth, h)
	}
}

// find returns the node that has the value of key, nil where there is none, and its depth.
func (t *Trie) find(key []byte) (*node, int, error) {
	n, err := t.top()
	depth := 0
	for n != nil && err == nil {
		if n.match(key, depth) < int(n.plen) {
			return nil, 0, nil
		}
		end := depth + int(n.plen)
		if end == 2*len(key) {
			if n.flags&hasValue == 0 {
				return nil, 0, nil
			}
			return n, depth, nil
		}
		i := nibble(key, end)
		if n.set&(1<<i) == 0 {
			return nil, 0, nil
		}
		depth = end + 1
		n, err = t.below(n, i, key, depth)
	}
	return nil, 0, err
}

// value returns the value of n, which has one.
func (t *Trie) value(n *node, key []byte, depth int) ([]byte, error) {
	v := n.data[n.partialBytes(depth):]
	if n.flags&valueHashed == 0 {
		return v[:len(v):len(v)], nil
	}
	h := hash.H256(v[:hashLen])
	if n.flags&valueAbsent != 0 {
		v, err := t.reader.Value(key, h)
		if err != nil {
			return nil, err
		}
		if _, ok := t.reader.(NodeSet); !ok {
			if got := t.hasher(v); got != h {
				return nil, fmt.Errorf("value %s of key 0x%x: %w: %s", h, key, ErrCorrupt, got)
			}
		}
		if t.recorder != nil {
			t.recorder.add(h, v)
		}
		return v, nil
	}
	v = v[hashLen:len(v):len(v)]
	if t.recorder != nil && (n.edit <= t.recorded || n.flags&valueNew == 0) {
		t.recorder.add(h, v)
	}
	return v, nil
}

// Get returns the value at key and whether there is one; an empty value is a value. The slice must not be changed.
// Errors are those of the NodeReader, ErrCorrupt where what it returned has another hash, and ErrNode where it is no node.
func (t *Trie) Get(key []byte) ([]byte, bool, error) {
	n, depth, err := t.find(key)
	if n == nil || err != nil {
		return nil, false, err
	}
	v, err := t.value(n, key, depth)
	return v, err == nil, err
}

// Has tells whether there is a value at key, without reading or recording the value itself.
func (t *Trie) Has(key []byte) (bool, error) {
	n, _, err := t.find(key)
	return n != nil, err
}

// Put sets the value at key, written under version v. The trie keeps copies of both. Setting the value that is there
// under another version moves it to that version, as Substrate does.
func (t *Trie) Put(key, value []byte, v Version) error {
	if t.root == nil {
		n, err := t.top()
		if err != nil {
			return err
		}
		t.loaded.keep(t.hash, 0, n)
		if t.root = n; n == nil {
			t.root = t.leaf(key, 0, value, v)
			t.dirty = true
			return nil
		}
	} else if t.recorder != nil && !t.dirty {
		t.record(t.root, 0, t.hash)
	}
	t.dirty = true
	slot, depth := &t.root, 0
	for {
		n := t.own(slot)
		if m := n.match(key, depth); m < int(n.plen) {
			t.split(slot, n, depth, m, key, value, v)
			return nil
		}
		start := depth
		depth += int(n.plen)
		if depth == 2*len(key) {
			n.setData(nil, t.hasher, key, start, int(n.plen), value, v)
			return nil
		}
		i := nibble(key, depth)
		depth++
		if n.set&(1<<i) == 0 {
			n.insertKid(i, t.leaf(key, depth, value, v))
			return nil
		}
		k := n.at(i)
		if k.node == nil || t.recorder != nil {
			below, err := t.below(n, i, key, depth)
			if err != nil {
				return err
			}
			if k.node == nil {
				t.loaded.keep(k.merkle, depth, below)
			}
			k.node = below
		}
		n.dirty |= 1 << i
		slot = &k.node
	}
}

// leaf makes a leaf for the part of key from depth on.
func (t *Trie) leaf(key []byte, depth int, value []byte, v Version) *node {
	size := len(key) - depth/2 + len(value)
	if v == V1 && len(value) > maxInline {
		size += hashLen
	}
	n := newLeaf(size)
	n.edit = t.tag()
	n.setData(n.data, t.hasher, key, depth, 2*len(key)-depth, value, v)
	return n
}

// split puts a branch above n, which t owns, where its partial key departs from key after m nibbles.
func (t *Trie) split(slot **node, n *node, depth, m int, key, value []byte, v Version) {
	b := &node{edit: t.tag(), plen: uint32(m)}
	at := depth + m
	i := n.partialNibble(depth, m)
	if at < 2*len(key) && m > 0 {
		b.data = append([]byte(nil), key[depth/2:(at+1)/2]...)
	}
	n.data = n.data[(at+1)/2-depth/2:]
	n.plen -= uint32(m) + 1
	b.insertKid(i, n)
	if at == 2*len(key) {
		b.setData(nil, t.hasher, key, depth, m, value, v)
	} else {
		b.insertKid(nibble(key, at), t.leaf(key, at+1, value, v))
	}
	*slot = b
}

// Delete removes key. A key that is not there leaves the trie as it is, with one exception that Substrate has and that this
// trie follows: see the package documentation, "Deleting what is not there". ErrSubstratePanics belongs to it. Other
// errors are those of Get; after an error the trie is what it was.
func (t *Trie) Delete(key []byte) error {
	// Looking first keeps a trie that lacks the key clean, and brings errors before anything changed.
	var room [24]*node
	way := room[:0] // the nodes on the path to the key, as they are before
	strip := false
	n, err := t.top()
	for depth := 0; ; {
		if n == nil || err != nil {
			return err
		}
		way = append(way, n)
		m := n.match(key, depth)
		end := depth + int(n.plen)
		if m < int(n.plen) {
			if depth+m < 2*len(key) {
				return nil
			}
			t.nested = true
			if strip = m == 0 && n.set != 0 && n.flags&hasValue != 0; !strip {
				return nil
			}
			if n.set&(n.set-1) == 0 {
				return fmt.Errorf("delete absent key 0x%x above a value with one child: %w", key, ErrSubstratePanics)
			}
			break
		}
		if end == 2*len(key) {
			t.nested = t.nested || n.set != 0
			if n.flags&hasValue == 0 {
				return nil
			}
			break
		}
		i := nibble(key, end)
		if n.set&(1<<i) == 0 {
			return nil
		}
		depth = end + 1
		n, err = t.below(n, i, key, depth)
	}
	if t.root == nil {
		t.loaded.keep(t.hash, 0, way[0])
		t.root = way[0]
	}
	var parent **node // slot of the branch above
	var parentDepth int
	var which uint // of its children
	slot, depth := &t.root, 0
	t.dirty = true
	for at := 1; ; at++ {
		n := t.own(slot)
		end := depth + int(n.plen)
		if at < len(way) {
			i := nibble(key, end)
			k := n.at(i)
			if k.node == nil {
				t.loaded.keep(k.merkle, end+1, way[at])
				k.node = way[at]
			}
			n.dirty |= 1 << i
			parent, parentDepth, which = slot, depth, i
			slot, depth = &k.node, end+1
			continue
		}
		if strip {
			victim := make([]byte, end/2)
			copy(victim, key)
			putNibbles(victim, depth, n.data, int(n.plen))
			t.stripped = append(t.stripped, victim)
			n.clearValue(depth)
			return nil
		}
		if n.set != 0 {
			if n.set&(n.set-1) == 0 {
				return t.merge(slot, depth, key[:depth/2+depth&1], n.set)
			}
			n.clearValue(depth)
			return nil
		}
		if parent == nil {
			t.root = nil
			return nil
		}
		p := *parent
		rest := p.set &^ (1 << which)
		if rest == 0 && p.flags&hasValue == 0 { // no trie is built so, but a proof may be
			return malformed("branch with one child and no value")
		}
		if rest&(rest-1) == 0 && p.flags&hasValue == 0 {
			return t.merge(parent, parentDepth, key, rest)
		}
		p.removeKid(which)
		return nil
	}
}

// Nested tells whether a key was deleted while others began with it, since t was made: only then can the order in which
// keys are written decide what the trie holds.
func (t *Trie) Nested() bool { return t.nested }

// Stripped returns the keys whose values were lost to the deletion of others since t was made; some may have been written
// again.
func (t *Trie) Stripped() [][]byte { return t.stripped }

// merge replaces the branch in slot, which t owns, by its child at the one bit of set, whose partial key grows by the
// branch's and the nibble between. key begins with the path to the branch.
func (t *Trie) merge(slot **node, depth int, key []byte, set uint16) error {
	b := *slot
	i := uint(bits.TrailingZeros16(set))
	end := depth + int(b.plen)
	path := make([]byte, (end+2)/2)
	copy(path, key[:(depth+1)/2])
	putNibbles(path, depth, b.data, int(b.plen))
	putNibble(path, end, i)
	below, err := t.below(b, i, path, end+1)
	if err != nil {
		return err
	}
	if k := b.at(i); k.node == nil {
		t.loaded.keep(k.merkle, end+1, below)
	}
	n := below
	if n.edit != t.tag() {
		n = t.copy(n)
	}
	cut := n.partialBytes(end + 1)
	plen := b.plen + 1 + n.plen
	pb := (depth&1 + int(plen) + 1) / 2
	data := make([]byte, pb, pb+len(n.data)-cut)
	putNibbles(data, depth&1, b.data, int(b.plen))
	putNibble(data, depth&1+int(b.plen), i)
	putNibbles(data, depth&1+int(b.plen)+1, n.data, int(n.plen))
	if n.flags&hasValue != 0 {
		data = append(data, n.data[cut:]...)
	}
	n.data = data
	n.plen = plen
	*slot = n
	return nil
}

// putNibble sets nibble at of packed bytes and keeps the other half of its byte.
func putNibble(out []byte, at int, v uint) {
	if at&1 == 0 {
		out[at/2] = out[at/2]&0x0f | byte(v<<4)
	} else {
		out[at/2] = out[at/2]&0xf0 | byte(v)
	}
}

// putNibbles writes a partial key of count nibbles, aligned as nodes have it, at nibble at.
func putNibbles(out []byte, at int, data []byte, count int) {
	if count == 0 {
		return
	}
	end := at + count
	if at&1 == 1 {
		out[at/2] = out[at/2]&0xf0 | data[0]&0x0f
		at, data = at+1, data[1:]
	}
	n := copy(out[at/2:end/2], data)
	if end&1 == 1 && end > at {
		out[end/2] = out[end/2]&0x0f | data[n]&0xf0
	}
}

// Root returns the root. Only nodes above what changed since the last Root are hashed. On a trie that has not changed
// since, Root is a read.
func (t *Trie) Root() hash.H256 {
	if !t.dirty {
		return t.hash
	}
	t.dirty = false
	if t.root == nil {
		t.hash = t.hasher.EmptyRoot()
		return t.hash
	}
	if t.root.dirty != 0 {
		t.own(&t.root)
	}
	buf := t.root.digest(t.buf[:0], 0, t.hasher, t.tag())
	t.hash = t.hasher(buf)
	if cap(buf) <= 1<<16 {
		t.buf = buf
	}
	return t.hash
}

// NextKey returns the least key greater than after, in byte order.
func (t *Trie) NextKey(after []byte) ([]byte, bool, error) {
	var it Iterator
	it.init(t, nil)
	it.seek(after, false)
	if !it.Next() {
		return nil, false, it.err
	}
	return bytes.Clone(it.Key()), true, nil
}
