package storage

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/trie"
)

// nodeStore is the least that a store of blocks keeps: for each trie, its nodes by path and its values by key.
type nodeStore map[string]*trieStore

type trieStore struct{ nodes, values map[string][]byte }

func (s nodeStore) of(child []byte) *trieStore {
	name := trieName(child)
	if s[name] == nil {
		s[name] = &trieStore{map[string][]byte{}, map[string][]byte{}}
	}
	return s[name]
}

func (s nodeStore) clone() nodeStore {
	c := nodeStore{}
	for name, t := range s {
		c[name] = &trieStore{map[string][]byte{}, map[string][]byte{}}
		for k, v := range t.nodes {
			c[name].nodes[k] = v
		}
		for k, v := range t.values {
			c[name].values[k] = v
		}
	}
	return c
}

func (s nodeStore) source(child []byte) trie.NodeReader { return s.of(child) }
func (s nodeStore) sink(child []byte) trie.NodeSink     { return s.of(child) }

func (t *trieStore) Node(path []byte, h hash.H256) ([]byte, error) {
	n, ok := t.nodes[string(path)]
	if !ok || hash.Blake2b256(n) != h {
		return nil, fmt.Errorf("store has %x at %x, not node %s", n, path, h)
	}
	return n, nil
}

func (t *trieStore) Value(key []byte, h hash.H256) ([]byte, error) {
	v, ok := t.values[string(key)]
	if !ok || hash.Blake2b256(v) != h {
		return nil, fmt.Errorf("store has no value %s at %x", h, key)
	}
	return v, nil
}

func (t *trieStore) PutNode(path, encoded []byte) error {
	t.nodes[string(path)] = bytes.Clone(encoded)
	return nil
}
func (t *trieStore) DeleteNode(path []byte) error {
	delete(t.nodes, string(path))
	return nil
}

// fold writes the values of a block.
func (s nodeStore) fold(changes *Changes) {
	write := func(t *trieStore, list []Change) {
		for _, c := range list {
			if c.Delete {
				delete(t.values, string(c.Key))
			} else {
				t.values[string(c.Key)] = c.Value
			}
		}
	}
	write(s.of(nil), changes.Top)
	for _, c := range changes.Child {
		write(s.of(c.Child), c.Changes)
	}
}

// perform does ops on an overlay over state and returns all that a guest saw, and the state after.
func perform(state State, v trie.Version, ops []op) (string, State, *Changes, error) {
	o := NewOverlay(state)
	var log bytes.Buffer
	for _, step := range ops {
		var a, b, c any
		key := []byte(step.key)
		switch step.name {
		case "set":
			c = o.Set(step.child, key, []byte(step.value))
		case "delete":
			c = o.Delete(step.child, key)
		case "append":
			if !isChildKey(key) {
				c = o.Append(key, []byte(step.value))
			}
		case "get":
			a, b, c = o.Get(step.child, key)
		case "next":
			a, b, c = o.NextKey(step.child, key)
		case "clear":
			a, c = o.ClearPrefix(step.child, key[:len(key)/2], step.limit, step.cursor)
		case "kill":
			if step.child != nil {
				a, c = o.KillChild(step.child, step.limit, step.cursor)
			}
		case "begin":
			c = o.Begin()
		case "commit":
			b = o.Commit() == nil
		case "rollback":
			b = o.Rollback() == nil
		case "root":
			a, c = o.Root(v)
		case "childroot":
			if step.child != nil {
				a, c = o.ChildRoot(step.child, v)
			}
		}
		if err, ok := c.(error); ok && err != nil {
			return "", nil, nil, err
		}
		fmt.Fprintf(&log, "%s %v %v\n", step.name, a, b)
	}
	for o.Commit() == nil {
	}
	after, changes, err := o.Finish(v)
	return log.String(), after, changes, err
}

