package badgerdb

import (
	"encoding/binary"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/kvtest"
)

func openBench(tb testing.TB) kv.DB {
	db, err := Open(tb.TempDir(), Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return db
}

func BenchmarkStore(b *testing.B) { kvtest.Bench(b, openBench) }

// BenchmarkBare compares with what Badger itself takes on the same files, in the way that its documentation shows.
func BenchmarkBare(b *testing.B) {
	d, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	const n = 1_000_000
	batch := &kv.Batch{}
	key := func(buffer []byte, i int) []byte {
		buffer = append(buffer, "0123456789abcdef0123456789abcdef"...)
		return binary.BigEndian.AppendUint64(buffer, uint64(i%n)*0x9E3779B97F4A7C15)
	}
	for i := range n {
		batch.Set(key(nil, i), make([]byte, 100))
	}
	if err := d.Write(batch, true); err != nil {
		b.Fatal(err)
	}
	b.Run("get/badger", func(b *testing.B) {
		b.ReportAllocs()
		buffer := make([]byte, 0, 64)
		for i := 0; b.Loop(); i++ {
			var value []byte
			err := d.db.View(func(txn *badger.Txn) error {
				item, err := txn.Get(key(append(buffer[:0], spaceKey), i*7919))
				if err == nil {
					value, err = item.ValueCopy(nil)
				}
				return err
			})
			if err != nil || len(value) != 100 {
				b.Fatal(err)
			}
		}
	})
	b.Run("get/store", func(b *testing.B) {
		b.ReportAllocs()
		buffer := make([]byte, 0, 64)
		for i := 0; b.Loop(); i++ {
			if value, ok, err := d.Get(key(buffer[:0], i*7919)); !ok || err != nil || len(value) != 100 {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("seek/badger", func(b *testing.B) {
		b.ReportAllocs()
		buffer := make([]byte, 0, 64)
		for i := 0; b.Loop(); i++ {
			txn := d.db.NewTransactionAt(d.last, false)
			target := key(append(buffer[:0], spaceKey), i*7919)
			it := txn.NewIterator(badger.IteratorOptions{Prefix: target[:36]})
			it.Seek(target)
			err := it.Item().Value(func(v []byte) error { return nil })
			if err != nil || !it.Valid() {
				b.Fatal(err)
			}
			it.Close()
			txn.Discard()
		}
	})
	b.Run("seek/store", func(b *testing.B) {
		b.ReportAllocs()
		buffer := make([]byte, 0, 64)
		for i := 0; b.Loop(); i++ {
			target := key(buffer[:0], i*7919)
			it := d.Iterator(target[:35])
			if !it.Seek(target) {
				b.Fatal(it.Err())
			}
			if _, err := it.Value(); err != nil {
				b.Fatal(err)
			}
			it.Close()
		}
	})
}
