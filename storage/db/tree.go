package db

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
)

// tree holds the blocks that are not folded: the finalised ones that wait for it, and all above them, on every fork. They descend from the last
// folded block, which is not in it. The DB's mutex guards it.
type tree struct {
	blocks map[hash.H256]*node
	folded chain.BlockNumber // number of the last folded block
}

// node is a block of the tree.
type node struct {
	Point
	above hash.H256 // the parent
	root  hash.H256 // of the state
	kids  int
	// chain are the diffs up to this block's own, with some of blocks that were folded before the first that were not. Blocks one after the other share
	// the array, so that a state of any depth is a slice; the first child goes on in its parent's array, others have their own.
	chain    []*layer
	extended bool // a child goes on in chain's array, or did
}

func newTree(folded chain.BlockNumber) *tree {
	return &tree{blocks: map[hash.H256]*node{}, folded: folded}
}

func (t *tree) get(block hash.H256) *node { return t.blocks[block] }

// add puts in a block behind its parent, which is in the tree or the last folded block.
func (t *tree) add(p Point, parent, root hash.H256, l *layer) {
	n := &node{Point: p, above: parent, root: root}
	if above := t.blocks[parent]; above != nil {
		above.kids++
		open := t.layers(above)
		if n.chain = above.chain; above.extended || len(n.chain) > 2*len(open)+16 {
			n.chain = slices.Clone(open)
		} else {
			above.extended = true
		}
	}
	n.chain = append(n.chain, l)
	t.blocks[p.Hash] = n
}

// remove takes out blocks, with all their descendants, or the oldest ones, with all their siblings.
func (t *tree) remove(blocks []*node) {
	for _, n := range blocks {
		delete(t.blocks, n.Hash)
		if above := t.blocks[n.above]; above != nil {
			above.kids--
		}
	}
}

// fold takes out a block on the last folded one all of whose siblings are gone.
func (t *tree) fold(n *node) {
	delete(t.blocks, n.Hash)
	t.folded = n.Number
}

// layer is the block's own diff.
func (n *node) layer() *layer { return n.chain[len(n.chain)-1] }

// layers returns the diffs from the last folded block to n, the newest last.
func (t *tree) layers(n *node) []*layer {
	return n.chain[len(n.chain)-int(n.Number-t.folded):]
}

// ancestor returns the block at number among n and its ancestors; nil where that is folded, or above n.
func (t *tree) ancestor(n *node, number chain.BlockNumber) *node {
	if number <= t.folded || number > n.Number {
		return nil
	}
	return t.blocks[n.chain[len(n.chain)-1-int(n.Number-number)].hash]
}

// descends tells whether n is p or descends from it; both are in the tree.
func (t *tree) descends(n, p *node) bool { return t.ancestor(n, p.Number) == p }

// list returns the blocks for which keep holds, the lowest first, those of one height by their hash.
func (t *tree) list(keep func(*node) bool) []*node {
	all := slices.SortedFunc(maps.Values(t.blocks), func(a, b *node) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), bytes.Compare(a.Hash[:], b.Hash[:]))
	})
	return slices.DeleteFunc(all, func(n *node) bool { return !keep(n) })
}
