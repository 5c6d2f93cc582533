package db

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/kv"
)

// Choice says whether an imported block becomes the best one.
type Choice uint8

// Choices.
const (
	Longest Choice = iota // where its number is greater than that of the best block
	Best                  // in any case
	NotBest
)

// Block is a block to import, with what its execution left behind.
type Block struct {
	Header         chain.Header
	Body           []chain.OpaqueExtrinsic
	Justifications chain.Justifications
	// Changes are those of Overlay.Finish, offchain writes included. Their slices are kept and must not be changed.
	Changes *storage.Changes
	// State is what Overlay.Finish returned: a *storage.TrieState that was derived from the parent's state in the store, which must not be closed
	// before Import returns, or from one with the same root.
	State  storage.State
	Choice Choice
	// Aux is written to the auxiliary storage with the block, as SetAux does it. It stays where the block is dropped.
	Aux []storage.Change
}

// Import stores a block whose parent is the last finalised block or descends from it. When it returns, block and state are there, whatever
// happens to the machine; before, nothing is. It returns the block's hash.
// Errors: ErrKnownBlock; ErrUnknownBlock for the parent; ErrFinalised where the parent is below the last finalised block; ErrBlock where number, root or kind of state do not fit.
func (db *DB) Import(b *Block) (hash.H256, error) {
	at := Point{b.Header.Number, b.Header.Hash()}
	if err := db.importBlock(b, at); err != nil {
		return at.Hash, fmt.Errorf("import %s: %w", at, err)
	}
	return at.Hash, nil
}

func (db *DB) importBlock(b *Block, at Point) error {
	tries, ok := b.State.(*storage.TrieState)
	if !ok || b.Changes == nil {
		return fmt.Errorf("%w: its state is a %T, its changes %p", ErrBlock, b.State, b.Changes)
	}
	if root := tries.Root(); root != b.Header.StateRoot {
		return fmt.Errorf("%w: the state has root %s, the header %s", ErrBlock, root, b.Header.StateRoot)
	}
	if err := db.importable(b, at); err != nil {
		if _, known := db.canonical(at.Hash); errors.Is(err, ErrFinalised) && known == nil {
			return ErrKnownBlock
		}
		return err
	}
	parent, err := db.State(b.Header.ParentHash)
	if err != nil {
		return fmt.Errorf("parent: %w", err)
	}
	defer parent.Close()
	ops, err := diffOps(parent.tries(), tries, b.Changes)
	if err != nil {
		return fmt.Errorf("difference from the parent's state: %w", err)
	}
	parts := splitJournal(ops, db.options.chunk)
	l := newLayer(at.Hash, ops, firstsOf(parts))

	db.writing.Lock()
	defer db.writing.Unlock()
	if err := db.importable(b, at); err != nil { // what it answered before may have changed
		return err
	}
	head := db.Head()
	if b.Choice == Best || b.Choice == Longest && at.Number > head.Best.Number {
		head.Best = at
	}
	// Of an earlier life of the block the journal may still be there, and be read by states. It leads from the same state to the same state, and goes on.
	earlier := slices.IndexFunc(db.dead, func(d deadBlock) bool { return d.hash == at.Hash })
	held := earlier >= 0 && db.dead[earlier].layer != nil
	if earlier >= 0 && db.dead[earlier].chunks == 0 { // a part of the journal is gone
		if err := db.takeAway(db.dead[earlier]); err != nil {
			return err
		}
		db.mu.Lock()
		db.dead = slices.Delete(db.dead, earlier, earlier+1)
		db.mu.Unlock()
		earlier, held = -1, false
	}
	if held {
		l, parts = db.dead[earlier].layer, nil
	} else if earlier >= 0 {
		if l, err = loadLayer(db.store, at.Hash, db.dead[earlier].chunks); err != nil {
			return err
		}
		parts = nil
	}
	u := unfolded{Parent: b.Header.ParentHash, Root: b.Header.StateRoot, Chunks: l.chunks()}
	if err := db.writeBlock(b, at, u, parts, head); err != nil {
		return err
	}
	db.mu.Lock()
	db.tree.add(at, u.Parent, u.Root, l)
	db.head = head
	if earlier >= 0 {
		db.dead = slices.Delete(db.dead, earlier, earlier+1)
	}
	db.mu.Unlock()
	if !held {
		db.layers.keep(l)
	}
	return nil
}

