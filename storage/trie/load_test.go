package trie

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/internal/naive"
)

// store keeps nodes by path, as the storage below will, and values by key.
type store struct {
	nodes  map[string][]byte
	values map[string][]byte
	puts   int
	last   []byte // path of the last call: paths ascend
	fail   int    // fail after so many more calls, where positive
}

var errDisk = errors.New("disk")

func newStore() *store { return &store{nodes: map[string][]byte{}, values: map[string][]byte{}} }

func (s *store) step(path []byte) error {
	if s.last != nil && bytes.Compare(s.last, path) >= 0 {
		panic("paths do not ascend")
	}
	s.last = append([]byte{}, path...)
	if s.fail > 0 {
		if s.fail--; s.fail == 0 {
			return errDisk
		}
	}
	return nil
}

func (s *store) PutNode(path, encoded []byte) error {
	s.nodes[string(path)] = bytes.Clone(encoded)
	s.puts++
	return s.step(path)
}

func (s *store) DeleteNode(path []byte) error {
	if _, ok := s.nodes[string(path)]; !ok && s.fail == 0 {
		panic("deletes a node that was never stored")
	}
	delete(s.nodes, string(path))
	return s.step(path)
}

func (s *store) Node(path []byte, h hash.H256) ([]byte, error) {
	n, ok := s.nodes[string(path)]
	if !ok || hash.Blake2b256(n) != h {
		return nil, &MissingError{Path: path, Hash: h}
	}
	return n, nil
}

func (s *store) Value(key []byte, h hash.H256) ([]byte, error) {
	v, ok := s.values[string(key)]
	if !ok || hash.Blake2b256(v) != h {
		return nil, &MissingError{Path: key, Hash: h, Value: true}
	}
	return v, nil
}

// TestCommitLoad commits after every few changes and now and then goes on from the stored nodes alone. What is stored is
// after every commit exactly what a first commit of the same content stores. Versions are mixed.
func TestCommitLoad(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 2))
		s := newStore()
		tr, fresh := New(), New()
		model := map[string][]byte{}
		for range 40 {
			for range r.IntN(12) {
				k := randomKey(r)
				if r.IntN(3) == 0 {
					panics := naive.Remove(model, string(k))
					for _, tr := range []*Trie{tr, fresh} {
						if errors.Is(tr.Delete(k), ErrSubstratePanics) != panics {
							t.Fatalf("delete %x: panic expected: %v", k, panics)
						}
					}
					continue
				}
				val, v := randomValue(r), Version(r.IntN(2))
				if errors.Join(tr.Put(k, val, v), fresh.Put(k, val, v)) != nil {
					t.Fatal("put")
				}
				model[string(k)] = val
			}
			s.values = maps.Clone(model)
			if r.IntN(3) == 0 {
				// A commit that broke off comes again in full; what it did until then is the store's to undo.
				broken := &store{nodes: maps.Clone(s.nodes), fail: 1 + r.IntN(4)}
				if _, err := tr.Commit(broken); err == nil {
					s.nodes = broken.nodes
				} else if !errors.Is(err, errDisk) {
					t.Fatal(err)
				}
			}
			root, err := tr.Commit(s)
			if err != nil {
				t.Fatal(err)
			}
			s.last = nil
			if root != fresh.Root() {
				t.Fatalf("root %s, want %s", root, fresh.Root())
			}
			all := newStore()
			if err := fresh.Diff(nil, all); err != nil {
				t.Fatal(err)
			}
			if !maps.EqualFunc(all.nodes, s.nodes, bytes.Equal) {
				t.Fatalf("stored nodes differ: %d, want %d", len(s.nodes), len(all.nodes))
			}
			if r.IntN(2) == 0 {
				tr = Load(root, s)
			}
			checkContent(t, tr, model)
			puts := s.puts
			if again, err := tr.Commit(s); err != nil || again != root || s.puts != puts {
				t.Fatalf("commit without changes: %s, %v, %d nodes", again, err, s.puts-puts)
			}
		}
	}
}

