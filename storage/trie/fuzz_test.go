package trie

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
)

// FuzzNode decodes arbitrary bytes. What decodes at a depth encodes to the same bytes: the encoding has one form.
func FuzzNode(f *testing.F) {
	for _, seed := range []string{"\x00", "\x01", "\x40\x00", "\x42\x12\x04\x01", "\x7f\xff\x00", "\x87", "\x80\x01\x00\x0c\x41\x02\x00",
		"\xc1\x0f\x03\x00\x04\x07\x0c\x41\x02\x00\x80" + string(make([]byte, 32)), "\x20" + string(make([]byte, 32)), "\x11\x05\x00\x01" + string(make([]byte, 66))} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, odd bool) {
		depth := 0
		if odd {
			depth = 1
		}
		n, err := decode(b, depth, 1)
		if err != nil {
			if !errors.Is(err, ErrNode) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if n == nil {
			return
		}
		if got := n.appendEncoded(nil, depth); !bytes.Equal(got, b) {
			t.Fatalf("encodes to %x, was %x", got, b)
		}
	})
}

// lists cuts bytes into a list: each part behind its length in two bytes.
func lists(b []byte) (out [][]byte) {
	for len(b) >= 2 && len(out) < 1000 {
		n := min(int(binary.LittleEndian.Uint16(b)), len(b)-2)
		out = append(out, b[2:2+n])
		b = b[2+n:]
	}
	return out
}

func joined(list [][]byte) (out []byte) {
	for _, b := range list {
		out = append(binary.LittleEndian.AppendUint16(out, uint16(len(b))), b...)
	}
	return out
}

func proofSeeds(f *testing.F) (tr *Trie, keys [][]byte) {
	tr = New()
	for i := range 40 {
		k := []byte{byte(i * 37), byte(i % 3), byte(i)}
		keys = append(keys, k[:1+i%3])
		if err := tr.Put(k[:1+i%3], bytes.Repeat([]byte{byte(i)}, i), V1); err != nil {
			f.Fatal(err)
		}
	}
	return tr, keys[:5]
}

// FuzzProof reads, walks and changes partial tries from arbitrary nodes whose root is that of the first.
func FuzzProof(f *testing.F) {
	tr, keys := proofSeeds(f)
	plain, err := tr.Prove(keys)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(joined(plain), keys[0])
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, b, key []byte) {
		nodes := lists(b)
		for _, root := range nodes {
			part, err := FromProof(hash.Blake2b256(root), nodes)
			if err != nil {
				t.Fatal(err)
			}
			part.Get(key)
			at := key
			for range 20 {
				next, ok, err := part.NextKey(at)
				if err != nil || !ok {
					break
				}
				if bytes.Compare(next, at) <= 0 {
					t.Fatalf("next key after %x is %x", at, next)
				}
				at = next
			}
			if part.Put(key, []byte{1}, V1) == nil {
				if v, ok, err := part.Get(key); err != nil || !ok || !bytes.Equal(v, []byte{1}) {
					t.Fatalf("get after put: %x %v %v", v, ok, err)
				}
				part.Root()
			}
			if part.Delete(key) == nil {
				if _, ok, err := part.Get(key); ok || err != nil {
					t.Fatalf("get after delete: %v %v", ok, err)
				}
				part.Root()
			}
		}
	})
}

// FuzzCompactProof decodes arbitrary lists as compact proofs of the root that they have, and encodes the result again.
func FuzzCompactProof(f *testing.F) {
	tr, keys := proofSeeds(f)
	plain, _ := tr.Prove(keys)
	compact, err := EncodeCompact(tr.Root(), plain)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(joined(compact))
	f.Fuzz(func(t *testing.T, b []byte) {
		list := lists(b)
		d := decompactor{in: list, set: NodeSet{}}
		root, err := d.trie()
		if err != nil {
			return
		}
		nodes, err := DecodeCompact(root, list)
		if err != nil {
			return
		}
		again, err := EncodeCompact(root, nodes)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeCompact(root, again)
		if err != nil {
			t.Fatal(err)
		}
		for i := range back {
			if i >= len(nodes) {
				t.Fatal("a node came from nowhere")
			}
		}
	})
}

// FuzzItemProof checks arbitrary item proofs of arbitrary items.
func FuzzItemProof(f *testing.F) {
	tr, keys := proofSeeds(f)
	proof, err := tr.ProveItems(keys)
	if err != nil {
		f.Fatal(err)
	}
	root := tr.Root()
	f.Add(root[:], joined(proof), joined(keys), byte(0))
	f.Fuzz(func(t *testing.T, want, b, k []byte, absent byte) {
		var items []Item
		for i, key := range lists(k) {
			items = append(items, Item{key, []byte{byte(i)}, absent>>(i%8)&1 == 1})
		}
		root := hash.Blake2b256(want)
		if len(want) == 32 {
			root = hash.H256(want)
		}
		if err := VerifyItems(root, lists(b), items, Version(absent&1)); err != nil && !errors.Is(err, ErrItemProof) {
			t.Fatalf("untyped error %v", err)
		}
	})
}
