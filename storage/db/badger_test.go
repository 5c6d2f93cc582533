package db

import (
	"math/rand/v2"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/badgerdb"
)

// TestModelBadger is TestModel over Badger.
func TestModelBadger(t *testing.T) {
	for seed := range uint64(3) {
		g, err := newGenesis(seed)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 31))
		dir := t.TempDir()
		reborn := func() (kv.DB, error) { return badgerdb.Open(dir, badgerdb.Options{Memory: badgerdb.MinMemory}) }
		store, err := reborn()
		if err != nil {
			t.Fatal(err)
		}
		m, err := machineOn(store, g, randomOptions(r))
		if err != nil {
			t.Fatal(err)
		}
		m.reborn = reborn
		for i := range 120 {
			s := step{stepKinds[r.IntN(len(stepKinds))], r.Uint64()}
			if err := m.run(s); err != nil {
				t.Fatalf("seed %d step %d %s: %v", seed, i, s, err)
			}
		}
		if err := m.settle(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		m.close()
	}
}