// importable tells whether a block fits on the blocks that are there.
func (db *DB) importable(b *Block, at Point) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	final := db.head.Finalised
	if db.tree.get(at.Hash) != nil || at == final || at == db.folded {
		return ErrKnownBlock
	}
	parent := final
	if b.Header.ParentHash != final.Hash {
		n := db.tree.get(b.Header.ParentHash)
		if n == nil || n.Number < final.Number {
			if at.Number <= final.Number {
				return fmt.Errorf("%w: final is %s", ErrFinalised, final)
			}
			return fmt.Errorf("parent %s: %w", b.Header.ParentHash, ErrUnknownBlock)
		}
		parent = n.Point
	}
	if at.Number != parent.Number+1 {
		return fmt.Errorf("%w: its number is %d, its parent's %d", ErrBlock, at.Number, parent.Number)
	}
	return nil
}

// writeBlock writes a block in one atomic write. Without parts, its journal is there.
func (db *DB) writeBlock(b *Block, at Point, u unfolded, parts [][]kv.Op, head Head) error {
	var batch kv.Batch
	batch.Set(hashKey(kindHeader, at.Hash), scale.Marshal(b.Header))
	batch.Set(hashKey(kindBody, at.Hash), scale.Marshal(body(b.Body)))
	if len(b.Justifications) > 0 {
		batch.Set(hashKey(kindJustifications, at.Hash), scale.Marshal(b.Justifications))
	} else {
		batch.Delete(hashKey(kindJustifications, at.Hash))
	}
	for i, part := range parts {
		batch.Set(journalKey(at.Hash, uint32(i)), encodeChunk(part))
	}
	batch.Delete(hashKey(kindDying, at.Hash))
	batch.Set(unfoldedKey(at.Number, at.Hash), scale.Marshal(u))
	for _, c := range b.Changes.Offchain {
		setOffchain(&batch, offchainKey(OffchainPersistent, c.Key), c)
	}
	setAux(&batch, b.Aux)
	batch.Set(keyHead, scale.Marshal(head))
	return db.write(&batch, true)
}

// SetBest makes a block the best one: the last finalised block, or one that descends from it. Errors: ErrUnknownBlock; ErrFinalised for one below it.
func (db *DB) SetBest(block hash.H256) error {
	db.writing.Lock()
	defer db.writing.Unlock()
	db.mu.Lock()
	head := db.head
	n := db.tree.get(block)
	db.mu.Unlock()
	switch {
	case block == head.Finalised.Hash:
		head.Best = head.Finalised
	case n == nil:
		header, err := db.canonical(block)
		if err == nil {
			err = fmt.Errorf("%w: it is block %d, final is %s", ErrFinalised, header.Number, head.Finalised)
		}
		return fmt.Errorf("best block %s: %w", block, err)
	case n.Number <= head.Finalised.Number:
		return fmt.Errorf("best %s: %w: final is %s", n.Point, ErrFinalised, head.Finalised)
	default:
		head.Best = n.Point
	}
	if err := db.setHead(head); err != nil {
		return fmt.Errorf("best %s: %w", head.Best, err)
	}
	return nil
}

func (db *DB) setHead(head Head) error {
	var batch kv.Batch
	batch.Set(keyHead, scale.Marshal(head))
	if err := db.write(&batch, true); err != nil {
		return err
	}
	db.mu.Lock()
	db.head = head
	db.mu.Unlock()
	return nil
}