func checkContent(t *testing.T, tr *Trie, model map[string][]byte) {
	t.Helper()
	it := tr.Iterator(nil)
	for _, p := range pairsOf(model) {
		if got, ok, err := tr.Get(p.Key); err != nil || !ok || !bytes.Equal(got, p.Value) {
			t.Fatalf("get %x: %x %v %v, want %x", p.Key, got, ok, err, p.Value)
		}
		if !it.Next() || !bytes.Equal(it.Key(), p.Key) {
			t.Fatalf("iterator: got %x, want %x", it.Key(), p.Key)
		}
		if got, err := it.Value(); err != nil || !bytes.Equal(got, p.Value) {
			t.Fatalf("iterator value of %x: %x %v, want %x", p.Key, got, err, p.Value)
		}
	}
	if it.Next() || it.Err() != nil {
		t.Fatalf("iterator goes on to %x, %v", it.Key(), it.Err())
	}
}

// TestFailingReads makes every read of a change fail in turn: the trie stays what it was, and goes on when reads work.
func TestFailingReads(t *testing.T) {
	s := newStore()
	r := rand.New(rand.NewPCG(3, 3))
	base, model := New(), map[string][]byte{}
	for range 60 {
		k, v := randomKey(r), randomValue(r)
		model[string(k)] = v
		base.Put(k, v, V1)
	}
	s.values = model
	root, err := base.Commit(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range slices.Sorted(maps.Keys(model)) {
		want := New()
		for _, p := range pairsOf(model) {
			if string(p.Key) != key {
				want.Put(p.Key, p.Value, V1)
			}
		}
		failed := 0
		for n := 0; ; n++ {
			f := &failing{store: s, after: n}
			tr := Load(root, f)
			err := tr.Delete([]byte(key))
			if err != nil {
				failed++
				if got := tr.Root(); got != root {
					t.Fatalf("key %x, read %d: root %s, want %s", key, n, got, root)
				}
				f.after = 1 << 30
				if err := tr.Delete([]byte(key)); err != nil {
					t.Fatal(err)
				}
			}
			if got := tr.Root(); got != want.Root() {
				t.Fatalf("key %x, read %d: root %s, want %s", key, n, got, want.Root())
			}
			if err == nil {
				break
			}
		}
		if failed == 0 {
			t.Fatal("no read failed")
		}
	}
}

type failing struct {
	*store
	after int
}

func (f *failing) Node(path []byte, h hash.H256) ([]byte, error) {
	if f.after--; f.after < 0 {
		return nil, errDisk
	}
	return f.store.Node(path, h)
}

// TestConcurrentReaders reads one trie from many goroutines while snapshots of it change; run it with -race.
func TestConcurrentReaders(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	tr, model := New(), map[string][]byte{}
	for range 300 {
		k, v := randomKey(r), randomValue(r)
		model[string(k)] = v
		tr.Put(k, v, V1)
	}
	root := tr.Root()
	var views []*Trie
	for range 4 {
		views = append(views, tr.Snapshot())
	}
	var wg sync.WaitGroup
	for i, view := range views {
		wg.Add(2)
		go func() {
			defer wg.Done()
			if tr.Root() != root || tr.Snapshot().Root() != root {
				t.Error("root changed")
			}
			for k, v := range model {
				if got, ok, err := tr.Get([]byte(k)); err != nil || !ok || !bytes.Equal(got, v) {
					t.Errorf("get %x: %x %v %v", k, got, ok, err)
				}
				tr.NextKey([]byte(k))
			}
		}()
		go func() {
			defer wg.Done()
			r := rand.New(rand.NewPCG(6, uint64(i)))
			m := maps.Clone(model)
			for range 200 {
				k := randomKey(r)
				if r.IntN(2) == 0 {
					delete(m, string(k))
					view.Delete(k)
				} else {
					m[string(k)] = randomValue(r)
					view.Put(k, m[string(k)], V1)
				}
			}
			if got, want := view.Root(), RootOf(pairsOf(m), V1); got != want {
				t.Errorf("root %s, want %s", got, want)
			}
		}()
	}
	wg.Wait()
}

// TestDirtySnapshots takes snapshots of a trie whose root is not known: both sides hash for themselves.
func TestDirtySnapshots(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	tr, model := New(), map[string][]byte{}
	for range 50 {
		for range 10 {
			k, v := randomKey(r), randomValue(r)
			model[string(k)] = v
			tr.Put(k, v, V1)
		}
		s := tr.Snapshot()
		var wg sync.WaitGroup
		for _, x := range []*Trie{tr, s} {
			wg.Go(func() { x.Root() })
		}
		wg.Wait()
		if want := RootOf(pairsOf(model), V1); tr.Root() != want || s.Root() != want {
			t.Fatalf("roots %s and %s, want %s", tr.Root(), s.Root(), want)
		}
	}
}
