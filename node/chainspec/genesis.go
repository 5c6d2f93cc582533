package chainspec

import (
	"github.com/gotensor/gotensor/primitives/hash"
)

// Genesis is the state before the first block, as raw entries or by its root alone.
type Genesis struct {
	// Top are the entries of the top trie. The roots of child tries are not among them.
	Top Entries
	// StateRoot is set where the spec gives no entries but the root of the state.
	StateRoot *hash.H256

	children map[string]*Entries
}

// Child returns the entries of the default child trie with that storage key (without ":child_storage:default:"), to read and to change.
func (g *Genesis) Child(key []byte) *Entries {
	child, ok := g.children[string(key)]
	if !ok {
		if g.children == nil {
			g.children = make(map[string]*Entries)
		}
		child = new(Entries)
		g.children[string(key)] = child
	}
	return child
}
