package kv_test

import (
	"fmt"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/kvtest"
)

var harness = kvtest.Harness{
	Open: func(testing.TB) kv.DB { return kv.NewMemory() },
	Reopen: func(tb testing.TB, db kv.DB) kv.DB {
		if err := db.Close(); err != nil {
			tb.Fatal(err)
		}
		return db.(*kv.Memory).Clone()
	},
}

func TestMemory(t *testing.T) { kvtest.Run(t, harness) }

func BenchmarkMemory(b *testing.B) { kvtest.Bench(b, harness.Open) }

func TestMemoryClone(t *testing.T) {
	m := kv.NewMemory()
	set := func(db *kv.Memory, key, value string) {
		t.Helper()
		b := &kv.Batch{}
		b.Set([]byte(key), []byte(value))
		if err := db.Write(b, true); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		set(m, fmt.Sprint(i), "1")
	}
	clone := m.Clone()
	set(m, "7", "2")
	set(clone, "7", "3")
	set(clone, "more", "")
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, seven string
		db          *kv.Memory
		keys        int
	}{{"the closed store's clone", "2", m.Clone(), 100}, {"the first clone", "3", clone, 101}} {
		if v, ok, err := test.db.Get([]byte("7")); string(v) != test.seven || !ok || err != nil {
			t.Errorf("%s: %q, %v, %v, expected %s", test.name, v, ok, err, test.seven)
		}
		it := test.db.Iterator(nil)
		keys := 0
		for it.Next() {
			keys++
		}
		it.Close()
		if keys != test.keys {
			t.Errorf("%s: %d keys, expected %d", test.name, keys, test.keys)
		}
	}
}
