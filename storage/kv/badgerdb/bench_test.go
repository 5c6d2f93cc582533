package badgerdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

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

// BenchmarkBare compares reads with what Badger itself takes on the same files, in the way that its documentation shows. An operation is one of both. They
// take turns, so that what else the machine does meets both; the medians of their turns are reported.
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
	time.Sleep(time.Second) // for compactions to end
	buffer := make([]byte, 0, 64)
	for _, compare := range []struct {
		name        string
		bare, store func(i int) error
	}{
		{"get", func(i int) error {
			return d.db.View(func(txn *badger.Txn) error {
				item, err := txn.Get(key(append(buffer[:0], spaceKey), i))
				if err != nil {
					return err
				}
				value, err := item.ValueCopy(nil)
				return checked(value, err)
			})
		}, func(i int) error {
			value, _, err := d.Get(key(buffer[:0], i))
			return checked(value, err)
		}},
		{"get absent", func(i int) error {
			return d.db.View(func(txn *badger.Txn) error {
				_, err := txn.Get(append(key(append(buffer[:0], spaceKey), i), 1))
				if errors.Is(err, badger.ErrKeyNotFound) {
					return nil
				}
				return fmt.Errorf("not absent: %v", err)
			})
		}, func(i int) error {
			if _, ok, err := d.Get(append(key(buffer[:0], i), 1)); ok || err != nil {
				return fmt.Errorf("not absent: %v", err)
			}
			return nil
		}},
		{"seek", func(i int) error {
			txn := d.db.NewTransactionAt(d.last, false)
			defer txn.Discard()
			target := key(append(buffer[:0], spaceKey), i)
			it := txn.NewIterator(badger.IteratorOptions{Prefix: target[:36]})
			defer it.Close()
			if it.Seek(target); !it.Valid() {
				return errors.New("no key")
			}
			return it.Item().Value(func(v []byte) error { return checked(v, nil) })
		}, func(i int) error {
			target := key(buffer[:0], i)
			it := d.Iterator(target[:35])
			defer it.Close()
			if !it.Seek(target) {
				return errors.New("no key")
			}
			return checked(it.Value())
		}},
	} {
		b.Run(compare.name, func(b *testing.B) {
			var times [2][]float64
			i := 0
			for b.Loop() {
				for turn, do := range []func(int) error{compare.bare, compare.store} {
					const ops = 50
					begun := time.Now()
					for op := range ops {
						if err := do((i + op*2 + turn) * 7919); err != nil {
							b.Fatal(err)
						}
					}
					times[turn] = append(times[turn], float64(time.Since(begun).Nanoseconds())/ops)
				}
				i += 100
			}
			for turn := range times {
				slices.Sort(times[turn])
			}
			bare, store := times[0][len(times[0])/2], times[1][len(times[1])/2]
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(bare, "bare-ns")
			b.ReportMetric(store, "store-ns")
			b.ReportMetric(store/bare, "ratio")
		})
	}
}

func checked(value []byte, err error) error {
	if err == nil && len(value) != 100 {
		err = fmt.Errorf("value of %d bytes", len(value))
	}
	return err
}

// BenchmarkSustained writes batches of 4 MB as fast as it goes and reports the longest that one took: what compaction can hold up a writer.
func BenchmarkSustained(b *testing.B) {
	for _, memory := range []int64{MinMemory, 256 << 20, DefaultMemory} {
		b.Run(fmt.Sprintf("memory=%dMB", memory>>20), func(b *testing.B) {
			d, err := Open(b.TempDir(), Options{Memory: memory})
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			var times []time.Duration
			var total int
			n := uint64(0)
			begun := time.Now()
			for b.Loop() {
				batch := sustained(&n)
				one := time.Now()
				if err := d.Write(batch, false); err != nil {
					b.Fatal(err)
				}
				times = append(times, time.Since(one))
				total += batch.Size()
			}
			all := time.Since(begun)
			slices.Sort(times)
			b.ReportMetric(float64(total)/1e6/all.Seconds(), "MB/s")
			b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "median-ms")
			b.ReportMetric(float64(times[len(times)-1].Microseconds())/1000, "longest-ms")
		})
	}
}

// sustained is a batch of 4 MB, of 100 bytes at keys in no order.
func sustained(n *uint64) *kv.Batch {
	batch := &kv.Batch{}
	for batch.Ops = make([]kv.Op, 0, 32<<10); len(batch.Ops) < cap(batch.Ops); {
		*n++
		x := *n * 0x9E3779B97F4A7C15
		value := make([]byte, 100)
		for i := 0; i+8 <= len(value); i += 8 {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			binary.BigEndian.PutUint64(value[i:], x)
		}
		batch.Set(binary.BigEndian.AppendUint64(make([]byte, 0, 32), *n*0x9E3779B97F4A7C15), value)
	}
	return batch
}
