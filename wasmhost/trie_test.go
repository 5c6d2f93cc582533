package wasmhost

import (
	"bytes"
	"context"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/trie"
)

// manyItems is a SCALE sequence of n groups of size empty byte strings, in the guest's memory: it is mostly zeros already.
func (g *tester) manyItems(n, size int) uint64 {
	g.t.Helper()
	const most = 1024
	g.in.memory.limit = most * pageSize
	if g.in.mem.Size() < most*pageSize {
		if _, ok := g.in.mem.Grow(most - g.in.mem.Size()/pageSize); !ok {
			g.t.Fatal("memory does not grow")
		}
	}
	g.in.call.heap.Reset(most)
	head := scale.AppendLen(nil, n)
	const at = 32 << 20 // behind all that the test places
	if !g.in.mem.Write(at, head) {
		g.t.Fatal("the sequence is outside memory")
	}
	return uint64(len(head)+n*size)<<32 | at
}

// Sequences of millions of empty items have roots like any other, as in Substrate, and take a small multiple of their bytes.
func TestTrieOfManyItems(t *testing.T) {
	const n = 4_200_000
	g := newTester(t, &Env{})
	ordered := trie.OrderedRoot(make([][]byte, n), trie.V1)
	empty := trie.RootOf([]trie.Pair{{}}, trie.V1) // all pairs are one
	for _, c := range []struct {
		name string
		size int
		want hash.H256
	}{
		{"ext_trie_blake2_256_ordered_root_version_2", 1, ordered},
		{"ext_trie_blake2_256_root_version_2", 2, empty},
	} {
		span := g.manyItems(n, c.size)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := g.fixed(32, c.name, span, 1)
		runtime.ReadMemStats(&after)
		if !bytes.Equal(got, c.want[:]) {
			t.Errorf("%s: got %x, want %s", c.name, got, c.want)
		}
		if used, most := after.TotalAlloc-before.TotalAlloc, uint64(6*n*c.size); used > most {
			t.Errorf("%s: %d bytes were allocated for %d of arguments", c.name, used, n*c.size)
		}
	}
	// A proof of so many nodes shows nothing, and is no trap.
	if g.must("ext_trie_blake2_256_verify_proof_version_2", pointer(ordered[:]), g.manyItems(n, 1), "key", "value", 1) != 0 {
		t.Error("a proof of empty nodes is taken")
	}
}

// A host function that has much to do looks at the deadline meanwhile.
func TestTrieDeadline(t *testing.T) {
	for _, name := range []string{"ext_trie_blake2_256_ordered_root_version_1", "ext_trie_blake2_256_root_version_1"} {
		g := newTester(t, &Env{})
		span := g.manyItems(1_000_000, 2) // for the ordered root the second half is behind the value
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		g.in.call.ctx = ctx
		_, err := g.call(name, span)
		wantTrap(t, err, name, -1, ErrDeadline)
	}
}

// FuzzTrieArguments gives arbitrary bytes to the roots and wants what a plain decoder makes of them: the same root or, where it is no
// sequence, a trap.
func FuzzTrieArguments(f *testing.F) {
	f.Add([]byte{8, 4, 'a', 4, 'b', 0, 0})
	f.Add([]byte{12, 4, 'b', 0, 4, 'a', 0, 4, 'b', 8, 'x', 'y'})
	f.Add([]byte{0xfe, 0xff, 0xff, 0xff, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		g := newTester(t, &Env{})
		check := func(name string, err error, want hash.H256) {
			t.Helper()
			got, trap := g.call(name, data, 1)
			if (trap == nil) != (err == nil) {
				t.Fatalf("%s: got %v, a decoder says %v", name, trap, err)
			}
			if trap != nil {
				wantTrap(t, trap, name, 0, ErrArgument)
			} else if root := g.readAt(got, 32); !bytes.Equal(root, want[:]) {
				t.Fatalf("%s: got %x, want %s", name, root, want)
			}
		}
		d := scale.NewDecoder(data)
		pairs := scale.DecodeSeq(d, func(d *scale.Decoder) trie.Pair { return trie.Pair{Key: d.View(), Value: d.View()} })
		check("ext_trie_blake2_256_root_version_2", d.Err(), trie.RootOf(pairs, trie.V1))
		d = scale.NewDecoder(data)
		items := scale.DecodeSeq(d, (*scale.Decoder).View)
		check("ext_trie_blake2_256_ordered_root_version_2", d.Err(), trie.OrderedRoot(items, trie.V1))
	})
}

// Pairs in any order, with keys that occur again, have the root of what the last of each say.
func TestTrieRootOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	g := newTester(t, &Env{})
	for range 200 {
		pairs := make([]trie.Pair, r.IntN(20))
		for i := range pairs {
			pairs[i].Key = make([]byte, r.IntN(3))
			for j := range pairs[i].Key {
				pairs[i].Key[j] = byte(r.IntN(3)) << 3
			}
			pairs[i].Value = bytes.Repeat([]byte{byte(i)}, r.IntN(40))
		}
		encoded := scale.AppendSeq(nil, pairs, func(dst []byte, p trie.Pair) []byte {
			return scale.AppendBytes(scale.AppendBytes(dst, p.Key), p.Value)
		})
		g.in.call.heap.Reset(64)
		want := trie.RootOf(pairs, trie.V1)
		if got := g.fixed(32, "ext_trie_blake2_256_root_version_2", encoded, 1); !bytes.Equal(got, want[:]) {
			t.Fatalf("got %x, want %s of %x", got, want, pairs)
		}
	}
}
