package db

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/trie"
)

// smallStore is a store with a random genesis.
func smallStore(t *testing.T) (*DB, Point) {
	t.Helper()
	g, err := newGenesis(5)
	if err != nil {
		t.Fatal(err)
	}
	db, err := Create(kv.NewMemory(), g.header, g.memory, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db, g.Point
}

// importChanges imports a block that changes the top trie.
func importChanges(t *testing.T, db *DB, parent Point, choice Choice, top ...storage.Change) (Point, error) {
	t.Helper()
	s, err := db.State(parent.Hash)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	changes := &storage.Changes{Top: top}
	state, err := s.Derive(changes, trie.V1)
	if err != nil {
		t.Fatal(err)
	}
	h := chain.Header{ParentHash: parent.Hash, Number: parent.Number + 1, StateRoot: state.Root()}
	at, err := db.Import(&Block{Header: h, Changes: changes, State: state, Choice: choice})
	return Point{h.Number, at}, err
}

// chainOf imports so many blocks, each upon the one before.
func chainOf(t *testing.T, db *DB, parent Point, name string, count int) (list []Point) {
	t.Helper()
	for i := range count {
		p, err := importChanges(t, db, parent, Longest, storage.Change{Key: []byte("name"), Value: fmt.Append(nil, name, i)})
		if err != nil {
			t.Fatal(err)
		}
		list, parent = append(list, p), p
	}
	return list
}

// TestDuplicateChanges: changes with a key twice have no place in a journal, and are refused before anything is written. Their order is of no account.
func TestDuplicateChanges(t *testing.T) {
	k, l := storage.Change{Key: []byte("k"), Value: []byte("1")}, storage.Change{Key: []byte("l"), Value: []byte("2")}
	for _, c := range []struct {
		top  []storage.Change
		want error
	}{
		{[]storage.Change{k, l, k}, ErrBlock},
		{[]storage.Change{l, k}, nil},
	} {
		db, genesis := smallStore(t)
		s, err := db.State(genesis.Hash)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		state, err := s.Derive(&storage.Changes{Top: []storage.Change{k, l}}, trie.V1)
		if err != nil {
			t.Fatal(err)
		}
		writes := db.Stats().Store.Writes
		h, err := db.Import(&Block{Header: chain.Header{ParentHash: genesis.Hash, Number: 1, StateRoot: state.Root()}, Changes: &storage.Changes{Top: c.top}, State: state})
		if !errors.Is(err, c.want) || c.want != nil && (db.Stats().Store.Writes != writes || db.block(h) != nil) {
			t.Errorf("changes of %v: got %v, want %v", c.top, err, c.want)
		}
		if err := checkOf(db.store.(*kv.Memory).Clone()); err != nil {
			t.Errorf("changes of %v: %v", c.top, err)
		}
	}
}

// TestAncestor asks for all ancestors, and for the ways between all blocks, of two forks that begin above what is folded.
func TestAncestor(t *testing.T) {
	db, genesis := smallStore(t)
	trunk := chainOf(t, db, genesis, "trunk", 5)
	if _, err := db.Finalise(trunk[2].Hash, nil); err != nil {
		t.Fatal(err)
	}
	trunk = append([]Point{genesis}, trunk...)
	forks := [][]Point{
		append(slices.Clone(trunk), chainOf(t, db, trunk[5], "a", 3)...),
		append(slices.Clone(trunk), chainOf(t, db, trunk[5], "b", 4)...),
	}
	check := func() {
		t.Helper()
		for _, fork := range forks {
			for i, p := range fork {
				for n, want := range fork[:i+1] {
					if got, err := db.Ancestor(p.Hash, chain.BlockNumber(n)); err != nil || got != want.Hash {
						t.Errorf("ancestor %d of %s: got %s, %v, want %s", n, p, got, err, want)
					}
				}
				if _, err := db.Ancestor(p.Hash, p.Number+1); !errors.Is(err, ErrUnknownBlock) {
					t.Errorf("ancestor above %s: %v", p, err)
				}
				for n, to := range forks[1] {
					common := min(i, n)
					if p != fork[min(i, 5)] && fork[len(fork)-1] != forks[1][len(forks[1])-1] {
						common = min(common, 5)
					}
					r, err := db.Route(p.Hash, to.Hash)
					back := slices.Clone(fork[common+1 : i+1])
					slices.Reverse(back)
					if err != nil || r.Common != fork[common] || !slices.Equal(r.Retracted, back) || !slices.Equal(r.Enacted, forks[1][common+1:n+1]) {
						t.Errorf("route from %s to %s: %+v, %v", p, to, r, err)
					}
				}
			}
		}
	}
	check()
	if err := db.Settle(); err != nil {
		t.Fatal(err)
	}
	check()
	unknown := hash.H256{1}
	if _, err := db.Ancestor(unknown, 0); !errors.Is(err, ErrUnknownBlock) {
		t.Errorf("ancestor of nothing: %v", err)
	}
	if _, err := db.Route(genesis.Hash, unknown); !errors.Is(err, ErrUnknownBlock) {
		t.Errorf("route to nothing: %v", err)
	}
	far := chain.Header{Number: MaxRoute + 1}
	var batch kv.Batch
	batch.Set(hashKey(kindHeader, far.Hash()), scale.Marshal(far))
	batch.Set(numberKey(kindCanonical, far.Number), bytesOf(far.Hash()))
	if err := db.store.Write(&batch, true); err != nil {
		t.Fatal(err)
	}
	db.mu.Lock()
	db.folded = Point{far.Number, far.Hash()}
	db.mu.Unlock()
	if _, err := db.Route(genesis.Hash, far.Hash()); !errors.Is(err, ErrRoute) {
		t.Errorf("route over %d folded blocks: %v", far.Number, err)
	}
}

// TestBelowFinal: a block below the final one does not become the best one, folded or not, and a number above all blocks has no hashes.
func TestBelowFinal(t *testing.T) {
	db, genesis := smallStore(t)
	list := chainOf(t, db, genesis, "a", 3)
	if _, err := db.Finalise(list[2].Hash, nil); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"before", "after"} {
		for _, p := range []Point{genesis, list[0]} {
			if err := db.SetBest(p.Hash); !errors.Is(err, ErrFinalised) {
				t.Errorf("%s the fold: best %s: %v", when, p, err)
			}
		}
		if list, err := db.Hashes(4); list != nil || !errors.Is(err, ErrUnknownBlock) {
			t.Errorf("%s the fold: hashes above the end: %v, %v", when, list, err)
		}
		if err := db.Settle(); err != nil {
			t.Fatal(err)
		}
	}
}
