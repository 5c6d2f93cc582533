package db

import (
	"bytes"
	"slices"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
)

// tree holds the blocks that are not folded: the finalised ones that wait for it, and all above them, on every fork. They descend from the last
// folded block, which is not in it. The DB's mutex guards it.
type tree struct {
	blocks map[hash.H256]*node
	// heights are the blocks again by their numbers, the one after the last folded block first; those of a number are in the order of their hashes.
	heights [][]*node
	folded  chain.BlockNumber // number of the last folded block
}

// node is a block of the tree.
type node struct {
	Point
	above hash.H256 // the parent
	root  hash.H256 // of the state
	kids  int
	own   *layer // the block's own diff
	// chain are the diffs up to the block's own, with some of blocks that were folded before the first that were not. Blocks one after the other share
	// the array, so that a state of any depth is a slice: the first child goes on in its parent's array. Others are apart: their chain is their parent's, and they
	// get an array of their own with their first child, so that forks without children take no memory for their depth.
	chain    []*layer
	apart    bool // chain ends with the parent's diff
	extended bool // a child goes on in chain's array, or did
}

func newTree(folded chain.BlockNumber) *tree {
	return &tree{blocks: map[hash.H256]*node{}, folded: folded}
}

func (t *tree) get(block hash.H256) *node { return t.blocks[block] }

// at returns the blocks of a number, in the order of their hashes.
func (t *tree) at(number chain.BlockNumber) []*node {
	if number <= t.folded || int(number-t.folded) > len(t.heights) {
		return nil
	}
	return t.heights[number-t.folded-1]
}

func byHash(n *node, h hash.H256) int { return bytes.Compare(n.Hash[:], h[:]) }

// add puts in a block behind its parent, which is in the tree or the last folded block.
func (t *tree) add(p Point, parent, root hash.H256, l *layer) {
	n := &node{Point: p, above: parent, root: root, own: l}
	above := t.blocks[parent]
	switch {
	case above == nil:
		n.chain = []*layer{l}
	case above.extended:
		n.chain, n.apart = above.chain, true
	default:
		if above.apart || len(above.chain) > 2*int(above.Number-t.folded)+16 {
			above.chain, above.apart = slices.Clone(t.layers(above)), false
		}
		n.chain, above.extended = append(above.chain, l), true
	}
	if above != nil {
		above.kids++
	}
	t.blocks[p.Hash] = n
	if int(p.Number-t.folded) > len(t.heights) {
		t.heights = append(t.heights, nil)
	}
	row := &t.heights[p.Number-t.folded-1]
	i, _ := slices.BinarySearchFunc(*row, p.Hash, byHash)
	*row = slices.Insert(*row, i, n)
}

// remove takes out blocks, with all their descendants, or the oldest ones, with all their siblings.
func (t *tree) remove(blocks []*node) {
	for _, n := range blocks {
		delete(t.blocks, n.Hash)
		if above := t.blocks[n.above]; above != nil {
			above.kids--
		}
		row := &t.heights[n.Number-t.folded-1]
		if i, ok := slices.BinarySearchFunc(*row, n.Hash, byHash); ok {
			*row = slices.Delete(*row, i, i+1)
		}
	}
	for len(t.heights) > 0 && len(t.heights[len(t.heights)-1]) == 0 {
		t.heights = t.heights[:len(t.heights)-1]
	}
}

// fold takes out a block on the last folded one all of whose siblings are gone.
func (t *tree) fold(n *node) {
	delete(t.blocks, n.Hash)
	t.heights[0] = nil
	t.heights = t.heights[1:]
	t.folded = n.Number
}

// layer is the block's own diff.
func (n *node) layer() *layer { return n.own }

// layers returns the diffs from the last folded block to n, the newest last.
func (t *tree) layers(n *node) []*layer {
	open := int(n.Number - t.folded)
	if n.apart {
		return slices.Concat(n.chain[len(n.chain)-open+1:], []*layer{n.own})
	}
	return n.chain[len(n.chain)-open:]
}

// ancestor returns the block at number among n and its ancestors; nil where that is folded, or above n.
func (t *tree) ancestor(n *node, number chain.BlockNumber) *node {
	if number <= t.folded || number > n.Number {
		return nil
	}
	if number == n.Number {
		return n
	}
	i := len(n.chain) - int(n.Number-number)
	if !n.apart {
		i--
	}
	return t.blocks[n.chain[i].hash]
}

// descends tells whether n is p or descends from it; both are in the tree.
func (t *tree) descends(n, p *node) bool { return t.ancestor(n, p.Number) == p }

// list returns the blocks for which keep holds, the lowest first, those of one height by their hash.
func (t *tree) list(keep func(*node) bool) (list []*node) {
	for _, row := range t.heights {
		for _, n := range row {
			if keep(n) {
				list = append(list, n)
			}
		}
	}
	return list
}
