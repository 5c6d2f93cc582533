package db

import (
	"bytes"
	"encoding/hex"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/trie"
)

// TestLayout has the bytes of keys and records. Where one of them changes, Format goes up and Open learns the step.
func TestLayout(t *testing.T) {
	h := hash.H256{0: 0xaa, 31: 0xbb}
	hexH := "aa" + "000000000000000000000000000000000000000000000000000000000000" + "bb"
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"header key", hashKey(kindHeader, h), "68" + hexH},
		{"number key", numberKey(kindCanonical, 0x01020304), "6301020304"},
		{"unfolded key", unfoldedKey(7, h), "7500000007" + hexH},
		{"journal key", journalKey(h, 258), "64" + hexH + "00000102"},
		{"offchain key", offchainKey([]byte("ab"), []byte("c")), "6f616263"},
		{"aux key", auxKey([]byte("ab")), "616162"},
		{"top value key", valueKey(nil, []byte{1, 2}), "76000102"},
		{"child value key", valueKey([]byte{9, 8}, []byte{1, 2}), "7601080908" + "0102"},
		{"root node key", nodeKey(nil, nil), "6e0000"},
		{"even node key", nodeKey(nil, []byte{1, 2}), "6e001200"},
		{"odd node key", nodeKey([]byte{}, []byte{1, 2, 3}), "6e0100" + "123001"},
		{"head", scale.Marshal(Head{Point{1, h}, Point{2, h}}), "01000000" + hexH + "02000000" + hexH},
		{"point", scale.Marshal(Point{1, h}), "01000000" + hexH},
		{"pruned", scale.Marshal(pruned{3, 4, 2}), "030000000400000002000000"},
		{"dying", scale.Marshal(dying{5, true}), "0500000001"},
		{"head record", headRecord(258, []byte{7}), "0201000007"},
		{"history key", historyKey(valueKey(nil, []byte{1, 0, 2}), 258), "77" + "7600ff0100ff02" + "0001" + "00000102"},
		{"history of nothing", historyRecord(nil, false), "00"},
		{"history of a value", historyRecord([]byte{7, 8}, true), "010708"},
		{"index key", indexKey(258, 3), "690000010200000003"},
		{"unfolded", scale.Marshal(unfolded{h, h, 5}), hexH + hexH + "05000000"},
		{"body", scale.Marshal(body{{1, 2}, {}}), "0808010200"},
		{"journal", encodeChunk([]kv.Op{{Key: []byte{1}, Value: []byte{2, 3}}, {Key: []byte{4}, Delete: true}}), "080401010802030404" + "00"},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// copyOf returns a store with what m has now.
