package badgerdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotensor/gotensor/storage/kv"
)

// TestOverwritten writes a key 100,000 times, with and without an iterator that is held open over it: no pile of versions is left.
func TestOverwritten(t *testing.T) {
	for _, held := range []bool{false, true} {
		t.Run(fmt.Sprintf("iterator=%v", held), func(t *testing.T) {
			db := mustOpen(t, t.TempDir())
			b := &kv.Batch{}
			large := bytes.Repeat([]byte{7}, 500_000)
			b.Set([]byte("key"), []byte("first"))
			b.Set([]byte("large"), large)
			if err := db.Write(b, false); err != nil {
				t.Fatal(err)
			}
			it := db.Iterator(nil)
			defer it.Close()
			if !held {
				it.Close()
			}
			const n = 100_000
			value := make([]byte, 400)
			for i := range uint64(n) {
				// Values that do not compress.
				for j := 0; j < len(value); j += 8 {
					binary.BigEndian.PutUint64(value[j:], (i<<8+uint64(j))*0x9E3779B97F4A7C15)
				}
				b := &kv.Batch{}
				b.Set([]byte("key"), value)
				if i == n/2 {
					b.Delete([]byte("large"))
				}
				if err := db.Write(b, false); err != nil {
					t.Fatal(err)
				}
			}
			var biggest, all uint64
			for _, table := range db.db.Tables() {
				biggest = max(biggest, uint64(table.OnDiskSize))
				all += uint64(table.OnDiskSize)
			}
			t.Logf("%d MB written: %d MB on disk, %d kB in tables, the largest has %d kB", n*len(value)>>20, db.Stats().DiskBytes>>20, all>>10, biggest>>10)
			if most := uint64(2 * db.options.MemTableSize); biggest > most {
				t.Errorf("a table has %d bytes, expected at most %d", biggest, most)
			}
			if most := uint64(db.reserve()); db.Stats().DiskBytes > most {
				t.Errorf("the store takes %d bytes of the disk, expected at most %d", db.Stats().DiskBytes, most)
			}
			if v, ok, err := db.Get([]byte("key")); !ok || err != nil || !bytes.Equal(v, value) {
				t.Fatalf("%x, %v, %v", v, ok, err)
			}
			if !held {
				return
			}
			for _, want := range [][2]string{{"key", "first"}, {"large", string(large)}} {
				if !it.Next() || string(it.Key()) != want[0] {
					t.Fatalf("iterator is at %q, expected %q: %v", it.Key(), want[0], it.Err())
				}
				if v, err := it.Value(); err != nil || string(v) != want[1] {
					t.Fatalf("%q has %d bytes, expected %d: %v", want[0], len(v), len(want[1]), err)
				}
			}
		})
	}
}

// TestDiscardUnderReads overwrites small and large values while others read them in all ways and compactions run: each value is one that was written, and
// of one write.
func TestDiscardUnderReads(t *testing.T) {
	db := mustOpen(t, t.TempDir())
	const keys = 6
	batch := func(n uint64) *kv.Batch {
		b := &kv.Batch{}
		for i := range keys {
			// All values of a write begin with its number; some have one part or another number of them.
			size := []int{8, 100, partSize, partSize + 1, 300_000, 300_000 + int(n%3)*100_000}[i]
			v := make([]byte, size)
			binary.BigEndian.PutUint64(v, n)
			binary.BigEndian.PutUint64(v[size-8:], n)
			b.Set([]byte{'a', byte(i)}, v)
		}
		return b
	}
	number := func(v []byte) uint64 {
		n := binary.BigEndian.Uint64(v)
		if binary.BigEndian.Uint64(v[len(v)-8:]) != n {
			t.Errorf("value of %d bytes is of write %d and of another", len(v), n)
		}
		return n
	}
	if err := db.Write(batch(1), false); err != nil {
		t.Fatal(err)
	}
	var stopped atomic.Bool
	var wg sync.WaitGroup
	for reader := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var last uint64
			for round := 0; ; round++ {
				if stopped.Load() {
					return
				}
				v, ok, err := db.Get([]byte{'a', byte(round % keys)})
				if !ok || err != nil {
					t.Errorf("get: %v, %v", ok, err)
					return
				}
				if n := number(v); n < last {
					t.Errorf("reader %d sees write %d after %d", reader, n, last)
				} else {
					last = n
				}
				it := db.Iterator([]byte("a"))
				var seen uint64
				for it.Next() {
					if round%20 == 0 {
						// Long enough for the mark to pass it.
						for begun := db.writes.Load(); db.writes.Load() < begun+3 && !stopped.Load(); {
							time.Sleep(time.Millisecond)
						}
					}
					v, err := it.Value()
					if err != nil {
						t.Errorf("iterator of reader %d: %v", reader, err)
						break
					}
					if n := number(v); seen != 0 && n != seen {
						t.Errorf("iterator of reader %d sees writes %d and %d", reader, seen, n)
					} else {
						seen = n
					}
				}
				it.Close()
			}
		}()
	}
	for n := uint64(2); n < 120; n++ {
		if err := db.Write(batch(n), false); err != nil {
			t.Fatal(err)
		}
	}
	stopped.Store(true)
	wg.Wait()
	if n := len(db.discard.iterators); n != 0 {
		t.Errorf("%d closed iterators are kept", n)
	}
}
