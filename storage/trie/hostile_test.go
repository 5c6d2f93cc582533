package trie

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
)

// lying gives the bytes of something else.
type lying struct {
	*store
	node, value bool
}

func (l lying) Node(path []byte, h hash.H256) ([]byte, error) {
	b, err := l.store.Node(path, h)
	if l.node && len(b) > 0 {
		b = bytes.Clone(b)
		b[len(b)-1] ^= 1
	}
	return b, err
}

func (l lying) Value(key []byte, h hash.H256) ([]byte, error) {
	b, err := l.store.Value(key, h)
	if l.value && len(b) > 0 {
		b = append(bytes.Clone(b), 'x')
	}
	return b, err
}

// TestCorruptStore: what a store gives is compared with the hash that it was asked for.
func TestCorruptStore(t *testing.T) {
	s, tr := newStore(), New()
	for i := range 100 {
		key := binary.BigEndian.AppendUint32(nil, uint32(i*977))
		s.values[string(key)] = bytes.Repeat([]byte{byte(i)}, 40)
		if err := tr.Put(key, s.values[string(key)], V1); err != nil {
			t.Fatal(err)
		}
	}
	root, err := tr.Commit(s)
	if err != nil {
		t.Fatal(err)
	}
	key := binary.BigEndian.AppendUint32(nil, 977)
	if _, ok, err := Load(root, lying{s, false, false}).Get(key); !ok || err != nil {
		t.Fatal(ok, err)
	}
	nodes := Load(root, lying{s, true, false})
	for name, f := range map[string]func() error{
		"get":    func() error { _, _, err := nodes.Get(key); return err },
		"next":   func() error { _, _, err := nodes.NextKey(key); return err },
		"put":    func() error { return nodes.Put(key, nil, V1) },
		"delete": func() error { return nodes.Delete(key) },
		"diff":   func() error { return New().Diff(nodes, newStore()) },
		"value":  func() error { _, _, err := Load(root, lying{s, false, true}).Get(key); return err },
	} {
		if err := f(); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", name, err)
		}
	}
	if got := nodes.Root(); got != root {
		t.Fatalf("root %s, want %s", got, root)
	}
}

// manyPaths is a proof of few nodes, with its root, in which 16^levels keys of child tries share one leaf.
func manyPaths(levels int) (hash.H256, [][]byte) {
	value := bytes.Repeat([]byte{7}, hashLen)
	leaf := parsed{hasValue: true, value: value, partial: []byte{1, 2}, nibbles: 4 - levels&1}
	nodes := [][]byte{leaf.appendStart(nil)}
	for level := range levels {
		p := parsed{set: 0xffff}
		if level == levels-1 {
			p.partial, p.nibbles = childPrefix, 2*len(childPrefix)
		}
		enc := p.appendStart(nil)
		sum := Blake2b(nodes[len(nodes)-1])
		for range 16 {
			enc = append(append(enc, hashLen<<2), sum[:]...)
		}
		nodes = append(nodes, enc)
	}
	return Blake2b(nodes[len(nodes)-1]), nodes
}

// TestManyPaths: nodes that hold one another many times do not make the work explode; as many as honest tries have are
// let through.
func TestManyPaths(t *testing.T) {
	root, nodes := manyPaths(2)
	compact, err := EncodeCompact(root, nodes)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := DecodeCompact(root, compact); err != nil || len(back) != len(nodes) {
		t.Fatalf("%d nodes, %v", len(back), err)
	}
	root, nodes = manyPaths(40) // in time only because the walk is cut off
	if _, err := EncodeCompact(root, nodes); !errors.Is(err, ErrCompactProof) {
		t.Fatalf("encode: got %v, want ErrCompactProof", err)
	}
	c := compactor{set: Blake2b.NodeSet(nodes), nodes: map[hash.H256]bool{}, values: map[hash.H256]bool{}}
	if err := c.trie(root); err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeCompact(root, c.out); !errors.Is(err, ErrCompactProof) {
		t.Fatalf("decode: got %v, want ErrCompactProof", err)
	}
}

// chain is a trie whose nodes lie below one another, n of them, and its proof.
func chain(n int) (*Trie, []byte, [][]byte) {
	tr := New()
	key := []byte{}
	for range n {
		if err := tr.Put(key, bytes.Repeat([]byte{1}, 32), V0); err != nil {
			panic(err)
		}
		key = append(key, 0x11)
	}
	key = key[:len(key)-1]
	proof, err := tr.Prove([][]byte{key})
	if err != nil {
		panic(err)
	}
	return tr, key, proof
}

// BenchmarkDeepChain is a compact proof of nodes below one another: the cost grows with their count and its
// logarithm (nodes are sorted), not with its square.
func BenchmarkDeepChain(b *testing.B) {
	for _, n := range []int{2000, 8000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tr, key, proof := chain(n)
			root := tr.Root()
			b.ResetTimer()
			for range b.N {
				compact, err := EncodeCompact(root, proof)
				if err != nil {
					b.Fatal(err)
				}
				back, err := DecodeCompact(root, compact)
				if err != nil || len(back) != n {
					b.Fatal(len(back), err)
				}
				if _, ok, err := VerifyProof(root, back, key); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

// BenchmarkLoadedGet reads from stored nodes: a read of the node, its hash, and its decoding for each on the path.
func BenchmarkLoadedGet(b *testing.B) {
	pairs := storagePairs(100_000)
	tr, s := New(), newStore()
	for _, p := range pairs {
		if err := tr.Put(p.Key, p.Value, V1); err != nil {
			b.Fatal(err)
		}
		s.values[string(p.Key)] = p.Value
	}
	root, err := tr.Commit(s)
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range []string{"checked", "node-set"} {
		b.Run(kind, func(b *testing.B) {
			loaded := Load(root, s)
			if kind == "node-set" { // finds by hash, so nothing is hashed
				var nodes [][]byte
				for _, n := range s.nodes {
					nodes = append(nodes, n)
				}
				for _, v := range s.values {
					nodes = append(nodes, v)
				}
				loaded = Load(root, Blake2b.NodeSet(nodes))
			}
			r := rand.New(rand.NewPCG(1, 1))
			b.ResetTimer()
			for range b.N {
				p := pairs[r.IntN(len(pairs))]
				if v, ok, err := loaded.Get(p.Key); err != nil || !ok || !slices.Equal(v, p.Value) {
					b.Fatal(ok, err)
				}
			}
		})
	}
}
