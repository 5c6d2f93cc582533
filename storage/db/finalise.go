package db

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/kv"
)

// Moved is what Finalise or Revert did.
type Moved struct {
	Head Head // since then
	// Finalised are the blocks that became final, the oldest first.
	Finalised []Point
	// Dropped are the blocks that are no more, on all forks, the lowest first, those of one height by their hash.
	Dropped []Point
	// Retracted are those of Dropped that were on the best chain, from the best block down, as Route has them. They come with their bodies, since they cannot be
	// asked for any more, and their extrinsics may be wanted on another fork. Who wants those of other forks reads them before. Where Import or SetBest leave a
	// chain, nothing is dropped: Route says which blocks those are, and Body what is in them.
	Retracted []Retracted
}

// Retracted is a block that was on the best chain, and was dropped.
type Retracted struct {
	Point
	Body []chain.OpaqueExtrinsic
}

// Finalise makes a block final, with all its ancestors, and drops the blocks that are neither of these nor descend from it. When it returns, that
// holds whatever happens to the machine. Diffs go into the finalised state in the background. Where the best block is dropped, the highest
// remaining becomes the best one, of several the one with the least hash. justification, unless nil, is kept with the block, and aux is written to the auxiliary
// storage, both in the same atomic write; for a block that is final already that is all that happens.
// Errors: ErrUnknownBlock, also for a block that was dropped because a rival is final; ErrJustification; kv.ErrCorrupt where a body of Moved cannot be read, and then
// nothing has changed.
func (db *DB) Finalise(block hash.H256, justification *chain.Justification, aux ...storage.Change) (Moved, error) {
	moved, err := db.finalise(block, justification, aux)
	if err != nil {
		return Moved{}, fmt.Errorf("finalise block %s: %w", block, err)
	}
	return moved, nil
}

func (db *DB) finalise(block hash.H256, justification *chain.Justification, aux []storage.Change) (Moved, error) {
	db.writing.Lock()
	defer db.writing.Unlock()
	if _, err := db.Header(block); err != nil {
		return Moved{}, err
	}
	var batch kv.Batch
	if justification != nil {
		if err := db.addJustification(&batch, block, *justification); err != nil {
			return Moved{}, err
		}
	}
	setAux(&batch, aux)
	db.mu.Lock()
	head := db.head
	n := db.tree.get(block)
	former := db.tree.get(head.Best.Hash)
	var line, dead []*node
	if n != nil && n.Number > head.Finalised.Number {
		for a := n; a != nil && a.Number > head.Finalised.Number; a = db.tree.get(a.above) {
			line = append(line, a)
		}
		dead = db.tree.list(func(other *node) bool {
			return other.Number > head.Finalised.Number && !db.tree.descends(other, n) && !db.tree.descends(n, other)
		})
		if former == nil || !db.tree.descends(former, n) {
			head.Best = highest(db.tree.list(func(other *node) bool { return db.tree.descends(other, n) }))
		}
	}
	db.mu.Unlock()
	if line == nil {
		if len(batch.Ops) == 0 {
			return Moved{Head: head}, nil
		}
		return Moved{Head: head}, db.write(&batch, true)
	}

	head.Finalised = n.Point
	moved, err := db.moved(head, line, dead, former)
	if err != nil {
		return Moved{}, err
	}
	for _, a := range line {
		batch.Set(numberKey(kindCanonical, a.Number), bytesOf(a.Hash))
	}
	db.dying(&batch, dead)
	batch.Set(keyHead, scale.Marshal(head))
	if err := db.write(&batch, true); err != nil {
		return Moved{}, err
	}
	db.buried(dead, head)
	return moved, nil
}

// moved tells what will have been done, and reads what will not be there: line becomes final, the newest first, dead is dropped, and former was the best
// block, nil where it is folded. writing is held.
func (db *DB) moved(head Head, line, dead []*node, former *node) (Moved, error) {
	m := Moved{Head: head}
	for _, n := range slices.Backward(line) {
		m.Finalised = append(m.Finalised, n.Point)
	}
	for _, n := range dead {
		m.Dropped = append(m.Dropped, n.Point)
	}
	if former == nil {
		return m, nil
	}
	for _, n := range slices.Backward(dead) {
		db.mu.Lock()
		best := db.tree.descends(former, n)
		db.mu.Unlock()
		if !best {
			continue
		}
		extrinsics, err := must(db.store, hashKey(kindBody, n.Hash), scale.Decode[body])
		if err != nil {
			return Moved{}, fmt.Errorf("body of dropped %s: %w", n.Point, err)
		}
		m.Retracted = append(m.Retracted, Retracted{n.Point, extrinsics})
	}
	return m, nil
}

func bytesOf(h hash.H256) []byte { return h[:] }

// highest returns the block of a list that is the highest, of several the one with the least hash; the list is sorted.
func highest(list []*node) Point {
	i := slices.IndexFunc(list, func(n *node) bool { return n.Number == list[len(list)-1].Number })
	return list[i].Point
}

// addJustification adds to the justifications of a block that is there: at most one of an engine, as in Substrate.
func (db *DB) addJustification(batch *kv.Batch, block hash.H256, j chain.Justification) error {
	have, err := db.justifications(block)
	if err != nil {
		return err
	}
	if data, ok := have.Of(j.Engine); ok {
		if !bytes.Equal(data, j.Data) {
			return fmt.Errorf("%w %q", ErrJustification, j.Engine[:])
		}
		return nil
	}
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
	chunks uint32 // 0 where a part of the journal was taken away
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
	if err := db.takeAway(d); err != nil {
		return false, fmt.Errorf("take away records of block %s: %w", d.hash, err)
	}
	db.mu.Lock()
	db.dead = db.dead[1:]
	db.mu.Unlock()
	return true, nil
}

// takeAway deletes the journal that is there, whatever the records say of its length, and then the rest. Where that takes more than one write, the record says from the first on
// that there is no journal: what is left of it cannot be read.
func (db *DB) takeAway(d deadBlock) error {
	var batch kv.Batch
	it := db.store.Iterator(hashKey(kindJournal, d.hash))
	defer it.Close()
	size := 0
	for it.Next() {
		if size > db.options.write {
			batch.Set(hashKey(kindDying, d.hash), scale.Marshal(dying{Folded: d.folded}))
			if err := db.write(&batch, false); err != nil {
				return err
			}
			batch, size = kv.Batch{}, 0
			db.mu.Lock()
			i := slices.IndexFunc(db.dead, func(other deadBlock) bool { return other.hash == d.hash })
			db.dead[i].chunks = 0
			db.mu.Unlock()
		}
		batch.Delete(bytes.Clone(it.Key()))
		size += len(it.Key())
	}
	if err := it.Err(); err != nil {
		return err
	}
	kinds := []byte{kindDying, kindHeader, kindBody, kindJustifications}
	if d.folded {
		kinds = kinds[:1]
	}
	for _, kind := range kinds {
		batch.Delete(hashKey(kind, d.hash))
	}
	if err := db.write(&batch, false); err != nil {
		return err
	}
	if d.layer != nil {
		db.layers.drop(d.layer)
	}
	return nil
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
