package storage

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"sync"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/trie"
)

// TrieState is a State made of tries: the top trie and the default child tries. Its nodes are all in memory
// (NewMemoryState), or come from a source where nobody has written to them (LoadState, StateFromProof). States derived from
// one another share all nodes that they have in common, so a block costs memory for what it changed, and forks cost no more.
type TrieState struct {
	top *frozenTrie
	// children are the child tries in memory, ascending by key; none is empty. Without a source these are all, with one those
	// that were written to since.
	children []childTrie
	source   Source
	recorder *trie.Recorder // nil where nothing records

	derivation Derivation

	mu    sync.Mutex
	roots map[string]*frozenTrie // child tries that were loaded from source, by key
}

// maxLoaded bounds how many child tries a state keeps at hand that it loaded; each takes about a kilobyte.
const maxLoaded = 1024

// Source gives the nodes of each trie; a nil child is the top trie.
type Source func(child []byte) trie.NodeReader

type childTrie struct {
	key  string
	trie *frozenTrie
}

// frozenTrie is a trie that does not change any more. Reads go to one view; new tries fork from another, because
// forking writes to the view that it forks from.
type frozenTrie struct {
	*trie.Trie
	mu   sync.Mutex
	seed *trie.Trie
}

// freeze takes over t. What is kept are snapshots, which do not hold on to t's working memory.
func freeze(t *trie.Trie) *frozenTrie {
	t.Root()
	return &frozenTrie{Trie: t.Snapshot(), seed: t.Snapshot()}
}

// fork returns a trie of the same content that may be changed.
func (t *frozenTrie) fork() *trie.Trie {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seed.Snapshot()
}

// NewMemoryState returns the state in memory that holds what changes set, under version: a genesis. Child tries are
// given as such, not by their roots: a key of a child root among the top changes gives ErrChildKey, and unsorted changes
// ErrUnsorted.
func NewMemoryState(changes *Changes, version trie.Version) (*TrieState, error) {
	for _, c := range changes.Top {
		if isChildKey(c.Key) {
			return nil, fmt.Errorf("genesis key 0x%x: %w", c.Key, ErrChildKey)
		}
	}
	empty := &TrieState{top: freeze(trie.New())}
	return empty.derive(changes, version)
}

// LoadState returns the state with the given root, whose nodes source gives as they are needed. Errors of source, and
// trie.ErrNode for what is no node, come from the read or write that needs a node.
func LoadState(root hash.H256, source Source) *TrieState {
	return &TrieState{top: freeze(trie.Load(root, source(nil))), source: source}
}

// Root implements State.
func (s *TrieState) Root() hash.H256 { return s.top.Root() }

// Get implements Reader. Errors are those of the source of nodes; a state wholly in memory has none.
func (s *TrieState) Get(child, key []byte) ([]byte, bool, error) {
	if child == nil {
		return s.top.Get(key)
	}
	t, err := s.child(child)
	if t == nil || err != nil {
		return nil, false, err
	}
	return t.Get(key)
}

// Has implements Reader. Errors as Get.
func (s *TrieState) Has(child, key []byte) (bool, error) {
	if child == nil {
		return s.top.Has(key)
	}
	t, err := s.child(child)
	if t == nil || err != nil {
		return false, err
	}
	return t.Has(key)
}

// NextKey implements Reader. Errors as Get.
func (s *TrieState) NextKey(child, after []byte) ([]byte, bool, error) {
	if child == nil {
		return s.top.NextKey(after)
	}
	t, err := s.child(child)
	if t == nil || err != nil {
		return nil, false, err
	}
	return t.NextKey(after)
}

// ChildRoot implements State. Errors as Get.
func (s *TrieState) ChildRoot(child []byte) (hash.H256, error) {
	t, err := s.child(child)
	if t == nil || err != nil {
		return trie.EmptyRoot, err
	}
	return t.Root(), nil
}