func copyOf(t *testing.T, m kv.DB) *kv.Memory {
	t.Helper()
	c := kv.NewMemory()
	var batch kv.Batch
	it := m.Iterator(nil)
	defer it.Close()
	for it.Next() {
		value, err := it.Value()
		if err != nil {
			t.Fatal(err)
		}
		batch.Set(append([]byte{}, it.Key()...), append([]byte{}, value...))
	}
	if err := c.Write(&batch, true); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRefused opens stores that are foreign, newer, or damaged in one record after the other. They are refused with the error that says so, and nothing is
// written to them.
func TestRefused(t *testing.T) {
	g, err := newGenesis(3)
	if err != nil {
		t.Fatal(err)
	}
	good := kv.NewMemory()
	m, err := machineOn(good, g, Options{chunk: 50})
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(30) {
		if err := m.run(step{"import", i}); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.finalise(m.best().ancestor(2), nil); err != nil {
		t.Fatal(err)
	}
	if err := m.db.Settle(); err != nil {
		t.Fatal(err)
	}
	base := copyOf(t, good)
	best := m.head.Best
	m.close()

	foreign := kv.NewMemory()
	var batch kv.Batch
	batch.Set([]byte("key"), []byte("value"))
	if err := foreign.Write(&batch, true); err != nil {
		t.Fatal(err)
	}
	refused := func(name string, store kv.DB, want error) {
		t.Helper()
		writes := store.Stats().Writes
		if _, err := Open(store, Options{}); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
		if store.Stats().Writes != writes {
			t.Errorf("%s: was written to", name)
		}
	}
	refused("foreign", foreign, ErrForeign)
	refused("empty", kv.NewMemory(), ErrEmpty)
	if _, err := Create(copyOf(t, base), g.header, g.memory, Options{}); !errors.Is(err, ErrExists) {
		t.Errorf("create again: %v", err)
	}
	with := func(change func(*kv.Batch)) kv.DB {
		c := copyOf(t, base)
		var batch kv.Batch
		change(&batch)
		if err := c.Write(&batch, true); err != nil {
			t.Fatal(err)
		}
		return c
	}
	refused("newer", with(func(b *kv.Batch) { b.Set(keyFormat, scale.AppendU32(nil, Format+1)) }), ErrFormat)
	for _, key := range [][]byte{keyFormat, keyGenesis, keyHead, keyFolded, keyPruned, numberKey(kindCanonical, 2),
		unfoldedKey(best.Number, best.Hash), journalKey(best.Hash, 0)} {
		if _, ok, _ := base.Get(key); !ok {
			t.Fatalf("no record %q", key)
		}
		refused("cut "+string(key[:min(8, len(key))]), with(func(b *kv.Batch) { b.Set(key, []byte{1}) }), kv.ErrCorrupt)
		want := kv.ErrCorrupt
		switch string(key) {
		case string(keyFormat):
			want = ErrForeign
		case string(keyHead):
			want = ErrEmpty
		}
		refused("missing "+string(key[:min(8, len(key))]), with(func(b *kv.Batch) { b.Delete(key) }), want)
	}
	refused("unfolded block without parent", with(func(b *kv.Batch) {
		b.Set(unfoldedKey(9, hash.H256{1}), scale.Marshal(unfolded{Parent: hash.H256{2}}))
	}), kv.ErrCorrupt)

	// A node or value that is not what it was is found when it is read.
	damaged := with(func(b *kv.Batch) { b.Set(nodeKey(nil, nil), headRecord(2, []byte{0x80, 1, 0, 0})) })
	db, err := Open(damaged, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	state, err := db.State(m.head.Finalised.Hash)
	if err == nil {
		_, _, err = state.tries().Get(nil, []byte{1})
	}
	if err == nil {
		t.Error("a damaged node was read")
	}
}

// TestMisfits imports, finalises and asks for what does not fit.
func TestMisfits(t *testing.T) {
	m, err := newMachine(4)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	for i := range uint64(12) {
		if err := m.run(step{"import", i}); err != nil {
			t.Fatal(err)
		}
	}
	final := m.best().ancestor(2)
	if err := m.importOn(1000, m.genesis); err != nil {
		t.Fatal(err)
	}
	rival := m.order[len(m.order)-1].Hash
	j := &chain.Justification{Engine: chain.EngineGrandpa, Data: []byte("final")}
	if err := errors.Join(m.finalise(final, j), m.finalise(final, j), gone(m.db, rival)); err != nil {
		t.Fatal(err)
	}
	genesisState := m.genesis.memory
	block := func(parent hash.H256, n chain.BlockNumber) *Block {
		return &Block{Header: chain.Header{ParentHash: parent, Number: n, StateRoot: genesisState.Root()}, State: genesisState, Changes: m.order[1].changes}
	}
	nowhere := hash.H256{1}
	wrongRoot := block(m.head.Best.Hash, m.head.Best.Number+1)
	wrongRoot.Header.StateRoot = nowhere
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"import on nothing", func() error { _, err := m.db.Import(block(nowhere, 30)); return err }(), ErrUnknownBlock},
		{"import below finality", func() error { _, err := m.db.Import(block(m.genesis.Hash, 1)); return err }(), ErrFinalised},
		{"import with a wrong number", func() error { _, err := m.db.Import(block(m.head.Best.Hash, m.head.Best.Number+2)); return err }(), ErrBlock},
		{"import with a wrong root", func() error { _, err := m.db.Import(wrongRoot); return err }(), ErrBlock},
		{"finalise nothing", func() error { _, err := m.db.Finalise(nowhere, nil); return err }(), ErrUnknownBlock},
		{"finalise with another justification", func() error {
			_, err := m.db.Finalise(final.Hash, &chain.Justification{Engine: j.Engine, Data: []byte("otherwise")})
			return err
		}(), ErrJustification},
		{"aux with a long key", m.db.SetAux([]storage.Change{{Key: make([]byte, kv.MaxKey)}}), kv.ErrKeyTooLong},
		{"finalise a rival", func() error { _, err := m.db.Finalise(rival, nil); return err }(), ErrUnknownBlock},
		{"best nothing", m.db.SetBest(nowhere), ErrUnknownBlock},
		{"state of nothing", func() error { _, err := m.db.State(nowhere); return err }(), ErrUnknownBlock},
		{"hash above the best block", func() error { _, err := m.db.Hash(m.head.Best.Number + 1); return err }(), ErrUnknownBlock},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, c.err, c.want)
		}
	}
	if err := m.settle(); err != nil {
		t.Fatal(err)
	}
}

