package db

import (
	"bytes"
	"fmt"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/kv"
)

// pruneStep is of how many blocks records are taken away in one write.
const pruneStep = 256

// pruneNext prunes a step and tells whether there was something to prune.
func (db *DB) pruneNext() (bool, error) {
	db.writing.Lock()
	defer db.writing.Unlock()
	db.mu.Lock()
	old, last := db.pruned, db.folded.Number
	db.mu.Unlock()
	next := old
	next.States = boundary(old.States, last, db.options.KeepStates)
	next.Bodies = boundary(old.Bodies, last, db.options.KeepBodies)
	if next != old {
		return true, db.pruneTo(old, next)
	}
	return db.sweep(old)
}

// pruneTo takes away bodies, and says which states are no more: nobody begins to read them from then on.
func (db *DB) pruneTo(old, next pruned) error {
	var batch kv.Batch
	for n := max(old.Bodies, 1); n < next.Bodies; n++ { // genesis has no body to speak of, and clients ask for it
		h, ok, err := db.canonicalHash(n)
		if err == nil && !ok {
			err = corrupt("finalised block %d is missing", n)
		}
		if err != nil {
			return err
		}
		batch.Delete(hashKey(kindBody, h))
	}
	batch.Set(keyPruned, scale.Marshal(next))
	if err := db.write(&batch, false); err != nil {
		return fmt.Errorf("prune states before block %d, bodies before block %d: %w", next.States, next.Bodies, err)
	}
	db.mu.Lock()
	db.pruned = next
	db.mu.Unlock()
	return nil
}

// sweep takes away what the next block overwrote, where no state that is kept or in use is before that block.
func (db *DB) sweep(p pruned) (bool, error) {
	db.mu.Lock()
	limit := db.pins.least(p.States)
	db.mu.Unlock()
	if p.Swept >= limit {
		return false, nil
	}
	p.Swept++
	if err := db.sweepBlock(p); err != nil {
		return false, fmt.Errorf("prune history of block %d: %w", p.Swept, err)
	}
	db.mu.Lock()
	db.pruned = p
	db.mu.Unlock()
	return true, nil
}

func (db *DB) sweepBlock(p pruned) error {
	var batch kv.Batch
	it := db.store.Iterator(numberKey(kindIndex, p.Swept))
	defer it.Close()
	for it.Next() {
		if batch.Size() > db.options.write {
			if err := db.write(&batch, false); err != nil {
				return err
			}
			batch = kv.Batch{}
		}
		index := bytes.Clone(it.Key())
		raw, err := it.Value()
		if err != nil {
			return err
		}
		keys, err := decodeIndex(raw)
		if err != nil {
			return corrupt("index 0x%x: %v", index, err)
		}
		for _, key := range keys {
			batch.Delete(historyKey(key, p.Swept))
		}
		batch.Delete(index)
	}
	if err := it.Err(); err != nil {
		return err
	}
	batch.Set(keyPruned, scale.Marshal(p))
	return db.write(&batch, false)
}

// decodeIndex returns the keys of a chunk of an index. They point into it.
func decodeIndex(chunk []byte) ([][]byte, error) {
	d := scale.NewDecoder(chunk)
	d.SetBudget(len(chunk) * 64) // a key of one byte, the least, takes 24 in memory
	keys := scale.DecodeSeq(d, (*scale.Decoder).View)
	return keys, d.Finish()
}

// boundary returns the next oldest block to keep, at most a step above the present one.
func boundary(oldest, last chain.BlockNumber, keep uint32) chain.BlockNumber {
	if keep == 0 || uint32(last) < keep {
		return oldest
	}
	return max(oldest, min(last-chain.BlockNumber(keep)+1, oldest+pruneStep))
}
