package db

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
)

// TestTree adds, removes and folds blocks at random, and holds every block's diffs and ancestors, and the lists, against the parents.
func TestTree(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 61))
		tr := newTree(0)
		root := hash.H256{}
		for range 300 {
			all := tr.list(func(*node) bool { return true })
			if !slices.IsSortedFunc(all, func(a, b *node) int {
				return cmp.Or(cmp.Compare(a.Number, b.Number), bytes.Compare(a.Hash[:], b.Hash[:]))
			}) || len(all) != len(tr.blocks) {
				t.Fatalf("seed %d: list of %d blocks, %d are there, or out of order", seed, len(all), len(tr.blocks))
			}
			switch k := r.IntN(10); {
			case k == 0 && len(all) > 0: // one of the lowest and all below it, with its rivals taken out before
				first := all[r.IntN(len(tr.at(tr.folded+1)))]
				tr.remove(tr.list(func(n *node) bool { return !tr.descends(n, first) }))
				tr.fold(first)
				root = first.Hash
			case k == 1 && len(all) > 0: // a block with all above it
				top := all[r.IntN(len(all))]
				tr.remove(tr.list(func(n *node) bool { return tr.descends(n, top) }))
			default:
				p := Point{Number: tr.folded + 1}
				parent := root
				if len(all) > 0 && r.IntN(8) > 0 {
					n := all[max(0, len(all)-1-r.IntN(6))]
					p.Number, parent = n.Number+1, n.Hash
				}
				binary.BigEndian.PutUint64(p.Hash[:], r.Uint64())
				tr.add(p, parent, hash.H256{}, &layer{hash: p.Hash})
			}
			for _, n := range tr.list(func(*node) bool { return true }) {
				layers := tr.layers(n)
				if len(layers) != int(n.Number-tr.folded) || !slices.Contains(tr.at(n.Number), n) {
					t.Fatalf("seed %d: %s over block %d has %d diffs", seed, n.Point, tr.folded, len(layers))
				}
				for a, i := n, len(layers)-1; a != nil; a, i = tr.get(a.above), i-1 {
					if layers[i] != a.own || tr.ancestor(n, a.Number) != a {
						t.Fatalf("seed %d: diff or ancestor %d of %s is not of %s", seed, i, n.Point, a.Point)
					}
				}
			}
		}
	}
}

// TestTreeForks has a second block at each of 4,000 heights, which takes no memory for its depth.
func TestTreeForks(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tr := newTree(0)
	var parent hash.H256
	for i := chain.BlockNumber(1); i <= 4000; i++ {
		for fork := range byte(2) {
			h := hash.H256{31: fork}
			binary.BigEndian.PutUint32(h[:], uint32(i))
			tr.add(Point{i, h}, parent, hash.H256{}, &layer{hash: h})
		}
		parent = tr.at(i)[0].Hash
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 10<<20 {
		t.Errorf("took %d bytes", got)
	}
	if fork := tr.at(4000)[1]; len(tr.layers(fork)) != 4000 || tr.layers(fork)[3999] != fork.own {
		t.Error("the diffs of the last fork are not those of its ancestors and its own")
	}
}