// TestStates builds chains of blocks and holds each state against four others: one that loads its nodes from a store to
// which every block's Diff was applied, one that records, one made from that recording, and flat values. Each must let a
// guest see the same, give the same root and the same changes. Versions change on the way.
func TestStates(t *testing.T) {
	for seed := range runs(30, 150, 20_000) {
		r := rand.New(rand.NewPCG(uint64(seed), 3))
		v := trie.Version(seed / 2 % 2)
		state, err := NewMemoryState(randomContent(r).changes(), v)
		if err != nil {
			t.Fatal(err)
		}
		store := nodeStore{}
		if err := state.Diff(&TrieState{top: freeze(trie.New())}, store.sink); err != nil {
			t.Fatal(err)
		}
		flat := readAll(state)
		store.fold(flat.changes())
		for block := range 6 {
			if r.IntN(4) == 0 {
				v = trie.V1
			}
			ops := randomOps(r, 1+r.IntN(60))
			fail := func(what string, err error) {
				t.Helper()
				t.Fatalf("seed %d, block %d: %s: %v", seed, block, what, err)
			}
			seen, next, changes, err := perform(state, v, ops)
			if errors.Is(err, trie.ErrSubstratePanics) {
				continue
			}
			if err != nil {
				fail("in memory", err)
			}
			same := func(what string, over State) State {
				t.Helper()
				seen2, next2, changes2, err := perform(over, v, ops)
				if err != nil {
					fail(what, err)
				}
				if next2.Root() != next.Root() {
					fail(what, fmt.Errorf("expected root %s, got %s", next.Root(), next2.Root()))
				}
				if seen2 != seen {
					fail(what, fmt.Errorf("expected to see\n%s\ngot\n%s", seen, seen2))
				}
				if fmt.Sprint(changes2) != fmt.Sprint(changes) {
					fail(what, errors.New("other changes"))
				}
				return next2
			}
			view, recorder, err := Record(state)
			if err != nil {
				fail("record", err)
			}
			same("recording", view)
			proof := recorder.Proof()
			if len(proof) > 0 { // else nothing was touched
				partial, err := StateFromProof(state.Root(), proof)
				if err != nil {
					fail("from proof", err)
				}
				same("from proof", partial)
			}

			loaded := LoadState(state.Root(), store.source)
			view, recorder, err = Record(loaded)
			if err != nil {
				fail("record loaded", err)
			}
			same("recording loaded", view)
			if fmt.Sprint(recorder.Proof()) != fmt.Sprint(proof) {
				fail("record loaded", errors.New("another proof than that of the state in memory"))
			}
			fromStore := same("from store", loaded).(*TrieState)

			// The diff of the loaded state and that of the state in memory are the same to the store.
			mine, other := store.clone(), store.clone()
			if err := next.(*TrieState).Diff(state, mine.sink); err != nil {
				fail("diff", err)
			}
			if err := fromStore.Diff(loaded, other.sink); err != nil {
				fail("diff loaded", err)
			}
			if a, b := fmt.Sprint(contents(mine)), fmt.Sprint(contents(other)); a != b {
				fail("diff loaded", fmt.Errorf("stores differ:\n%s\n%s", a, b))
			}
			store = mine
			store.fold(changes)
			flat = applyFlat(flat, changes)
			state = next.(*TrieState)
			if !equalContent(flat, readAll(state)) {
				fail("flat values", fmt.Errorf("expected %q, got %q", flat, readAll(state)))
			}
			if r.IntN(3) == 0 { // go on from what is stored
				state = LoadState(state.Root(), store.clone().source)
			}
		}
	}
}

// contents returns all nodes and values of a store, tries that have none left out.
func contents(s nodeStore) (out []string) {
	for _, name := range sortedKeys(s) {
		for _, m := range []map[string][]byte{s[name].nodes, s[name].values} {
			for _, key := range sortedKeys(m) {
				out = append(out, fmt.Sprintf("%s %x=%x", name, key, m[key]))
			}
		}
	}
	return out
}

func TestVersionsAreLazy(t *testing.T) {
	long := string(bytes.Repeat([]byte{7}, 40))
	parent, err := NewMemoryState(content{"top": {"a": long, "b": long, "c": long}}.changes(), trie.V0)
	do(t, err)
	expect := func(o *Overlay, v trie.Version, changes *Changes) {
		t.Helper()
		s, err := parent.Derive(changes, v)
		do(t, err)
		root, err := o.Root(v)
		do(t, err)
		if root != s.Root() {
			t.Fatalf("expected root %s, got %s", s.Root(), root)
		}
	}
	rewriteB := &Changes{Top: []Change{{Key: []byte("b"), Value: []byte(long)}}}
	v0, err := parent.Derive(rewriteB, trie.V0)
	do(t, err)
	if v0.Root() != parent.Root() {
		t.Fatal("writing what is there changed the root")
	}
	o := NewOverlay(parent)
	set(t, o, nil, "b", long)
	expect(o, trie.V1, rewriteB)
	if root, _ := o.Root(trie.V1); root == parent.Root() {
		t.Fatal("writing under version 1 left the root as it was")
	}
	// What was rolled back after a root is in the version of the parent again.
	do(t, o.Begin())
	set(t, o, nil, "a", long)
	expect(o, trie.V1, &Changes{Top: []Change{{Key: []byte("a"), Value: []byte(long)}, rewriteB.Top[0]}})
	do(t, o.Rollback())
	expect(o, trie.V1, rewriteB)
	// Another version applies to all that was written, once something new was.
	set(t, o, nil, "c", "x")
	expect(o, trie.V0, &Changes{Top: []Change{rewriteB.Top[0], {Key: []byte("c"), Value: []byte("x")}}})
}

