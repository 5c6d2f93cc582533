package badgerdb

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/kvtest"
)

// small has tables in memory of 2 MB, so that tests turn many of them.
var small = Options{Memory: MinMemory, tune: tuneSmall}

func tuneSmall(b *badger.Options) {
	b.MemTableSize, b.BaseLevelSize, b.BaseTableSize = 2<<20, 2<<20, 512<<10
}

func mustOpen(tb testing.TB, dir string) *DB {
	tb.Helper()
	db, err := Open(dir, small)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

func TestConformance(t *testing.T) {
	kvtest.Run(t, kvtest.Harness{
		Open: func(tb testing.TB) kv.DB { return mustOpen(tb, tb.TempDir()) },
		Reopen: func(tb testing.TB, db kv.DB) kv.DB {
			if err := db.Close(); err != nil {
				tb.Fatal(err)
			}
			return mustOpen(tb, db.(*DB).folder.path)
		},
	})
}

// TestPartsBetween reads long values at keys whose parts lie between each other's.
func TestPartsBetween(t *testing.T) {
	db := mustOpen(t, t.TempDir())
	b := &kv.Batch{}
	for i, key := range []string{"a", "a\x00", "a\x00\x00\x00\x00", "a\x00\x00\x00\x01", "a\x00\x00\x00\x01\x00\x00\x00\x00"} {
		b.Set([]byte(key), bytes.Repeat([]byte{byte(i + 1)}, 2*partSize+i+1))
	}
	if err := db.Write(b, false); err != nil {
		t.Fatal(err)
	}
	it := db.Iterator(nil)
	defer it.Close()
	for _, op := range b.Ops {
		if v, ok, err := db.Get(op.Key); !ok || err != nil || !bytes.Equal(v, op.Value) {
			t.Errorf("get %q: %d bytes, %v, %v", op.Key, len(v), ok, err)
		}
		if !it.Next() || !bytes.Equal(it.Key(), op.Key) {
			t.Fatalf("iterator is at %q, expected %q: %v", it.Key(), op.Key, it.Err())
		}
		if v, err := it.Value(); err != nil || !bytes.Equal(v, op.Value) {
			t.Errorf("iterate at %q: %d bytes, %v", op.Key, len(v), err)
		}
	}
}

// TestNewestLogSynced: what is durable is so because the log in use was synced, also where a write turned several logs and an iterator holds the first.
func TestNewestLogSynced(t *testing.T) {
	for _, held := range []bool{false, true} {
		t.Run(fmt.Sprintf("iterator=%v", held), func(t *testing.T) {
			db := mustOpen(t, t.TempDir())
			synced := func(what string) {
				t.Helper()
				numbers, err := logs(db.dir)
				if err != nil || len(numbers) == 0 {
					t.Fatalf("no logs: %v", err)
				}
				if n := numbers[len(numbers)-1]; db.log.number != n || db.durable != db.last {
					t.Errorf("%s: log %d is synced, log %d is in use; write %d of %d is durable", what, db.log.number, n, db.durable, db.last)
				}
			}
			for round := range 3 {
				small, large := &kv.Batch{}, &kv.Batch{}
				small.Set([]byte("small"), []byte{byte(round)})
				for i := range 250 {
					large.Set(fmt.Appendf(nil, "k%05d", i), bytes.Repeat([]byte{byte(i)}, 50_000))
				}
				if err := db.Write(small, true); err != nil {
					t.Fatal(err)
				}
				synced("write")
				if held {
					it := db.Iterator(nil)
					defer it.Close()
				}
				first := db.log.number
				if err := db.Write(large, round%2 == 0); err != nil {
					t.Fatal(err)
				}
				if db.log.number < first+2 {
					t.Fatalf("log %d follows log %d: the write is not large", db.log.number, first)
				}
				if round%2 == 0 {
					synced("large write")
				}
				if err := db.Sync(); err != nil {
					t.Fatal(err)
				}
				synced("sync")
				if err := db.Write(small, true); err != nil {
					t.Fatal(err)
				}
				synced("write after a large one")
			}
		})
	}
}

// TestGetWhileFailing reads while a log cannot be made, which leaves Badger without a table in memory: reads are answered, or the store has failed.
func TestGetWhileFailing(t *testing.T) {
	for range rounds(5) {
		db := mustOpen(t, t.TempDir())
		var stopped atomic.Bool
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for !stopped.Load() {
					if _, _, err := db.Get([]byte("x")); err != nil && !errors.Is(err, kv.ErrFailed) {
						t.Errorf("%v, expected ErrFailed", err)
						return
					}
				}
			})
		}
		if err := os.Mkdir(logPath(db.dir, db.log.number+1), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		for i := uint64(0); err == nil; i++ {
			b := &kv.Batch{}
			b.Set(fmt.Appendf(nil, "k%05d", i), bytes.Repeat([]byte{byte(i)}, 50_000))
			err = db.Write(b, false)
		}
		stopped.Store(true)
		wg.Wait()
		if !errors.Is(err, kv.ErrFailed) {
			t.Fatalf("write: %v, expected ErrFailed", err)
		}
	}
}

// TestPanicBeforeFailure has a read meet what a failing write left of Badger before that write has returned.
func TestPanicBeforeFailure(t *testing.T) {
	db := mustOpen(t, t.TempDir())
	read := func() (err error) {
		defer db.recovered("get", []byte("x"), &err)
		panic("no table in memory")
	}
	if err := read(); !errors.Is(err, kv.ErrCorrupt) {
		t.Errorf("no write under way: %v, expected ErrCorrupt", err)
	}
	db.write.Lock()
	done := make(chan error, 1)
	go func() { done <- read() }()
	time.Sleep(10 * time.Millisecond)
	failed := db.fail("write", errors.New("no log"))
	db.write.Unlock()
	if err := <-done; err == nil || err.Error() != failed.Error() || !errors.Is(err, kv.ErrFailed) {
		t.Errorf("a write failed: %v, expected %v", err, failed)
	}
}
