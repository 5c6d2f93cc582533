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
}

// node is a block of the tree.
type node struct {
	Point
	parent *node // nil where the parent is folded
	above  hash.H256
	root   hash.H256 // of the state
	kids   int
	layer  *layer
}

func newTree() *tree { return &tree{blocks: map[hash.H256]*node{}} }

func (t *tree) get(block hash.H256) *node { return t.blocks[block] }

// add puts in a block behind its parent: nil for a block on the last folded one.
func (t *tree) add(p Point, parentHash, root hash.H256, l *layer) *node {
	n := &node{Point: p, parent: t.blocks[parentHash], above: parentHash, root: root, layer: l}
	if n.parent != nil {
		n.parent.kids++
	}
	t.blocks[p.Hash] = n
	return n
}

// remove takes out blocks, with all their descendants, or the oldest ones, with all their siblings.
func (t *tree) remove(blocks []*node) {
	for _, n := range blocks {
		delete(t.blocks, n.Hash)
		if n.parent != nil {
			n.parent.kids--
		}
	}
}

// fold takes out a block all of whose siblings are gone; its children are then the first of the tree.
func (t *tree) fold(n *node) {
	delete(t.blocks, n.Hash)
	for _, other := range t.blocks {
		if other.parent == n {
			other.parent = nil
		}
	}
}

// layers returns the diffs from the last folded block to n, the newest last.
func (t *tree) layers(n *node) []*layer {
	var list []*layer
	for ; n != nil; n = n.parent {
		list = append(list, n.layer)
	}
	slices.Reverse(list)
	return list
}

// ancestor returns the block at number among n and its ancestors; nil where that is folded.
func (n *node) ancestor(number chain.BlockNumber) *node {
	for n != nil && n.Number > number {
		n = n.parent
	}
	return n
}

// descends tells whether n is p or descends from it; p is in the tree.
func (n *node) descends(p *node) bool { return n.ancestor(p.Number) == p }

// list returns the blocks for which keep holds, the lowest first, those of one height by their hash.
func (t *tree) list(keep func(*node) bool) []*node {
	var list []*node
	for _, n := range t.blocks {
		if keep(n) {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b *node) int {
		if a.Number != b.Number {
			return int(int64(a.Number) - int64(b.Number))
		}
		return bytes.Compare(a.Hash[:], b.Hash[:])
	})
	return list
}
