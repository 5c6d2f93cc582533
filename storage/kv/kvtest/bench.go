package kvtest

import (
	"encoding/binary"
	"flag"
	"fmt"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
)

var benchKeys = flag.Uint64("kv.keys", 1_000_000, "keys in the store that is measured")

// Bench measures what the block store does most, on a million keys of 32 bytes with values of 100 bytes; -kv.keys is another number. The reads begin with a
// store that was just filled and is not settled.
func Bench(outer *testing.B, open func(tb testing.TB) kv.DB) {
	n := *benchKeys
	var db kv.DB
	var once sync.Once
	// The store is filled once, by the first benchmark that is asked for.
	load := func(b *testing.B) {
		once.Do(func() { db = fill(outer, open, n) })
		b.ReportAllocs()
	}
	outer.Run("get", func(b *testing.B) {
		load(b)
		for i := uint64(0); b.Loop(); i++ {
			expectBench(b, db, i*7919%n)
		}
	})
	outer.Run("get absent", func(b *testing.B) {
		load(b)
		for i := n; b.Loop(); i++ {
			if _, ok, err := db.Get(benchKey(i)); ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	outer.Run("seek", func(b *testing.B) {
		load(b)
		it := db.Iterator(nil)
		defer it.Close()
		for i := uint64(0); b.Loop(); i++ {
			// Most targets lie between keys; none is behind the last one.
			if !it.Seek(benchKey(i % n)[:4]) {
				b.Fatal(it.Err())
			}
		}
	})
	for _, values := range []bool{true, false} {
		outer.Run(fmt.Sprintf("iterate 1000/values=%v", values), func(b *testing.B) {
			load(b)
			for i := uint64(0); b.Loop(); i++ {
				benchIterate(b, db, benchKey(i % n)[:4], int(min(1000, n/100)), values)
			}
		})
	}
	for _, size := range []uint64{1000, 10_000} {
		for _, durable := range []bool{false, true} {
			outer.Run(fmt.Sprintf("write %d/durable=%v", size, durable), func(b *testing.B) {
				load(b)
				k := uint64(0)
				for b.Loop() {
					batch := &kv.Batch{}
					for range size {
						k = (k + 104_729) % n
						batch.Set(benchKey(k), benchValue(k))
					}
					b.SetBytes(int64(batch.Size()))
					if err := db.Write(batch, durable); err != nil {
						b.Fatal(err)
					}
				}
				expectBench(b, db, k)
			})
		}
	}
	if db != nil {
		if err := db.Close(); err != nil {
			outer.Fatal(err)
		}
	}
}

// benchIterate opens an iterator and makes some steps, from the beginning where there are too few behind start.
func benchIterate(b *testing.B, db kv.DB, start []byte, steps int, values bool) {
	it := db.Iterator(nil)
	defer it.Close()
	it.Seek(start)
	for range steps {
		if !it.Next() && !it.Seek(nil) {
			b.Fatal(it.Err())
		}
		if !values {
			continue
		}
		if v, err := it.Value(); err != nil || len(v) != 100 {
			b.Fatal(len(v), err)
		}
	}
}

// benchKey spreads the keys evenly.
func benchKey(k uint64) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 32), k*0x9E3779B97F4A7C15), "0123456789abcdef01234567"...)
}

// benchValue is 100 bytes that compress as hashes do.
func benchValue(k uint64) []byte {
	out := make([]byte, 0, 104)
	for len(out) < 100 {
		k = k*6364136223846793005 + 1442695040888963407
		out = binary.BigEndian.AppendUint64(out, k^k>>29)
	}
	return out[:100]
}

// expectBench checks a value by its length and its first bytes, which costs next to nothing.
func expectBench(b *testing.B, db kv.DB, k uint64) {
	v, ok, err := db.Get(benchKey(k))
	seed := k*6364136223846793005 + 1442695040888963407
	if !ok || err != nil || len(v) != 100 || binary.BigEndian.Uint64(v) != seed^seed>>29 {
		b.Fatalf("key %d: %v, %v, %d bytes", k, ok, err, len(v))
	}
}

func fill(b *testing.B, open func(tb testing.TB) kv.DB, n uint64) kv.DB {
	db := open(b)
	batch := &kv.Batch{}
	for k := range n {
		batch.Set(benchKey(k), benchValue(k))
		if len(batch.Ops) == 100_000 || k == n-1 {
			if err := db.Write(batch, k == n-1); err != nil {
				b.Fatal(err)
			}
			batch = &kv.Batch{}
		}
	}
	return db
}
