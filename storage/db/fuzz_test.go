package db

import (
	"bytes"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/kv"
)

// FuzzJournal decodes any bytes: no panic, and what decodes is in order and encodes to the same.
func FuzzJournal(f *testing.F) {
	f.Add([]byte{0})
	f.Add(encodeChunk([]kv.Op{{Key: []byte{1}, Value: []byte{2, 3}}, {Key: []byte{4}, Delete: true}}))
	f.Add(encodeChunk([]kv.Op{{Key: []byte{4}}, {Key: []byte{1}}}))
	f.Fuzz(func(t *testing.T, chunk []byte) {
		ops, err := decodeChunk(nil, chunk)
		if err != nil {
			return
		}
		if again := encodeChunk(ops); !bytes.Equal(again, chunk) {
			t.Fatalf("%x encodes to %x", chunk, again)
		}
		for i := 1; i < len(ops); i++ {
			if bytes.Compare(ops[i-1].Key, ops[i].Key) >= 0 {
				t.Fatalf("key %x before %x", ops[i-1].Key, ops[i].Key)
			}
		}
	})
}

// FuzzHistoryKey makes the keys of the histories of two keys: they are read back, are in the order of the keys and then of the numbers, none is the beginning of
// another, and those of keys with a prefix start with historyPrefix of it. Any bytes are read without a panic.
func FuzzHistoryKey(f *testing.F) {
	f.Add([]byte{'v', 0}, []byte{'v', 0, 0}, uint32(1), uint32(2))
	f.Add([]byte{'v', 0, 0xff, 1}, []byte{'v', 0, 1}, uint32(0x00010000), uint32(0xffffffff))
	f.Add([]byte{}, []byte{0}, uint32(0), uint32(0))
	f.Fuzz(func(t *testing.T, a, b []byte, n, m uint32) {
		x, y := historyKey(a, chain.BlockNumber(n)), historyKey(b, chain.BlockNumber(m))
		if key, number, err := parseHistoryKey(nil, x); err != nil || !bytes.Equal(key, a) || number != chain.BlockNumber(n) {
			t.Fatalf("%x %d: read back as %x %d: %v", a, n, key, number, err)
		}
		want := bytes.Compare(a, b)
		if want == 0 {
			want = int(min(1, max(-1, int64(n)-int64(m))))
		}
		if got := bytes.Compare(x, y); got != want {
			t.Fatalf("%x %d and %x %d: order %d, want %d", a, n, b, m, got, want)
		}
		if !bytes.Equal(x, y) && (bytes.HasPrefix(x, y) || bytes.HasPrefix(y, x)) {
			t.Fatalf("%x and %x: one is the beginning of the other", x, y)
		}
		if got := bytes.HasPrefix(y, historyPrefix(a)); got != bytes.HasPrefix(b, a) {
			t.Fatalf("history of %x below the prefix of %x: %t", b, a, got)
		}
		if got := bytes.HasPrefix(y, historyOf(a)); got != bytes.Equal(a, b) {
			t.Fatalf("history of %x is one of %x: %t", b, a, got)
		}
		if key, number, err := parseHistoryKey(nil, a); err == nil && !bytes.Equal(historyKey(key, number)[1:], a[1:]) {
			t.Fatalf("%x is read as %x %d", a, key, number)
		}
	})
}

// FuzzIndex decodes any bytes: no panic, and what decodes encodes to the same.
func FuzzIndex(f *testing.F) {
	f.Add([]byte{0})
	f.Add(scale.AppendSeq(nil, [][]byte{{1, 2}, {}, {3}}, scale.AppendBytes))
	f.Fuzz(func(t *testing.T, chunk []byte) {
		keys, err := decodeIndex(chunk)
		if err != nil {
			return
		}
		if again := scale.AppendSeq(nil, keys, scale.AppendBytes); !bytes.Equal(again, chunk) {
			t.Fatalf("%x encodes to %x", chunk, again)
		}
	})
}

// FuzzRecords decodes any bytes as each kind of record: no panic, and what decodes encodes to the same.
func FuzzRecords(f *testing.F) {
	h := hash.H256{1}
	for _, seed := range [][]byte{
		scale.Marshal(Head{Point{1, h}, Point{2, h}}), scale.Marshal(Point{1, h}), scale.Marshal(pruned{1, 2, 3}), scale.Marshal(unfolded{h, h, 5}),
		scale.Marshal(dying{5, true}), scale.Marshal(body{{1, 2}, {}}), headRecord(1, []byte{2}), historyRecord(nil, false), historyRecord([]byte{1}, true), h[:], {},
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		same := func(name string, again []byte, err error) {
			if err == nil && !bytes.Equal(again, raw) {
				t.Fatalf("%s: %x encodes to %x", name, raw, again)
			}
		}
		head, err := scale.UnmarshalFunc(raw, scale.Decode[Head])
		same("head", scale.Marshal(head), err)
		point, err := scale.UnmarshalFunc(raw, scale.Decode[Point])
		same("point", scale.Marshal(point), err)
		p, err := scale.UnmarshalFunc(raw, scale.Decode[pruned])
		same("pruned", scale.Marshal(p), err)
		u, err := scale.UnmarshalFunc(raw, scale.Decode[unfolded])
		same("unfolded", scale.Marshal(u), err)
		x, err := scale.UnmarshalFunc(raw, scale.Decode[dying])
		same("dying", scale.Marshal(x), err)
		b, err := scale.UnmarshalFunc(raw, scale.Decode[body])
		same("body", scale.Marshal(b), err)
		hash, err := scale.UnmarshalFunc(raw, decodeHash)
		same("hash", hash[:], err)
		n, value, err := parseHead(nil, raw)
		same("head record", headRecord(n, value), err)
		value, ok, err := parseHistory(nil, raw)
		same("history", historyRecord(value, ok), err)
	})
}
