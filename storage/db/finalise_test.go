package db

import (
	"errors"
	"math"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/kv"
)

// TestDyingLength has a record say that a journal of 30 chunks has 2^32: what is there is taken away, in pieces.
func TestDyingLength(t *testing.T) {
	db, _ := smallStore(t)
	store := db.store.(*kv.Memory).Clone()
	var batch kv.Batch
	h := hash.H256{1}
	batch.Set(hashKey(kindDying, h), scale.Marshal(dying{Chunks: math.MaxUint32}))
	for i := range uint32(30) {
		batch.Set(journalKey(h, i), []byte{0})
	}
	if err := store.Write(&batch, true); err != nil {
		t.Fatal(err)
	}
	if err := checkOf(store); err != nil {
		t.Error(err)
	}
	reopened, err := Open(store.Clone(), Options{write: 200})
	if err != nil {
		t.Fatal(err)
	}
	defer reopened.Close()
	if err := reopened.Settle(); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []byte{kindDying, kindJournal} {
		it := reopened.store.Iterator([]byte{kind})
		if it.Next() {
			t.Errorf("record 0x%x is left", it.Key())
		}
		it.Close()
	}
}

// fullAfter is a store that takes so many writes that are not durable, and then none of them.
type fullAfter struct {
	kv.DB
	left int
}

func (f *fullAfter) Write(batch *kv.Batch, durable bool) error {
	if !durable {
		if f.left--; f.left < 0 {
			return kv.ErrFull
		}
	}
	return f.DB.Write(batch, durable)
}

// TestHalfTakenAway imports a block again of whose journal a part was taken away, with the store open all the time and opened between. It is there whole, and
// nothing is left of its former life.
func TestHalfTakenAway(t *testing.T) {
	for _, reopened := range []bool{false, true} {
		first, genesis := smallStore(t)
		store := &fullAfter{DB: first.store.(*kv.Memory).Clone(), left: 2}
		options := Options{write: 200, chunk: 60, LayerMemory: 1}
		db, err := Open(store, options)
		if err != nil {
			t.Fatal(err)
		}
		var changes []storage.Change
		for i := range byte(40) {
			changes = append(changes, storage.Change{Key: []byte{7, i}, Value: []byte("a value")})
		}
		block, err := importChanges(t, db, genesis, Longest, changes...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Revert(1); err != nil {
			t.Fatal(err)
		}
		if err := db.Settle(); !errors.Is(err, kv.ErrFull) {
			t.Fatalf("settle on a full disk: %v", err)
		}
		if reopened {
			if db, err = Open(store.DB.(*kv.Memory).Clone(), Options{write: 200, chunk: 5000, LayerMemory: 1, Still: true}); err != nil {
				t.Fatal(err)
			}
		} else {
			db.folder.stop()
			store.left = math.MaxInt
		}
		if len(db.dead) != 1 || db.dead[0].chunks != 0 {
			t.Fatalf("reopened %t: to be taken away: %+v", reopened, db.dead)
		}
		if again, err := importChanges(t, db, genesis, Longest, changes...); err != nil || again != block {
			t.Fatalf("reopened %t: import again: %v", reopened, err)
		}
		memory, ok := db.store.(*kv.Memory)
		if !ok {
			memory = store.DB.(*kv.Memory)
		}
		if err := checkOf(memory.Clone()); err != nil {
			t.Errorf("reopened %t: %v", reopened, err)
		}
		db.Close()
	}
}
