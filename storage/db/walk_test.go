package db

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
)

// hooked is a store that calls hook before each read and written after each write, but not for those that these do themselves.
type hooked struct {
	kv.DB
	hook, written func()
	in            bool
}

func (h *hooked) call(hook func()) {
	if hook == nil || h.in {
		return
	}
	h.in = true
	hook()
	h.in = false
}

func (h *hooked) Write(batch *kv.Batch, durable bool) error {
	err := h.DB.Write(batch, durable)
	h.call(h.written)
	return err
}

func (h *hooked) Get(key []byte) ([]byte, bool, error) {
	h.call(h.hook)
	return h.DB.Get(key)
}

func (h *hooked) Iterator(prefix []byte) kv.Iterator {
	h.call(h.hook)
	return &hookedIterator{h.DB.Iterator(prefix), h}
}

type hookedIterator struct {
	kv.Iterator
	of *hooked
}

func (it *hookedIterator) Next() bool {
	it.of.call(it.of.hook)
	return it.Iterator.Next()
}

func (it *hookedIterator) Seek(key []byte) bool {
	it.of.call(it.of.hook)
	return it.Iterator.Seek(key)
}

func (it *hookedIterator) Value() ([]byte, error) {
	it.of.call(it.of.hook)
	return it.Iterator.Value()
}

// TestReadWhileFolding reads states while, before one operation of the read after the other, all that is final is folded, dropped and pruned, or one piece of
// it before each operation: so also between the two iterators of a walk, and between the look at the head and the look at the history. Whatever happens, a
// state gives what it gave.
func TestReadWhileFolding(t *testing.T) {
	for seed := range uint64(3) {
		base, err := newMachine(seed)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 41))
		grow := func(n int) {
			for range n {
				if err := base.importOn(r.Uint64(), base.best()); err != nil {
					t.Fatal(err)
				}
				if err := base.db.SetBest(base.order[len(base.order)-1].Hash); err != nil {
					t.Fatal(err)
				}
				base.head.Best = base.order[len(base.order)-1].Point
			}
		}
		grow(4)
		if err := base.finalise(base.best(), nil); err != nil {
			t.Fatal(err)
		}
		grow(5)
		if err := base.settle(); err != nil {
			t.Fatal(err)
		}
		memory := base.db.store.(*kv.Memory).Clone()
		base.close()
		runs := 0
		for _, read := range []*modelBlock{base.best(), base.best().ancestor(6), base.best().ancestor(4)} {
			for _, keys := range []struct{ child, prefix []byte }{{nil, nil}, {nil, []byte{0}}, {[]byte("a"), nil}} {
				for at := 1; ; at++ {
					n, err := readWhileFolding(base.snapshot(), memory.Clone(), read, keys.child, keys.prefix, at)
					if err != nil {
						t.Fatalf("seed %d, %s, child %q, prefix %x, operation %d: %v", seed, read.Point, keys.child, keys.prefix, at, err)
					}
					if runs++; n < at {
						break
					}
				}
				if _, err := readWhileFolding(base.snapshot(), memory.Clone(), read, keys.child, keys.prefix, 0); err != nil {
					t.Fatalf("seed %d, %s, child %q, prefix %x, all operations: %v", seed, read.Point, keys.child, keys.prefix, err)
				}
			}
		}
		t.Logf("seed %d: %d runs", seed, runs)
	}
}

// readWhileFolding returns how many operations the read took. At operation at all work is done, at 0 a step of it at each.
func readWhileFolding(m *machine, store kv.DB, b *modelBlock, child, prefix []byte, at int) (n int, err error) {
	h := &hooked{DB: store}
	m.options.KeepStates, m.options.LayerMemory, m.options.chunk, m.options.write = 1, 1, 100, 200
	if m.db, err = Open(h, m.options); err != nil {
		return 0, err
	}
	defer m.close()
	if err := m.db.Settle(); err != nil {
		return 0, err
	}
	m.db.folder.stop() // from here on the work is done by hand
	state, err := m.db.State(b.Hash)
	if err != nil {
		return 0, err
	}
	defer state.Close()
	if _, err := m.db.Finalise(m.best().Hash, nil); err != nil {
		return 0, err
	}
	var failed error
	h.hook = func() {
		if n++; at == 0 || n == at {
			failed = errors.Join(failed, workOn(m.db, at == 0))
		}
	}
	it := state.Iterate(child, prefix, nil)
	defer it.Close()
	for _, want := range b.keys(child, prefix) {
		if !it.Next() {
			return n, fmt.Errorf("end before %x: %w", want, it.Err())
		}
		value, err := it.Value()
		if err != nil || string(it.Key()) != want || string(value) != b.state[trieName(child)][want] {
			return n, fmt.Errorf("got %x = %x, want %x: %w", it.Key(), value, want, err)
		}
		value, ok, err := state.Get(child, []byte(want))
		if err != nil || !ok || string(value) != b.state[trieName(child)][want] {
			return n, fmt.Errorf("get %x: %x %t %w", want, value, ok, err)
		}
	}
	if it.Next() || it.Err() != nil {
		return n, fmt.Errorf("goes on to %x: %w", it.Key(), it.Err())
	}
	if _, ok, err := state.Get(child, []byte("absent")); ok || err != nil {
		return n, fmt.Errorf("an absent key: %t %w", ok, err)
	}
	h.hook = nil
	return n, failed
}

// workOn does the background work of a store whose folder was stopped, or one step of it.
func workOn(db *DB, once bool) error {
	for {
		did := false
		for _, step := range []func() (bool, error){db.foldNext, db.reap, db.pruneNext} {
			more, err := step()
			if err != nil {
				return err
			}
			if more {
				did = true
				break
			}
		}
		if !did || once {
			return nil
		}
	}
}

// TestReadBetweenPieces reads all states, those that are held and those that are asked for then, after each piece of folds, of pruning and of taking away.
func TestReadBetweenPieces(t *testing.T) {
	for seed := range uint64(2) {
		m, err := newMachine(seed)
		if err != nil {
			t.Fatal(err)
		}
		memory := m.db.store.(*kv.Memory)
		m.close()
		h := &hooked{DB: memory.Clone()}
		m.options.KeepStates, m.options.LayerMemory, m.options.chunk, m.options.write = 2, 1, 100, 150
		if m.db, err = Open(h, m.options); err != nil {
			t.Fatal(err)
		}
		m.db.folder.stop()
		pieces := 0
		read := func() {
			pieces++
			for _, held := range m.held {
				if err := checkState(held.state, held.block); err != nil {
					t.Fatalf("seed %d: held %s: %v", seed, held.block.Point, err)
				}
			}
			for _, b := range m.order {
				if err := m.read(rand.New(rand.NewPCG(seed, 1)), b, false); err != nil {
					t.Fatalf("seed %d: %s: %v", seed, b.Point, err)
				}
			}
		}
		r := rand.New(rand.NewPCG(seed, 43))
		for range 40 {
			h.written = nil
			if err := m.run(step{[]string{"import", "import", "finalise", "hold", "again"}[r.IntN(5)], r.Uint64()}); err != nil {
				t.Fatal(err)
			}
			if len(m.held) > 3 {
				m.held[0].state.Close()
				m.held = m.held[1:]
			}
			h.written = read
			if err := workOn(m.db, false); err != nil {
				t.Fatal(err)
			}
		}
		h.written = nil
		m.close()
		t.Logf("seed %d: %d pieces", seed, pieces)
	}
}