// TestPins holds an old state over pruning, lets go of it by Close or by garbage collection, and sees the history go only then.
func TestPins(t *testing.T) {
	g, err := newGenesis(5)
	if err != nil {
		t.Fatal(err)
	}
	m, err := machineOn(kv.NewMemory(), g, Options{KeepStates: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	swept := func() chain.BlockNumber {
		m.db.mu.Lock()
		defer m.db.mu.Unlock()
		return m.db.pruned.Swept
	}
	grow := func() {
		t.Helper()
		for i := range uint64(4) {
			if err := m.importOn(uint64(swept())<<8|i, m.best()); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(m.finalise(m.alive[m.db.Leaves()[0].Hash], nil), m.db.Settle()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, closed := range []bool{true, false} {
		block := m.final()
		state, err := m.db.State(block.Hash)
		if err != nil {
			t.Fatal(err)
		}
		held := state.base
		grow()
		if _, err := m.db.State(block.Hash); !errors.Is(err, ErrPruned) {
			t.Fatalf("a pruned state: %v", err)
		}
		if got := m.db.Stats().OldestInUse; got != held {
			t.Fatalf("the oldest block in use is %d, a state reads at %d", got, held)
		}
		if swept() > held {
			t.Fatalf("history of block %d is gone, a state reads at %d", swept(), held)
		}
		if err := checkState(state, block); err != nil {
			t.Fatal(err)
		}
		if closed {
			state.Close()
			state.Close()
		}
		state = nil
		for i := 0; swept() <= held; i++ {
			if i == 1000 {
				t.Fatal("the history stays")
			}
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
	}
	if err := m.db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := m.db.Settle(); !errors.Is(err, kv.ErrClosed) {
		t.Fatalf("settle after close: %v", err)
	}
}

// TestLongKeys imports blocks, and begins stores, with keys that are as long as they may be, and longer. What is refused changes nothing.
func TestLongKeys(t *testing.T) {
	for _, c := range []struct {
		name string
		key  []byte
		ok   bool
	}{
		{"longest", bytes.Repeat([]byte{1}, kv.MaxKey-10), true}, // beside it: w, v, 00 ff for the top trie, 00 01, the number
		{"longer", bytes.Repeat([]byte{1}, kv.MaxKey-9), false},
		{"longest of zeros", make([]byte, (kv.MaxKey-10)/2), true},
		{"longer of zeros", make([]byte, (kv.MaxKey-10)/2+1), false},
		{"much longer", make([]byte, 10*kv.MaxKey), false},
	} {
		m, err := newMachine(7)
		if err != nil {
			t.Fatal(err)
		}
		over, err := m.db.State(m.genesis.Hash)
		if err != nil {
			t.Fatal(err)
		}
		for n, value := range [][]byte{{1}, {2}} {
			o := storage.NewOverlay(over)
			if err := o.Set(nil, c.key, value); err != nil {
				t.Fatal(err)
			}
			state, changes, err := o.Finish(trie.V1)
			if err != nil {
				t.Fatal(err)
			}
			before := m.db.Stats().Store.Writes
			h, err := m.db.Import(&Block{Header: chain.Header{ParentHash: over.Block().Hash, Number: over.Block().Number + 1, StateRoot: state.Root()}, State: state, Changes: changes})
			over.Close()
			if !c.ok {
				if !errors.Is(err, kv.ErrKeyTooLong) || m.db.Stats().Store.Writes != before {
					t.Errorf("%s: import: %v, %d writes", c.name, err, m.db.Stats().Store.Writes-before)
				}
				if err := m.settle(); err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
				break
			}
			_, errF := m.db.Finalise(h, nil)
			if err = errors.Join(err, errF, m.db.Settle()); err != nil {
				t.Fatalf("%s: block %d: %v", c.name, n+1, err)
			}
			if over, err = m.db.State(h); err != nil {
				t.Fatal(err)
			}
		}
		if c.ok {
			if value, ok, err := over.Get(nil, c.key); err != nil || !ok || !bytes.Equal(value, []byte{2}) {
				t.Errorf("%s: %x %t %v", c.name, value, ok, err)
			}
			over.Close()
		}
		m.close()

		state, err := storage.NewMemoryState(&storage.Changes{Top: []storage.Change{{Key: c.key, Value: []byte{1}}}}, trie.V1)
		if err != nil {
			t.Fatal(err)
		}
		db, err := Create(kv.NewMemory(), chain.Header{StateRoot: state.Root()}, state, Options{})
		if c.ok && err != nil || !c.ok && !errors.Is(err, kv.ErrKeyTooLong) {
			t.Errorf("%s: create: %v", c.name, err)
		}
		if db != nil {
			db.Close()
		}
	}
}

// full is a store that takes durable writes alone while it is set: none of those of the background work.
type full struct {
	kv.DB
	set atomic.Bool
}

func (f *full) Write(batch *kv.Batch, durable bool) error {
	if f.set.Load() && !durable {
		return kv.ErrFull
	}
	return f.DB.Write(batch, durable)
}

// TestFailure has the background work fail for a while. Imports, reads and finality go on; Settle, Stats and the log tell of it; and when the fault is gone, all
// is made good.
func TestFailure(t *testing.T) {
	m, err := newMachine(8)
	if err != nil {
		t.Fatal(err)
	}
	store := &full{DB: m.db.store.(*kv.Memory).Clone()}
	m.close()
	logged := make(chan error, 1000)
	m.options = Options{KeepStates: 3, KeepBodies: 2, LayerMemory: 1, Log: func(err error) { logged <- err }}
	if m.db, err = Open(store, m.options); err != nil {
		t.Fatal(err)
	}
	defer m.close()
	store.set.Store(true)
	for i := range uint64(20) {
		if err := m.importOn(i, m.best()); err != nil {
			t.Fatal(err)
		}
		if err := m.finalise(m.best(), nil); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(m.checkHead(), m.read(nil, m.best(), false)); err != nil {
			t.Fatal(err)
		}
	}
	if m.head.Finalised.Number < 5 {
		t.Fatalf("final is %s", m.head.Finalised)
	}
	err = m.db.Settle()
	if stats := m.db.Stats(); !errors.Is(err, kv.ErrFull) || !errors.Is(stats.Failure, kv.ErrFull) || !errors.Is(<-logged, kv.ErrFull) || stats.Folded.Number != 0 {
		t.Fatalf("settle: %v, stats: %+v", err, stats)
	}
	store.set.Store(false)
	if err := m.settle(); err != nil {
		t.Fatal(err)
	}
	if stats := m.db.Stats(); stats.Failure != nil || stats.Folded != m.head.Finalised {
		t.Fatalf("stats: %+v", stats)
	}
}

// TestFormerLife drops a block whose state is held, and imports it again: with a journal that is cut differently, with the state of its former life in use, and where
// the store was opened between. Both lives read what is right, and nothing is left at the end.
func TestFormerLife(t *testing.T) {
	for _, reopened := range []bool{false, true} {
		m, err := newMachine(9)
		if err != nil {
			t.Fatal(err)
		}
		m.options.LayerMemory, m.options.chunk = 1, 100
		memory := m.db.store.(*kv.Memory)
		if err := m.reopen(m.options); err != nil {
			t.Fatal(err)
		}
		for i := range uint64(3) {
			if err := m.importOn(i, m.best()); err != nil {
				t.Fatal(err)
			}
		}
		blocks := slices.Clone(m.order[1:])
		for life := range 3 {
			for _, b := range blocks {
				state, err := m.db.State(b.Hash)
				if err != nil {
					t.Fatal(err)
				}
				m.held = append(m.held, heldState{state, b})
			}
			if _, err := m.db.Revert(10); err != nil {
				t.Fatal(err)
			}
			m.head.Best = m.genesis.Point
			m.kill(func(b *modelBlock) bool { return b.Number == 0 })
			if reopened {
				// As after a crash before anything was taken away.
				memory = m.db.store.(*kv.Memory).Clone()
				m.close()
				m.reborn = func() (kv.DB, error) { return memory, nil }
				if err := m.reopen(m.options); err != nil {
					t.Fatal(err)
				}
			}
			m.db.options.chunk = []int{1000, 50, 200}[life]
			for _, b := range blocks {
				if err := m.importOn(b.seed, m.alive[b.parent.Hash]); err != nil {
					t.Fatal(err)
				}
				if m.alive[b.Hash] == nil {
					t.Fatalf("%s did not come again", b.Point)
				}
			}
			blocks = slices.Clone(m.order[1:])
			for _, h := range m.held {
				if err := checkState(h.state, h.block); err != nil {
					t.Fatal(err)
				}
			}
			if err := m.settle(); err != nil {
				t.Fatal(err)
			}
			if len(m.held) > 3 {
				for _, h := range m.held[:3] {
					h.state.Close()
				}
				m.held = m.held[3:]
			}
		}
		for _, h := range m.held {
			h.state.Close()
		}
		m.held = nil
		if err := errors.Join(m.finalise(m.best(), nil), m.settle()); err != nil {
			t.Fatal(err)
		}
		known := m.final().ancestor(1)
		if _, err := m.db.Import(&Block{Header: known.header, State: known.memory, Changes: known.changes}); !errors.Is(err, ErrKnownBlock) {
			t.Errorf("import of a finalised block: %v", err)
		}
		m.close()
	}
}