func TestDeriveRefuses(t *testing.T) {
	s := memory(t, content{"top": {"a": "1"}, "child:c": {"k": "v"}})
	a, b := Change{Key: []byte("a")}, Change{Key: []byte("b")}
	for _, c := range []*Changes{
		{Top: []Change{b, a}},
		{Top: []Change{a, a}},
		{Child: []ChildChanges{{Child: []byte("x"), Changes: []Change{b, a}}}},
		{Child: []ChildChanges{{Child: []byte("x")}, {Child: []byte("x")}}},
	} {
		if _, err := s.Derive(c, trie.V1); !errors.Is(err, ErrUnsorted) {
			t.Errorf("expected ErrUnsorted, got %v", err)
		}
		if _, err := NewMemoryState(c, trie.V1); !errors.Is(err, ErrUnsorted) {
			t.Errorf("expected ErrUnsorted, got %v", err)
		}
	}
	byHand := &Changes{Top: []Change{{Key: ChildRootKey([]byte("c")), Value: make([]byte, 32)}}}
	if _, err := NewMemoryState(byHand, trie.V1); !errors.Is(err, ErrChildKey) {
		t.Errorf("expected ErrChildKey, got %v", err)
	}
	same, err := s.Derive(byHand, trie.V1)
	do(t, err)
	if same.Root() != s.Root() {
		t.Error("a child root was written by hand")
	}
}

func TestEmptiedChildLeavesNoRoot(t *testing.T) {
	s := memory(t, content{"top": {"a": "1"}})
	full := memory(t, content{"top": {"a": "1"}, "child:c": {"k": "v"}})
	o := NewOverlay(full)
	_, err := o.KillChild([]byte("c"), nil, nil)
	do(t, err)
	root, err := o.ChildRoot([]byte("c"), trie.V1)
	do(t, err)
	if root != trie.EmptyRoot {
		t.Fatalf("got child root %s", root)
	}
	state, changes, err := o.Finish(trie.V1)
	do(t, err)
	if state.Root() != s.Root() {
		t.Fatalf("expected root %s, got %s", s.Root(), state.Root())
	}
	wantChanges(t, changes.Top, "-:child_storage:default:c")
}

// TestStatesInParallel derives forks from one state on several goroutines while others read it: for the race detector.
func TestStatesInParallel(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	genesis, err := NewMemoryState(randomContent(r).changes(), trie.V1)
	do(t, err)
	view, recorder, err := Record(genesis)
	do(t, err)
	store := nodeStore{}
	do(t, genesis.Diff(&TrieState{top: freeze(trie.New())}, store.sink))
	store.fold(readAll(genesis).changes())
	for _, child := range [][]byte{{'a'}, {'b'}, {'c'}} {
		store.of(child) // makes its part when first asked, which is a write
	}
	loaded := LoadState(genesis.Root(), store.source)
	ops := randomOps(r, 80)
	expected, _, _, err := perform(genesis, trie.V1, ops)
	do(t, err)
	var wait sync.WaitGroup
	for _, s := range []State{genesis, view, loaded} {
		for range 4 {
			wait.Add(1)
			go func() {
				defer wait.Done()
				for range 20 {
					seen, _, _, err := perform(s, trie.V1, ops)
					if err != nil || seen != expected {
						t.Errorf("another run on the same state: %v", err)
					}
				}
			}()
		}
	}
	wait.Wait()
	if recorder.Size() == 0 {
		t.Error("nothing was recorded")
	}
}

