package db

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

func (db *DB) canonicalHash(n chain.BlockNumber) (hash.H256, bool, error) {
	return record(db.store, numberKey(kindCanonical, n), decodeHash)
}

// Header returns the header of a block. ErrUnknownBlock.
func (db *DB) Header(block hash.H256) (chain.Header, error) {
	db.mu.Lock()
	known := db.tree.get(block) != nil
	db.mu.Unlock()
	if known {
		header, ok, err := record(db.store, hashKey(kindHeader, block), scale.Decode[chain.Header])
		if err != nil || ok {
			return header, err
		}
		// It was dropped between the two looks, or is damaged: then it is not canonical either.
	}
	return db.canonical(block)
}

// canonical returns the header of a finalised block. ErrUnknownBlock for any other: what the header record of a dropped block says is of no account.
func (db *DB) canonical(block hash.H256) (chain.Header, error) {
	header, ok, err := record(db.store, hashKey(kindHeader, block), scale.Decode[chain.Header])
	if err != nil {
		return header, err
	}
	if ok {
		if at, found, err := db.canonicalHash(header.Number); err != nil {
			return chain.Header{}, err
		} else if found && at == block {
			return header, nil
		}
	}
	return chain.Header{}, fmt.Errorf("block %s: %w", block, ErrUnknownBlock)
}

// Body returns the extrinsics of a block. Errors: ErrUnknownBlock; *PrunedError.
func (db *DB) Body(block hash.H256) ([]chain.OpaqueExtrinsic, error) {
	header, err := db.Header(block)
	if err != nil {
		return nil, err
	}
	extrinsics, ok, err := record(db.store, hashKey(kindBody, block), scale.Decode[body])
	if err == nil && !ok {
		err = db.bodyPruned(block, header.Number)
	}
	return extrinsics, err
}

// bodyPruned is why the body of a block that was there is not.
func (db *DB) bodyPruned(block hash.H256, n chain.BlockNumber) error {
	db.mu.Lock()
	oldest := db.pruned.Bodies
	db.mu.Unlock()
	if _, err := db.Header(block); err != nil {
		return err
	}
	return &PrunedError{What: "body", Hash: block, Number: n, Oldest: oldest}
}

// Justifications returns those of a block, none where it has none. Errors: ErrUnknownBlock; *PrunedError.
func (db *DB) Justifications(block hash.H256) (chain.Justifications, error) {
	return db.justifications(block)
}

func (db *DB) justifications(block hash.H256) (chain.Justifications, error) {
	header, err := db.Header(block)
	if err != nil {
		return nil, err
	}
	js, ok, err := record(db.store, hashKey(kindJustifications, block), scale.Decode[chain.Justifications])
	if err != nil || ok {
		return js, err
	}
	db.mu.Lock()
	oldest := db.pruned.Bodies
	db.mu.Unlock()
	if header.Number > 0 && header.Number < oldest {
		return nil, db.bodyPruned(block, header.Number)
	}
	return nil, nil
}

// Hash returns the hash of the block at a number on the best chain. ErrUnknownBlock above its end.
func (db *DB) Hash(n chain.BlockNumber) (hash.H256, error) {
	db.mu.Lock()
	if n > db.head.Finalised.Number {
		defer db.mu.Unlock()
		if n > db.head.Best.Number {
			return hash.H256{}, fmt.Errorf("block %d: %w: the best block is %d", n, ErrUnknownBlock, db.head.Best.Number)
		}
		return db.tree.ancestor(db.tree.get(db.head.Best.Hash), n).Hash, nil
	}
	db.mu.Unlock()
	h, ok, err := db.canonicalHash(n)
	if err == nil && !ok {
		err = corrupt("finalised block %d is missing", n)
	}
	return h, err
}

// Hashes returns the hashes of all blocks at a number, in ascending order: at most one where it is final.
func (db *DB) Hashes(n chain.BlockNumber) ([]hash.H256, error) {
	db.mu.Lock()
	list := db.tree.list(func(other *node) bool { return other.Number == n })
	folded := db.folded.Number
	db.mu.Unlock()
	if n <= folded {
		h, err := db.Hash(n)
		return []hash.H256{h}, err
	}
	var hashes []hash.H256
	for _, b := range list {
		hashes = append(hashes, b.Hash)
	}
	return hashes, nil
}

// Leaves returns the blocks without children, the highest first, those of one height by their hash.
func (db *DB) Leaves() []Point {
	db.mu.Lock()
	defer db.mu.Unlock()
	var leaves []Point
	for _, n := range db.tree.list(func(n *node) bool { return n.kids == 0 }) {
		leaves = append(leaves, n.Point)
	}
	if leaves == nil {
		return []Point{db.folded}
	}
	slices.SortFunc(leaves, func(a, b Point) int {
		if a.Number != b.Number {
			return int(int64(b.Number) - int64(a.Number))
		}
		return bytes.Compare(a.Hash[:], b.Hash[:])
	})
	return leaves
}

// Route is the way from one block to another: back along Retracted, the block to start from first, to Common, and forward along Enacted, the block
// to arrive at last.
type Route struct {
	Retracted []Point
	Common    Point
	Enacted   []Point
}

// Route returns the way between two blocks. ErrUnknownBlock.
func (db *DB) Route(from, to hash.H256) (Route, error) {
	var r Route
	fail := func(err error) (Route, error) { return Route{}, fmt.Errorf("route from %s to %s: %w", from, to, err) }
	a, err := db.Header(from)
	if err != nil {
		return fail(err)
	}
	b, err := db.Header(to)
	if err != nil {
		return fail(err)
	}
	for from != to {
		back, forward := a.Number >= b.Number, b.Number >= a.Number
		if back {
			r.Retracted = append(r.Retracted, Point{a.Number, from})
			from = a.ParentHash
			if a, err = db.Header(from); err != nil {
				return fail(err)
			}
		}
		if forward {
			r.Enacted = append(r.Enacted, Point{b.Number, to})
			to = b.ParentHash
			if b, err = db.Header(to); err != nil {
				return fail(err)
			}
		}
	}
	r.Common = Point{a.Number, from}
	slices.Reverse(r.Enacted)
	return r, nil
}
