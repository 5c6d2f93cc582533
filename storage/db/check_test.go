package db

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/kvtest"
)

// checkedStore is a store with finalised blocks, forks, history, and bodies that were pruned; all states are kept.
func checkedStore(t *testing.T) *kv.Memory {
	t.Helper()
	m, err := newMachine(6)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.reopen(Options{KeepBodies: 4, chunk: 200, write: 400}); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(6, 47))
	for i := range 60 {
		kind := "import"
		if i%8 == 7 {
			kind = "finalise"
		}
		if err := m.run(step{kind, r.Uint64()}); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.settle(); err != nil {
		t.Fatal(err)
	}
	memory := m.db.store.(*kv.Memory).Clone()
	m.close()
	return memory
}

// checkOf opens a store and returns what is wrong with it.
func checkOf(store kv.DB) error {
	db, err := Open(store, Options{KeepBodies: 4})
	if err != nil {
		return err
	}
	defer db.Close()
	checked, err := db.Check(1 << 20)
	if err == nil && checked.Found > 0 {
		err = fmt.Errorf("%d problems: %q", checked.Found, checked.Problems)
	}
	return err
}

// TestCheck damages one record after the other: takes it away, or changes a bit of it. Each time the store is not opened, or Check finds it.
func TestCheck(t *testing.T) {
	good := checkedStore(t)
	if err := checkOf(good.Clone()); err != nil {
		t.Fatal(err)
	}
	type record struct{ key, value []byte }
	byKind := map[byte][]record{}
	it := good.Iterator(nil)
	defer it.Close()
	for it.Next() {
		value, err := it.Value()
		if err != nil {
			t.Fatal(err)
		}
		kind := it.Key()[0]
		byKind[kind] = append(byKind[kind], record{bytes.Clone(it.Key()), bytes.Clone(value)})
	}
	for _, kind := range []byte{kindMeta, kindHeader, kindBody, kindCanonical, kindUnfolded, kindJournal, kindValue, kindNode, kindHistory, kindIndex} {
		if len(byKind[kind]) == 0 {
			t.Errorf("no record of kind %q", kinds[kind])
		}
		r := rand.New(rand.NewPCG(uint64(kind), 53))
		r.Shuffle(len(byKind[kind]), func(i, j int) { byKind[kind][i], byKind[kind][j] = byKind[kind][j], byKind[kind][i] })
		for _, c := range byKind[kind][:min(8, len(byKind[kind]))] {
			var without, flipped kv.Batch
			without.Delete(c.key)
			value := bytes.Clone(c.value)
			at := r.IntN(8 * len(value))
			value[at/8] ^= 1 << (at % 8)
			flipped.Set(c.key, value)
			batches := map[string]*kv.Batch{"missing": &without, fmt.Sprintf("bit %d", at): &flipped}
			if kind == kindBody || bytes.Equal(c.key, keyPruned) { // bytes of bodies are what was imported; less may be kept than is
				delete(batches, fmt.Sprintf("bit %d", at))
			}
			for what, batch := range batches {
				store := good.Clone()
				if err := store.Write(batch, true); err != nil {
					t.Fatal(err)
				}
				if err := checkOf(store); err == nil {
					t.Errorf("record %q 0x%x (0x%x) %s: not found", kinds[kind], c.key, c.value, what)
				}
			}
		}
	}
}

// TestCheckOrphans adds records that belong to nothing. Check finds each.
func TestCheckOrphans(t *testing.T) {
	good := checkedStore(t)
	h := hash.H256{1}
	for _, c := range []struct {
		name       string
		key, value []byte
	}{
		{"empty key", nil, nil},
		{"kind", []byte("zz"), nil},
		{"meta", []byte("mnothing"), nil},
		{"header", hashKey(kindHeader, h), nil},
		{"body", hashKey(kindBody, h), scale.Marshal(body{})},
		{"justifications", hashKey(kindJustifications, h), []byte{0}},
		{"number", numberKey(kindCanonical, 1000), h[:]},
		{"journal", journalKey(h, 0), []byte{0}},
		{"value", valueKey(nil, []byte("nothing")), headRecord(0, nil)},
		{"child value", valueKey([]byte("nothing"), nil), headRecord(0, nil)},
		{"node", nodeKey(nil, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9}), headRecord(0, nil)},
		{"history", historyKey(valueKey(nil, []byte("nothing")), 2), historyRecord(nil, true)},
		{"history of nothing", historyKey(valueKey(nil, []byte("nothing")), 2), historyRecord(nil, false)},
		{"history key", []byte{kindHistory, kindValue, 0}, nil},
		{"history of offchain storage", historyKey([]byte{kindOffchain, 1}, 2), historyRecord(nil, true)},
		{"history of no key", []byte{kindHistory}, nil},
		{"short key of a header", []byte{kindHeader, 1}, []byte{0}},
		{"short key of a body", []byte{kindBody, 1}, []byte{0}},
		{"short key of justifications", []byte{kindJustifications, 1}, []byte{0}},
		{"short key of a number", []byte{kindCanonical, 1}, []byte{0}},
		{"short key of an unfolded block", []byte{kindUnfolded, 0}, []byte{0}},
		{"short key of a journal", []byte{kindJournal, 1}, []byte{0}},
		{"short key of a dropped block", []byte{kindDying, 1}, []byte{0}},
		{"short key of an index", []byte{kindIndex, 1}, []byte{0}},
		{"short key of a value", []byte{kindValue}, []byte{0}},
		{"short key of a node", []byte{kindNode}, []byte{0}},
		{"long key of a header", append(hashKey(kindHeader, h), 1), nil},
		{"index", indexKey(1, 1000), []byte{0}},
		{"index of nothing", indexKey(1000, 0), scale.AppendSeq(nil, [][]byte{{1}}, scale.AppendBytes)},
	} {
		store := good.Clone()
		var batch kv.Batch
		batch.Set(c.key, c.value)
		if err := store.Write(&batch, true); err != nil {
			t.Fatal(err)
		}
		if err := checkOf(store); err == nil {
			t.Errorf("%s: not found", c.name)
		}
	}
	// A read that fails is no damage.
	for at := 40; at < 2000; at += 97 {
		faults := kvtest.NewFaults(good.Clone())
		faults.FailAt(kvtest.Reads, at, errDisk)
		if err := checkOf(faults); !errors.Is(err, errDisk) {
			t.Errorf("read %d fails: %v", at, err)
		}
	}
}
