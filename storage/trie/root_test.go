package trie

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// The order of an ordered trie's keys is that of their bytes, at every boundary between the forms of a compact number.
func TestCompactOrder(t *testing.T) {
	for _, n := range []int{0, 1, 2, 63, 64, 65, 127, 128, 255, 256, 257, 1<<14 - 1, 1 << 14, 1<<14 + 1, 1<<14 + 300, 100_000} {
		want := make([]int, n)
		for i := range want {
			want[i] = i
		}
		slices.SortFunc(want, func(a, b int) int { return bytes.Compare(appendCompact(nil, a), appendCompact(nil, b)) })
		if got := slices.Collect(compactOrder(n)); !slices.Equal(got, want) {
			t.Errorf("%d numbers: another order", n)
		}
	}
	var key []byte
	last, seen := []byte{}, 0
	for i := range compactOrder(1 << 30) { // the largest form of four bytes
		key = appendCompact(key[:0], i)
		if seen > 0 && bytes.Compare(last, key) >= 0 || i >= 1<<30 {
			t.Fatalf("%d comes after 0x%x", i, last)
		}
		last = append(last[:0], key...)
		if seen++; seen == 1<<20 {
			break
		}
	}
	for range compactOrder(3) {
		break // a consumer may stop at any number
	}
}

// A root that is made from pairs in order is that of the trie, whatever the shape: keys that are prefixes of others, values of all kinds.
func TestRootOfSorted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 400 {
		whole, model := NewWith(Keccak), map[string][]byte{}
		v := Version(round % 2)
		alphabet := []byte{0, 1, 0x10, 0x11, 0xff}
		for range r.IntN(40) {
			key := make([]byte, r.IntN(6))
			for i := range key {
				key[i] = alphabet[r.IntN(len(alphabet))]
			}
			model[string(key)] = make([]byte, r.IntN(3)*r.IntN(40))
		}
		for key, value := range model {
			if err := whole.Put([]byte(key), value, v); err != nil {
				t.Fatal(err)
			}
		}
		pairs := pairsOf(model)
		r.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
		if got, want := Keccak.RootOf(pairs, v), whole.Root(); got != want {
			t.Fatalf("round %d: got %s, want %s", round, got, want)
		}
	}
}

// BenchmarkOrderedRoot builds the root of a million empty items, which are known by a function alone.
func BenchmarkOrderedRoot(b *testing.B) {
	const n = 1_000_000
	want := Blake2b.OrderedRoot(make([][]byte, n), V1)
	b.ReportAllocs()
	for b.Loop() {
		if Blake2b.OrderedRootOf(n, func(int) []byte { return nil }, V1) != want {
			b.Fatal("root changed")
		}
	}
}