func TestProve(t *testing.T) {
	long := string(bytes.Repeat([]byte{142}, 33))
	s := memory(t, content{"top": {"value1": k(42), "value2": k(24), ":code": "return 42"}, "child:sub1": {"value3": long, "value4": long}})
	check := func(child []byte, key, value string) [][]byte {
		t.Helper()
		proof, err := Prove(s, child, [][]byte{[]byte(key)})
		do(t, err)
		compact, err := trie.EncodeCompact(s.Root(), proof)
		do(t, err)
		again, err := trie.DecodeCompact(s.Root(), compact)
		do(t, err)
		if fmt.Sprint(again) != fmt.Sprint(proof) {
			t.Fatal("the compact form gives another proof")
		}
		read, err := VerifyRead(s.Root(), proof, child, [][]byte{[]byte(key)})
		do(t, err)
		if value == "-" {
			wantChanges(t, read, "-"+key)
		} else {
			wantChanges(t, read, key+"="+value)
		}
		return proof
	}
	proof := check(nil, "value2", k(24))
	var missing *trie.MissingError
	check(nil, "absent", "-")
	check([]byte("sub1"), "value3", long)
	check([]byte("sub1"), "absent", "-")
	check([]byte("sub1sub2"), "dummy", "-")
	if _, err := VerifyRead(s.Root(), proof, []byte("sub1"), [][]byte{[]byte("value3")}); !errors.As(err, &missing) {
		t.Fatalf("expected a missing node, got %v", err)
	}
	if _, err := StateFromProof(hash.H256{1}, proof); !errors.As(err, &missing) {
		t.Fatalf("expected a missing root, got %v", err)
	}
	for i := range proof {
		bad := append([][]byte{}, proof...)
		bad[i] = bytes.Clone(bad[i])
		bad[i][0] ^= 1
		if partial, err := StateFromProof(s.Root(), bad); err == nil {
			if _, _, err := partial.Get(nil, []byte("value2")); !errors.Is(err, trie.ErrMissing) {
				t.Fatalf("a changed proof gives %v", err)
			}
		}
	}
}

// FuzzStateFromProof reads from and writes to states from hostile proofs: errors are fine, panics are not.
func FuzzStateFromProof(f *testing.F) {
	s := memory(f, content{"top": {"value1": k(42), "value2": k(24)}, "child:sub1": {"value3": "x", "value4": "y"}})
	view, recorder, err := Record(s)
	do(f, err)
	readAll(view.(*TrieState))
	_, _, err = view.Get([]byte("sub1"), []byte("value3"))
	do(f, err)
	var seed []byte
	for _, n := range recorder.Proof() {
		seed = append(append(seed, byte(len(n))), n...)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		var nodes [][]byte
		for len(data) > 0 {
			n := min(int(data[0]), len(data)-1)
			nodes = append(nodes, data[1:1+n])
			data = data[1+n:]
		}
		for _, n := range nodes {
			partial, err := StateFromProof(hash.Blake2b256(n), nodes)
			if err != nil {
				t.Fatal(err)
			}
			o := NewOverlay(partial)
			for _, child := range [][]byte{nil, []byte("sub1")} {
				o.Get(child, []byte("value1"))
				key, ok, err := o.NextKey(child, nil)
				for i := 0; ok && err == nil && i < 100; i++ {
					key, ok, err = o.NextKey(child, key)
				}
				o.Set(child, []byte("value"), []byte{1})
				o.Delete(child, []byte("value2"))
				o.ClearPrefix(child, []byte("v"), nil, nil)
			}
			o.Finish(trie.V1)
		}
	})
}

// TestRootsGoInInOrder: a child's root that comes before a deletion keeps the branch from collapsing, so the node beside it is
// not touched and not in the proof, as in Substrate, which sorts roots of child tries among the changes.
func TestRootsGoInInOrder(t *testing.T) {
	beside := string(make([]byte, 40))
	s := memory(t, content{"top": {":d": "gone", ":e": beside}})
	view, recorder, err := Record(s)
	do(t, err)
	changes := &Changes{
		Top:   []Change{{Key: []byte(":d"), Delete: true}},
		Child: []ChildChanges{{Child: []byte("c"), Changes: []Change{{Key: []byte("k"), Value: []byte("v")}}}},
	}
	next, err := view.Derive(changes, trie.V1)
	do(t, err)
	partial, err := StateFromProof(s.Root(), recorder.Proof())
	do(t, err)
	if _, _, err := partial.Get(nil, []byte(":e")); !errors.Is(err, trie.ErrMissing) {
		t.Fatalf("expected a missing node, got %v", err)
	}
	again, err := partial.Derive(changes, trie.V1)
	do(t, err)
	if again.Root() != next.Root() {
		t.Fatalf("expected root %s, got %s", next.Root(), again.Root())
	}
}
