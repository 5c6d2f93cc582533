package db

import (
	"fmt"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/kv"
)

// Revert takes back up to n blocks from the best one, never a final one: they are Moved.Retracted, all their bodies at once. The best block is then the parent of the
// last one taken back. Blocks above it go, on every fork: what is left is no longer than the best chain, so that none of it takes over by itself.
// Offchain and auxiliary writes of blocks that go stay.
func (db *DB) Revert(n chain.BlockNumber) (Moved, error) {
	db.writing.Lock()
	defer db.writing.Unlock()
	db.mu.Lock()
	head := db.head
	n = min(n, head.Best.Number-head.Finalised.Number)
	to := head.Finalised
	best := db.tree.get(head.Best.Hash)
	if best != nil && n < head.Best.Number-head.Finalised.Number {
		to = db.tree.ancestor(best, head.Best.Number-n).Point
	}
	dead := db.tree.list(func(other *node) bool { return other.Number > to.Number })
	db.mu.Unlock()
	if n == 0 {
		return Moved{Head: head}, nil
	}
	head.Best = to
	moved, err := db.moved(head, nil, dead, best)
	if err != nil {
		return Moved{}, fmt.Errorf("revert to %s: %w", to, err)
	}
	var batch kv.Batch
	db.dying(&batch, dead)
	batch.Set(keyHead, scale.Marshal(head))
	if err := db.write(&batch, true); err != nil {
		return Moved{}, fmt.Errorf("revert to %s: %w", to, err)
	}
	db.buried(dead, head)
	return moved, nil
}
