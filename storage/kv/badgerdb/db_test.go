package badgerdb

import (
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/kvtest"
)

var small = Options{Memory: MinMemory}

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