// child returns a child trie, nil where it is empty.
func (s *TrieState) child(child []byte) (*frozenTrie, error) {
	known := s.known(child)
	if s.source == nil && s.recorder == nil {
		return known, nil
	}
	// The top trie is asked even for a child that is in memory, so that a recorder sees how the child's root is proved.
	// A recorder may have forgotten it since, so what was loaded spares the walk only where nothing records.
	s.mu.Lock()
	loaded := s.roots[string(child)]
	s.mu.Unlock()
	if loaded != nil && s.recorder == nil {
		return loaded, nil
	}
	value, ok, err := s.top.Get(ChildRootKey(child))
	if !ok || err != nil {
		return nil, err
	}
	if known != nil {
		return known, nil
	}
	if loaded != nil {
		return loaded, nil
	}
	if len(value) != len(hash.H256{}) {
		return nil, fmt.Errorf("root of child trie 0x%x: expected 32 bytes, got %d", child, len(value))
	}
	if s.source == nil {
		panic("BUG: the top trie has the root of a child trie that is not in memory")
	}
	t := trie.Load(hash.H256(value), s.source(child))
	if s.recorder != nil {
		t = t.Record(s.recorder)
	}
	loaded = freeze(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.roots == nil || len(s.roots) == maxLoaded {
		s.roots = map[string]*frozenTrie{}
	}
	if first := s.roots[string(child)]; first != nil {
		return first, nil // what writes load is shared by all who use the same one
	}
	s.roots[string(child)] = loaded
	return loaded, nil
}

func (s *TrieState) find(child string) (int, bool) {
	i := sort.Search(len(s.children), func(i int) bool { return s.children[i].key >= child })
	return i, i < len(s.children) && s.children[i].key == child
}

func (s *TrieState) known(child []byte) *frozenTrie {
	if i, ok := s.find(string(child)); ok {
		return s.children[i].trie
	}
	return nil
}

// Iterate implements State. It touches the nodes that a walk over keys in Substrate touches. Errors as Get.
func (s *TrieState) Iterate(child, prefix, from []byte) Iterator {
	if child == nil {
		return &trieKeys{Iterator: s.top.IteratorFrom(prefix, from)}
	}
	t, err := s.child(child)
	if t == nil || err != nil {
		return &trieKeys{Iterator: trie.New().Iterator(nil), err: err}
	}
	return &trieKeys{Iterator: t.IteratorFrom(prefix, from)}
}

// trieKeys is an Iterator over a trie, or, with an error, over nothing.
type trieKeys struct {
	*trie.Iterator
	err error
}

func (k *trieKeys) Err() error {
	if k.err != nil {
		return k.err
	}
	return k.Iterator.Err()
}

func (k *trieKeys) Close() {}

// Derivation implements State. A state that records is always Ordered.
func (s *TrieState) Derivation() Derivation { return s.derivation }

// Derive implements State. It costs what the changes cost, and the copy of a pointer for each child trie where child tries
// changed. Changes of the top trie under keys of child roots are passed over: the child tries give their roots.
// Unsorted changes give ErrUnsorted; other errors are those of the source of nodes.
func (s *TrieState) Derive(changes *Changes, version trie.Version) (State, error) {
	derived, err := s.derive(changes, version)
	if err != nil {
		return nil, err
	}
	return derived, nil
}

func (s *TrieState) derive(changes *Changes, version trie.Version) (*TrieState, error) {
	if err := checkSorted(changes); err != nil {
		return nil, err
	}
	next := &TrieState{children: s.children, source: s.source, recorder: s.recorder}
	if len(changes.Child) > 0 {
		next.children = append(make([]childTrie, 0, len(s.children)+len(changes.Child)), s.children...)
	}
	roots := make([]Change, 0, len(changes.Child))
	var nested bool
	var stripped Changes
	for i := range changes.Child {
		change := &changes.Child[i]
		t, err := s.childFork(change.Child)
		if err != nil {
			return nil, err
		}
		for j := range change.Changes {
			if err := apply(t, &change.Changes[j], version); err != nil {
				return nil, fmt.Errorf("child trie 0x%x: %w", change.Child, err)
			}
		}
		root := t.Root()
		nested = nested || t.Nested()
		if lost := lostKeys(t, change.Changes); len(lost) > 0 {
			stripped.Child = append(stripped.Child, ChildChanges{Child: change.Child, Changes: lost})
		}
		next.setChild(change.Child, t)
		roots = append(roots, Change{Key: ChildRootKey(change.Child), Value: root[:], Delete: root == trie.EmptyRoot})
	}
	// Keys go in in ascending order, roots of child tries among them: which nodes of the old trie are touched, and with
	// them what a recorder sees, depends on the order.
	top := s.top.fork()
	for i := range changes.Top {
		change := &changes.Top[i]
		if isChildKey(change.Key) {
			continue
		}
		for len(roots) > 0 && bytes.Compare(roots[0].Key, change.Key) < 0 {
			if err := apply(top, &roots[0], version); err != nil {
				return nil, err
			}
			roots = roots[1:]
		}
		if err := apply(top, change, version); err != nil {
			return nil, err
		}
	}
	for i := range roots {
		if err := apply(top, &roots[i], version); err != nil {
			return nil, err
		}
	}
	stripped.Top = lostKeys(top, changes.Top)
	next.derivation.Ordered = nested || top.Nested() || s.recorder != nil
	if len(stripped.Top) > 0 || len(stripped.Child) > 0 {
		next.derivation.Stripped = &stripped
	}
	next.top = freeze(top)
	return next, nil
}

// lostKeys returns deletions of the keys that t lost to the deletion of others and that are not among changes.
func lostKeys(t *trie.Trie, changes []Change) (lost []Change) {
	for _, key := range t.Stripped() {
		if _, ok := findChange(changes, key); !ok {
			lost = append(lost, Change{Key: key, Delete: true})
		}
	}
	slices.SortFunc(lost, func(a, b Change) int { return bytes.Compare(a.Key, b.Key) })
	return lost
}

// findChange returns where in sorted changes a key is, or belongs.
func findChange(changes []Change, key []byte) (int, bool) {
	return slices.BinarySearchFunc(changes, key, func(c Change, key []byte) int { return bytes.Compare(c.Key, key) })
}

// childFork returns a child trie to be changed, a new one where it is empty.
func (s *TrieState) childFork(child []byte) (*trie.Trie, error) {
	t, err := s.child(child)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return trie.New(), nil
	}
	return t.fork(), nil
}

