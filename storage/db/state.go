package db

import (
	"bytes"
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
)

// State is the state after one block of the store. What it reads is held for it until Close, whatever is finalised, pruned or reverted meanwhile;
// one that is no longer in use and was not closed holds it until it is collected as garbage. After Close every read gives ErrReleased, and so do
// reads of states that were derived from it, as far as they need the store.
type State struct {
	view
	block Point
	root  hash.H256
	pin   *pin
	tries func() *storage.TrieState
	cache *nodeCache
}

// State returns the state after a block. Errors: ErrUnknownBlock; *PrunedError, which says what is kept.
func (db *DB) State(block hash.H256) (*State, error) {
	s, err := db.pinned(block)
	if err != nil {
		return nil, err
	}
	s.cache = db.nodes
	s.tries = sync.OnceValue(func() *storage.TrieState {
		return storage.LoadState(s.root, func(child []byte) trie.NodeReader { return &nodes{s, slices.Clone(child)} })
	})
	runtime.AddCleanup(s, (*pin).release, s.pin)
	return s, nil
}

// pinned finds out where a state is read, and holds it there.
func (db *DB) pinned(block hash.H256) (*State, error) {
	if s := db.pinnedUnfolded(block); s != nil {
		return s, nil
	}
	header, err := db.canonical(block)
	if err != nil {
		return nil, err
	}
	if s := db.pinnedUnfolded(block); s != nil { // imported and finalised between the two looks
		return s, nil
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	at := Point{header.Number, block}
	if at.Number < db.pruned.States {
		return nil, &PrunedError{What: "state", Hash: block, Number: at.Number, Oldest: db.pruned.States}
	}
	return &State{block: at, root: header.StateRoot, view: view{folded: &db.finalised, base: at.Number}, pin: db.pins.add(at.Number, false)}, nil
}

// pinnedUnfolded is pinned of a block in the tree, nil for others.
func (db *DB) pinnedUnfolded(block hash.H256) *State {
	db.mu.Lock()
	defer db.mu.Unlock()
	n := db.tree.get(block)
	if n == nil {
		return nil
	}
	return &State{
		block: n.Point,
		root:  n.root,
		view:  view{folded: &db.finalised, base: db.folded.Number, layers: db.tree.layers(n)},
		pin:   db.pins.add(db.folded.Number, true),
	}
}

// Block returns the block that the state is after.
func (s *State) Block() Point { return s.block }

// Close lets go of what the state reads. It may be called more than once, and while others read.
func (s *State) Close() { s.pin.release() }

// read is view.get of a state in use. A state that is closed meanwhile may have read what is being discarded, so it is asked afterwards.
func (s *State) read(key []byte) ([]byte, bool, error) {
	value, ok, err := s.get(key)
	if s.pin.released.Load() {
		err = ErrReleased
	}
	if err != nil {
		return nil, false, fmt.Errorf("state of %s: key 0x%x: %w", s.block, key, err)
	}
	return value, ok, nil
}

// Get implements storage.Reader.
func (s *State) Get(child, key []byte) ([]byte, bool, error) { return s.read(valueKey(child, key)) }

// Has implements storage.Reader.
func (s *State) Has(child, key []byte) (bool, error) {
	_, ok, err := s.read(valueKey(child, key))
	return ok, err
}

// NextKey implements storage.Reader.
func (s *State) NextKey(child, after []byte) ([]byte, bool, error) {
	it := s.Iterate(child, nil, append(bytes.Clone(after), 0))
	defer it.Close()
	if !it.Next() {
		return nil, false, it.Err()
	}
	return bytes.Clone(it.Key()), true, nil
}

// Iterate implements storage.State.
func (s *State) Iterate(child, prefix, from []byte) storage.Iterator {
	top := triePrefix(kindValue, child, len(prefix))
	skip := len(top)
	return &keys{state: s, skip: skip, cursor: s.iterate(append(top, prefix...), valueKey(child, from))}
}

// keys is an iterator over the keys of one trie.
type keys struct {
	state *State
	*cursor
	skip int // bytes of a key in the store before the key in the trie
}

// Next implements storage.Iterator.
func (k *keys) Next() bool {
	ok := k.next()
	if k.state.pin.released.Load() {
		k.err = ErrReleased
	}
	return ok && k.err == nil
}

// Key implements storage.Iterator.
func (k *keys) Key() []byte {
	if k.key == nil {
		return nil
	}
	return k.key[k.skip:]
}

// Value implements storage.Iterator.
func (k *keys) Value() ([]byte, error) {
	value := k.read()
	if k.state.pin.released.Load() {
		k.err = ErrReleased
	}
	return value, k.Err()
}

// Err implements storage.Iterator.
func (k *keys) Err() error {
	if k.err == nil {
		return nil
	}
	return fmt.Errorf("keys of the state of %s: %w", k.state.block, k.err)
}

// Close implements storage.Iterator.
func (k *keys) Close() { k.close() }

// Root implements storage.State.
func (s *State) Root() hash.H256 { return s.root }

// ChildRoot implements storage.State.
func (s *State) ChildRoot(child []byte) (hash.H256, error) {
	value, ok, err := s.Get(nil, storage.ChildRootKey(child))
	if err != nil || !ok {
		return trie.EmptyRoot, err
	}
	if len(value) != len(hash.H256{}) {
		return hash.H256{}, corrupt("root of child trie 0x%x: expected 32 bytes, got %d", child, len(value))
	}
	return hash.H256(value), nil
}

// Derive implements storage.State. The derived state is a *storage.TrieState, which Import takes; it reads from s what it did not write.
func (s *State) Derive(changes *storage.Changes, version trie.Version) (storage.State, error) {
	return s.tries().Derive(changes, version)
}

// Derivation implements storage.State: the state was read, not derived.
func (s *State) Derivation() storage.Derivation { return storage.Derivation{} }

// Record implements storage.Recordable.
func (s *State) Record(r *trie.Recorder) storage.State { return s.tries().Record(r) }

var (
	_ storage.State      = (*State)(nil)
	_ storage.Recordable = (*State)(nil)
)

// nodes reads the nodes of one trie of a state.
type nodes struct {
	state *State
	child []byte
}

// Node implements trie.NodeReader. The trie holds what it gets against the hash.
func (n *nodes) Node(path []byte, h hash.H256) ([]byte, error) {
	if encoded, ok := n.state.cache.get(h); ok {
		return encoded, nil
	}
	encoded, ok, err := n.state.read(nodeKey(n.child, path))
	if err == nil && !ok {
		err = corrupt("state of %s: trie node %s at nibbles 0x%x is missing", n.state.block, h, path)
	}
	if err != nil {
		return nil, err
	}
	n.state.cache.put(h, encoded)
	return encoded, nil
}

// Value implements trie.NodeReader.
func (n *nodes) Value(key []byte, h hash.H256) ([]byte, error) {
	value, ok, err := n.state.Get(n.child, key)
	if err == nil && !ok {
		err = corrupt("state of %s: value %s of key 0x%x is missing", n.state.block, h, key)
	}
	return value, err
}

// pins counts the states in use. The owner's mutex guards it.
type pins struct {
	owner *DB
	// bases has, for each block, how many states read what was folded as it was after it: later history stays.
	bases map[chain.BlockNumber]int
	// ages has, for each age, how many states with layers were made in it. An age ends where blocks leave the tree; the journals of these stay until no state
	// of an age before that is in use.
	ages map[uint64]int
	age  uint64
	all  int // states
}

// pin is one state's hold.
type pin struct {
	pins     *pins
	base     chain.BlockNumber
	age      uint64
	layered  bool
	released atomic.Bool
}

func (p *pins) add(base chain.BlockNumber, layered bool) *pin {
	p.all++
	p.bases[base]++
	if layered {
		p.ages[p.age]++
	}
	return &pin{pins: p, base: base, age: p.age, layered: layered}
}

// end ends the present age and returns it.
func (p *pins) end() uint64 {
	p.age++
	return p.age - 1
}

// least returns the least block that is in use, or most where all are above.
func (p *pins) least(most chain.BlockNumber) chain.BlockNumber {
	if base, ok := least(p.bases); ok {
		return min(most, base)
	}
	return most
}

// over tells whether no state with layers is of an age up to this one.
func (p *pins) over(age uint64) bool {
	first, ok := least(p.ages)
	return !ok || first > age
}

// least returns the least key of a map.
func least[K cmp.Ordered](m map[K]int) (k K, ok bool) {
	for other := range m {
		if !ok || other < k {
			k, ok = other, true
		}
	}
	return k, ok
}

func take[K comparable](count map[K]int, k K) (last bool) {
	count[k]--
	if last = count[k] == 0; last {
		delete(count, k)
	}
	return last
}

func (p *pin) release() {
	if p.released.Swap(true) {
		return
	}
	db := p.pins.owner
	db.mu.Lock()
	p.pins.all--
	waiting := take(p.pins.bases, p.base) && db.pruned.Swept < db.pruned.States
	if p.layered && take(p.pins.ages, p.age) {
		waiting = waiting || len(db.dead) > 0
	}
	db.mu.Unlock()
	if waiting {
		db.folder.wake()
	}
}
