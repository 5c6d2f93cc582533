package trie

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/storage/internal/naive"
)

// randomKey draws keys that share prefixes and are prefixes of each other.
func randomKey(r *rand.Rand) []byte {
	k := make([]byte, r.IntN(7))
	for i := range k {
		k[i] = [...]byte{0, 1, 0x10, 0x11, 0x12, 0xf0, 0xff}[r.IntN(7)]
	}
	if r.IntN(4) == 0 {
		k = append(bytes.Repeat([]byte{0x11}, 20), k...)
	}
	return k
}

func randomValue(r *rand.Rand) []byte {
	v := make([]byte, []int{0, 1, 5, 20, 31, 32, 33, 34, 100}[r.IntN(9)])
	for i := range v {
		v[i] = byte(r.Uint32())
	}
	return v
}

func pairsOf(m map[string][]byte) []Pair {
	var out []Pair
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Pair{[]byte(k), m[k]})
	}
	return out
}

// TestModel changes a trie and a map alike: their contents, order of keys and roots agree after every step.
func TestModel(t *testing.T) {
	for seed := range uint64(60) {
		v := Version(seed % 2)
		r := rand.New(rand.NewPCG(seed, 1))
		tr, model := New(), map[string][]byte{}
		var old *Trie
		var oldModel map[string][]byte
		for step := range 300 {
			k := randomKey(r)
			if r.IntN(3) == 0 {
				if panics := naive.Remove(model, string(k)); panics != errors.Is(tr.Delete(k), ErrSubstratePanics) {
					t.Fatalf("delete %x: panic expected: %v", k, panics)
				}
			} else {
				val := randomValue(r)
				model[string(k)] = val
				if err := tr.Put(k, val, v); err != nil {
					t.Fatal(err)
				}
			}
			if step%20 == 0 {
				if old != nil {
					check(t, old, oldModel, v)
				}
				old, oldModel = tr.Snapshot(), maps.Clone(model)
				if r.IntN(2) == 0 {
					old, tr = tr, old
				}
			}
			if r.IntN(3) == 0 {
				check(t, tr, model, v)
			}
		}
		for _, k := range slices.Collect(maps.Keys(model)) {
			if _, ok := model[k]; !ok {
				continue
			}
			if err := tr.Delete([]byte(k)); err != nil {
				t.Fatal(err)
			}
		}
		check(t, tr, nil, v)
	}
}

func check(t *testing.T, tr *Trie, model map[string][]byte, v Version) {
	t.Helper()
	if got, want := tr.Root(), RootOf(pairsOf(model), v); got != want {
		t.Fatalf("root %s, want %s", got, want)
	}
	it := tr.Iterator(nil)
	for _, p := range pairsOf(model) {
		if got, ok, err := tr.Get(p.Key); err != nil || !ok || !bytes.Equal(got, p.Value) {
			t.Fatalf("get %x: %x %v %v, want %x", p.Key, got, ok, err, p.Value)
		}
		if !it.Next() || !bytes.Equal(it.Key(), p.Key) {
			t.Fatalf("iterator: got %x, want %x", it.Key(), p.Key)
		}
		if got, err := it.Value(); err != nil || !bytes.Equal(got, p.Value) {
			t.Fatalf("iterator value of %x: %x %v, want %x", p.Key, got, err, p.Value)
		}
	}
	if it.Next() || it.Err() != nil {
		t.Fatalf("iterator goes on to %x, %v", it.Key(), it.Err())
	}
	keys := slices.Sorted(maps.Keys(model))
	r := rand.New(rand.NewPCG(uint64(len(model)), 7))
	for range 5 {
		k := randomKey(r)
		i, found := slices.BinarySearch(keys, string(k))
		if found {
			i++
		}
		got, ok, err := tr.NextKey(k)
		if err != nil || ok != (i < len(keys)) || ok && string(got) != keys[i] {
			t.Fatalf("next key after %x: %x %v %v", k, got, ok, err)
		}
		if _, ok, _ := tr.Get(k); ok != found {
			t.Fatalf("get %x: %v, want %v", k, ok, found)
		}
	}
}

// TestPaging walks random prefixes from random places, and pages of them.
func TestPaging(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 11))
		tr, model := randomTrie(r, 1+r.IntN(100))
		keys := slices.Sorted(maps.Keys(model))
		for range 30 {
			prefix, after := randomKey(r), randomKey(r)
			prefix = prefix[:r.IntN(len(prefix)+1)]
			if r.IntN(2) == 0 {
				after = append(bytes.Clone(prefix), after...)
			}
			var want, got []string
			for _, k := range keys {
				if strings.HasPrefix(k, string(prefix)) && k > string(after) {
					want = append(want, k)
				}
			}
			// Every page of up to three keys starts behind the last key of the one before.
			for at := after; ; {
				it := tr.IteratorAfter(prefix, at)
				n := 0
				for n < 3 && it.Next() {
					at = bytes.Clone(it.Key())
					got = append(got, string(at))
					n++
				}
				if it.Err() != nil {
					t.Fatal(it.Err())
				}
				if n < 3 {
					break
				}
			}
			// A place before the prefix means all of the prefix.
			if !slices.Equal(got, want) {
				t.Fatalf("prefix %x after %x: %x, want %x", prefix, after, got, want)
			}
		}
	}
}