// setChild makes t a child trie of s, whose list of children is its own.
func (s *TrieState) setChild(child []byte, t *trie.Trie) {
	i, ok := s.find(string(child))
	if t.Root() == trie.EmptyRoot {
		if ok {
			s.children = append(s.children[:i], s.children[i+1:]...)
		}
		return
	}
	if !ok {
		s.children = append(s.children, childTrie{})
		copy(s.children[i+1:], s.children[i:])
		s.children[i].key = string(child)
	}
	s.children[i].trie = freeze(t)
}

func apply(t *trie.Trie, c *Change, version trie.Version) error {
	var err error
	if c.Delete {
		err = t.Delete(c.Key)
	} else {
		err = t.Put(c.Key, c.Value, version)
	}
	if err != nil {
		return fmt.Errorf("write key 0x%x: %w", c.Key, err)
	}
	return nil
}

func checkSorted(changes *Changes) error {
	for i := 1; i < len(changes.Child); i++ {
		if bytes.Compare(changes.Child[i-1].Child, changes.Child[i].Child) >= 0 {
			return fmt.Errorf("child trie 0x%x: %w", changes.Child[i].Child, ErrUnsorted)
		}
	}
	check := func(list []Change) error {
		for i := 1; i < len(list); i++ {
			if bytes.Compare(list[i-1].Key, list[i].Key) >= 0 {
				return fmt.Errorf("key 0x%x: %w", list[i].Key, ErrUnsorted)
			}
		}
		return nil
	}
	for i := range changes.Child {
		if err := check(changes.Child[i].Changes); err != nil {
			return fmt.Errorf("child trie 0x%x: %w", changes.Child[i].Child, err)
		}
	}
	return check(changes.Top)
}

// Diff hands over the nodes that turn the stored tries of old into those of s, however either came about. sink is asked for the sink of each trie that differs: child tries in ascending order,
// the top trie (nil) last. Subtrees in common are not entered. Errors are those of the sinks and sources.
func (s *TrieState) Diff(old *TrieState, sink func(child []byte) trie.NodeSink) error {
	// A child trie that differs has another root, and that is a value in the top trie.
	var keys []string
	if err := s.top.ChangedKeys(old.top.Trie, []byte(defaultChildPrefix), func(key []byte) {
		keys = append(keys, string(key[len(defaultChildPrefix):]))
	}); err != nil {
		return err
	}
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		before, err := old.childOrEmpty([]byte(key))
		if err != nil {
			return err
		}
		after, err := s.childOrEmpty([]byte(key))
		if err != nil {
			return err
		}
		if before.Root() == after.Root() {
			continue
		}
		if err := after.Diff(before, sink([]byte(key))); err != nil {
			return fmt.Errorf("child trie 0x%x: %w", key, err)
		}
	}
	if old.Root() == s.Root() {
		return nil
	}
	return s.top.Diff(old.top.Trie, sink(nil))
}

func (s *TrieState) childOrEmpty(child []byte) (*trie.Trie, error) {
	t, err := s.child(child)
	if t == nil || err != nil {
		return trie.New(), err
	}
	return t.Trie, nil
}

// Record returns a view of s that notes in r every node and value of s that reads, writes and roots of the view, and of
// states derived from it, touch.
func (s *TrieState) Record(r *trie.Recorder) State {
	view := &TrieState{top: freeze(s.top.fork().Record(r)), source: s.source, recorder: r}
	view.children = make([]childTrie, len(s.children))
	for i, c := range s.children {
		view.children[i] = childTrie{c.key, freeze(c.trie.fork().Record(r))}
	}
	return view
}

var _ Recordable = (*TrieState)(nil)
