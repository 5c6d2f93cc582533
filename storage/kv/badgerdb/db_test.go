package badgerdb

import (
	"testing"

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
