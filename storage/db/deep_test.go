package db

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/kv"
)

// deepKey is a key of v, as a map of accounts has it.
func deepKey(i int) []byte {
	h := hash.Blake2b128(binary.BigEndian.AppendUint64(nil, uint64(i)))
	return valueKey(nil, slices.Concat([]byte("a pallet's and an item's prefix."), h[:]))
}

const (
	deepKeys    = 100_000
	deepChanges = 100 // of each block
)

// deepView is the state after so many blocks that are not folded, each of which changes keys of the first half, where evicted with their diffs on the disk alone.
func deepView(tb testing.TB, depth int, evicted bool) *view {
	tb.Helper()
	store := kv.NewMemory()
	var batch kv.Batch
	for i := range deepKeys {
		batch.Set(deepKey(i), headRecord(0, make([]byte, 80)))
	}
	v := &view{folded: &finalised{store: store}}
	for n := range depth {
		ops := make([]kv.Op, deepChanges)
		for k := range ops {
			ops[k] = kv.Op{Key: deepKey((n*deepChanges + k) % (deepKeys / 2)), Value: make([]byte, 80)}
		}
		slices.SortFunc(ops, func(a, b kv.Op) int { return bytes.Compare(a.Key, b.Key) })
		parts := splitJournal(ops, chunkSize)
		h := hash.Blake2b256(binary.BigEndian.AppendUint64(nil, uint64(n)))
		l := newLayer(h, ops, firstsOf(parts))
		if evicted {
			l.ops.Store(nil)
			for i, part := range parts {
				batch.Set(journalKey(h, uint32(i)), encodeChunk(part))
			}
		}
		v.layers = append(v.layers, l)
	}
	if err := store.Write(&batch, true); err != nil {
		tb.Fatal(err)
	}
	return v
}

// BenchmarkDeep is what reads cost where so many blocks wait for finality: of a key that none of them changed, of one that some changed, and of the next key. Their
// diffs are in memory, or all were evicted.
func BenchmarkDeep(b *testing.B) {
	for _, depth := range []int{10, 1000, 10_000} {
		for _, where := range []string{"memory", "disk"} {
			v := deepView(b, depth, where == "disk")
			run := func(name string, read func(i int) []byte) {
				b.Run(fmt.Sprintf("%d/%s/%s", depth, where, name), func(b *testing.B) {
					for i := 0; b.Loop(); i++ {
						if value := read(i); len(value) != 80 {
							b.Fatalf("read %x", value)
						}
					}
				})
			}
			get := func(key []byte) []byte {
				value, _, err := v.get(key)
				if err != nil {
					b.Fatal(err)
				}
				return value
			}
			run("unchanged", func(i int) []byte { return get(deepKey(deepKeys/2 + i*7919%(deepKeys/2))) })
			run("changed", func(i int) []byte { return get(deepKey(i * 7919 % min(deepKeys/2, depth*deepChanges))) })
			run("next", func(i int) []byte {
				c := v.iterate(valueKey(nil, nil), deepKey(i*7919%deepKeys))
				defer c.close()
				if !c.next() {
					b.Fatal(c.err)
				}
				return c.read()
			})
		}
	}
}
