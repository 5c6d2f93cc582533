package grandpa

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
)

// Chain tells where blocks lie.
type Chain interface {
	// Ancestor returns the hash of the block at number n among a block and its ancestors. It is an error where the block is unknown, or n above it.
	Ancestor(block hash.H256, n chain.BlockNumber) (hash.H256, error)
}

// ErrNotDescendant: a block does not descend from the base of a round, has another number, or is unknown.
var ErrNotDescendant = errors.New("block does not descend from the base")

// Descends reports whether block is base or descends from it. Blocks that the chain does not know descend from nothing.
func Descends(c Chain, base, block Target) bool {
	if block.Number < base.Number {
		return false
	}
	if block == base {
		return true
	}
	own, err := c.Ancestor(block.Hash, block.Number)
	if err != nil || own != block.Hash {
		return false
	}
	below, err := c.Ancestor(block.Hash, base.Number)
	return err == nil && below == base.Hash
}

// none stands for no node.
const none int32 = -1

// tally is the weight of the votes of one phase for a node and all below it.
type tally struct {
	weight uint64
	// equivocated is the part of weight that is of voters who voted elsewhere, too.
	equivocated uint64
}

// node is a block of the graph: one that was voted for, or at which the ways to such blocks part. All blocks between it and its parent have the votes that it
// has.
type node struct {
	Target
	parent   int32
	edge     []hash.H256 // the blocks after the parent, this one last
	children []int32
	votes    [2]tally
}

// graph is the tree of the blocks that votes of a round are for, from its base on. It is a radix tree: a block with one way through it alone is no node, so
// that a vote costs as many steps as there are forks and other votes below, and the number of blocks does not matter. Nodes stay where they are: their indices
// are names.
type graph struct {
	nodes []node
	index map[hash.H256]int32
}

func newGraph(base Target) graph {
	return graph{
		nodes: []node{{Target: base, parent: none}},
		index: map[hash.H256]int32{base.Hash: 0},
	}
}

// insert returns the node of a block, which it makes where there is none. ErrNotDescendant.
func (g *graph) insert(c Chain, t Target) (int32, error) {
	if i, ok := g.index[t.Hash]; ok {
		if g.nodes[i].Number != t.Number {
			return none, fmt.Errorf("%w: %s is #%d", ErrNotDescendant, t, g.nodes[i].Number)
		}
		return i, nil
	}
	if base := g.nodes[0].Target; !Descends(c, base, t) {
		return none, fmt.Errorf("%w: %s of %s", ErrNotDescendant, t, base)
	}
	// route returns the block at n on the way to t. Errors stop the walk; they cannot be told from a block that vanished.
	var failed error
	route := func(n chain.BlockNumber) (h hash.H256) {
		if failed == nil {
			h, failed = c.Ancestor(t.Hash, n)
		}
		return h
	}
	at := int32(0)
	for failed == nil {
		from := g.nodes[at].Number + 1
		length := int(t.Number - g.nodes[at].Number)
		first := route(from)
		next := none
		for _, child := range g.nodes[at].children {
			if g.nodes[child].edge[0] == first {
				next = child
				break
			}
		}
		if next == none {
			edge := make([]hash.H256, length)
			edge[0] = first
			for i := 1; i < length; i++ {
				edge[i] = route(from + chain.BlockNumber(i))
			}
			if failed != nil {
				break
			}
			return g.add(node{Target: t, parent: at, edge: edge}), nil
		}
		edge := g.nodes[next].edge
		common := 1 + sort.Search(min(len(edge), length)-1, func(i int) bool { return edge[1+i] != route(from+chain.BlockNumber(1+i)) })
		switch {
		case failed != nil:
		case common == len(edge):
			at = next
		default:
			at = g.split(next, common)
			if common == length {
				return at, nil
			}
		}
	}
	return none, fmt.Errorf("%w: %s: %v", ErrNotDescendant, t, failed)
}

// add adds a node as a child of its parent.
func (g *graph) add(n node) int32 {
	i := int32(len(g.nodes))
	g.nodes = append(g.nodes, n)
	g.index[n.Hash] = i
	parent := &g.nodes[n.parent]
	parent.children = append(parent.children, i)
	return i
}

// split makes a node of the block after count blocks of a node's edge.
func (g *graph) split(child int32, count int) int32 {
	c := &g.nodes[child]
	i := int32(len(g.nodes))
	above := node{
		Target:   Target{c.edge[count-1], c.Number - chain.BlockNumber(len(c.edge)-count)},
		parent:   c.parent,
		edge:     c.edge[:count:count],
		children: []int32{child},
		votes:    c.votes,
	}
	c.edge, c.parent = c.edge[count:], i
	siblings := g.nodes[above.parent].children
	siblings[slices.Index(siblings, child)] = i
	g.nodes = append(g.nodes, above)
	g.index[above.Hash] = i
	return i
}

// vote adds a vote for a node.
func (g *graph) vote(at int32, phase Kind, weight uint64) {
	for ; at != none; at = g.nodes[at].parent {
		g.nodes[at].votes[phase].weight += weight
	}
}

// equivocated marks a vote for a node as that of an equivocator.
func (g *graph) equivocated(at int32, phase Kind, weight uint64) {
	for ; at != none; at = g.nodes[at].parent {
		g.nodes[at].votes[phase].equivocated += weight
	}
}

// ghost follows the chain from a node on for as long as a child meets the condition, and returns where it ends; none where the node itself does not. At most
// one child may meet it for the answer not to depend on the order of votes.
func (g *graph) ghost(from int32, condition func(*node) bool) int32 {
	if !condition(&g.nodes[from]) {
		return none
	}
	for {
		next := none
		for _, child := range g.nodes[from].children {
			if condition(&g.nodes[child]) {
				next = child
				break
			}
		}
		if next == none {
			return from
		}
		from = next
	}
}

// ancestor returns the highest node from at downwards to the base that meets the condition.
func (g *graph) ancestor(at int32, condition func(*node) bool) int32 {
	for at != none && !condition(&g.nodes[at]) {
		at = g.nodes[at].parent
	}
	return at
}
