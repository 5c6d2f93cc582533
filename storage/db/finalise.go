package db

import (
	"fmt"
	"slices"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/kv"
)

// Finalise makes a block final, with all its ancestors, and drops the blocks that are neither of these nor descend from it. When it returns, that
// holds whatever happens to the machine. Diffs go into the finalised state in the background. Where the best block is dropped, the highest
// remaining becomes the best one, of several the one with the least hash. justification, unless nil, is kept with the block; for a block that is final
// already that is all that happens.
// Errors: ErrUnknownBlock; ErrFinalised for a block that is not on the finalised chain.
func (db *DB) Finalise(block hash.H256, justification *chain.Justification) error {
	if err := db.finalise(block, justification); err != nil {
		return fmt.Errorf("finalise block %s: %w", block, err)
	}
	return nil
}

func (db *DB) finalise(block hash.H256, justification *chain.Justification) error {
	db.writing.Lock()
	defer db.writing.Unlock()
	var batch kv.Batch
	if justification != nil {
		if err := db.addJustification(&batch, block, *justification); err != nil {
			return err
		}
	}
	db.mu.Lock()
	head := db.head
	n := db.tree.get(block)
	var line, dead []*node
	if n != nil && n.Number > head.Finalised.Number {
		for a := n; a != nil && a.Number > head.Finalised.Number; a = db.tree.get(a.above) {
			line = append(line, a)
		}
		dead = db.tree.list(func(other *node) bool {
			return other.Number > head.Finalised.Number && !db.tree.descends(other, n) && !db.tree.descends(n, other)
		})
		if best := db.tree.get(head.Best.Hash); best == nil || !db.tree.descends(best, n) {
			head.Best = highest(db.tree.list(func(other *node) bool { return db.tree.descends(other, n) }))
		}
	}
	db.mu.Unlock()
	if line == nil {
		if _, err := db.Header(block); err != nil {
			return err
		}
		if len(batch.Ops) == 0 {
			return nil
		}
		return db.write(&batch, true)
	}

	head.Finalised = n.Point
	for _, a := range line {
		batch.Set(numberKey(kindCanonical, a.Number), bytesOf(a.Hash))
	}
	db.dying(&batch, dead)
	batch.Set(keyHead, scale.Marshal(head))
	if err := db.write(&batch, true); err != nil {
		return err
	}
	db.buried(dead, head)
	return nil
}

func bytesOf(h hash.H256) []byte { return h[:] }

// highest returns the block of a list that is the highest, of several the one with the least hash; the list is sorted.
func highest(list []*node) Point {
	i := slices.IndexFunc(list, func(n *node) bool { return n.Number == list[len(list)-1].Number })
	return list[i].Point
}

// addJustification adds to the justifications of a block, in place of the one of the same engine.
func (db *DB) addJustification(batch *kv.Batch, block hash.H256, j chain.Justification) error {
	have, err := db.justifications(block)
	if err != nil {
		return err
	}
	have = slices.DeleteFunc(have, func(other chain.Justification) bool { return other.Engine == j.Engine })
	batch.Set(hashKey(kindJustifications, block), scale.Marshal(append(have, j)))
	return nil
}

// dying makes blocks disappear; reap takes away what is left of them.
func (db *DB) dying(batch *kv.Batch, dead []*node) {
	for _, n := range dead {
		batch.Delete(unfoldedKey(n.Number, n.Hash))
		batch.Set(hashKey(kindDying, n.Hash), scale.Marshal(dying{Chunks: n.layer().chunks()}))
	}
}

// buried takes blocks that dying wrote out of the tree and out of memory, and has reap take away what is left of them.
func (db *DB) buried(dead []*node, head Head) {
	db.mu.Lock()
	db.tree.remove(dead)
	age := db.pins.end()
	for _, n := range dead {
		db.dead = append(db.dead, deadBlock{n.Hash, n.layer().chunks(), false, age, n.layer()})
	}
	db.head = head
	db.mu.Unlock()
	db.folder.wake()
}

// deadBlock is a block of which something is to be taken away once no state in use can read its journal.
type deadBlock struct {
	hash   hash.H256
	chunks uint32
	folded bool
	age    uint64 // of states, in which it left the tree
	layer  *layer // nil where it was dead when the store was opened
}

// reap takes away what is left of a dead block and tells whether there was one. What a crash leaves of the work, the next Open does.
func (db *DB) reap() (bool, error) {
	db.writing.Lock()
	defer db.writing.Unlock()
	db.mu.Lock()
	if len(db.dead) == 0 || !db.pins.over(db.dead[0].age) { // they are in the order of their ages
		db.mu.Unlock()
		return false, nil
	}
	d := db.dead[0]
	db.mu.Unlock()
	kinds := []byte{kindDying, kindHeader, kindBody, kindJustifications}
	if d.folded {
		kinds = kinds[:1]
	}
	var batch kv.Batch
	for _, kind := range kinds {
		batch.Delete(hashKey(kind, d.hash))
	}
	for c := range d.chunks {
		batch.Delete(journalKey(d.hash, c))
	}
	if err := db.write(&batch, false); err != nil {
		return false, fmt.Errorf("take away records of block %s: %w", d.hash, err)
	}
	db.mu.Lock()
	db.dead = db.dead[1:]
	db.mu.Unlock()
	if d.layer != nil {
		db.layers.drop(d.layer)
	}
	return true, nil
}

// loadDead finds what a crash or a close left to be taken away.
func (db *DB) loadDead() error {
	it := db.store.Iterator([]byte{kindDying})
	defer it.Close()
	for it.Next() {
		raw, err := it.Value()
		if err != nil {
			return err
		}
		x, err := scale.UnmarshalFunc(raw, scale.Decode[dying])
		if err != nil || len(it.Key()) != 1+32 {
			return corrupt("record 0x%x of a dropped block: %v", it.Key(), err)
		}
		db.dead = append(db.dead, deadBlock{hash: hash.H256(it.Key()[1:]), chunks: x.Chunks, folded: x.Folded})
	}
	return it.Err()
}
