package db

import (
	"encoding/hex"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/kv"
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
	if err := m.finalise(final, nil); err != nil {
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
		{"finalise nothing", m.db.Finalise(nowhere, nil), ErrUnknownBlock},
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
