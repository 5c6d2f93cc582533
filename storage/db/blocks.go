package db

import (
	"bytes"
	"cmp"
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
	return db.body(block, header.Number)
}

// body is that of a block that is there, or was a moment ago.
func (db *DB) body(block hash.H256, n chain.BlockNumber) ([]chain.OpaqueExtrinsic, error) {
	extrinsics, ok, err := record(db.store, hashKey(kindBody, block), scale.Decode[body])
	if err == nil && !ok {
		err = db.bodyPruned(block, n)
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

// Justifications returns those of a block, none where it has none. They are kept where the body is pruned: who follows the chain from afar asks for them.
// ErrUnknownBlock.
func (db *DB) Justifications(block hash.H256) (chain.Justifications, error) {
	if _, err := db.Header(block); err != nil {
		return nil, err
	}
	return db.justifications(block)
}

// justifications are those of a block that is there.
func (db *DB) justifications(block hash.H256) (chain.Justifications, error) {
	js, _, err := record(db.store, hashKey(kindJustifications, block), scale.Decode[chain.Justifications])
	return js, err
}

// SignedBlock returns header, body and justifications of a block, each read once. Errors: ErrUnknownBlock; *PrunedError where the body is not kept.
func (db *DB) SignedBlock(block hash.H256) (chain.SignedBlock, error) {
	var b chain.SignedBlock
	var err error
	if b.Block.Header, err = db.Header(block); err != nil {
		return chain.SignedBlock{}, err
	}
	if b.Block.Extrinsics, err = db.body(block, b.Block.Header.Number); err != nil {
		return chain.SignedBlock{}, err
	}
	js, err := db.justifications(block)
	if err != nil {
		return chain.SignedBlock{}, err
	}
	if js != nil {
		b.Justifications = &js
	}
	return b, nil
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

// Hashes returns the hashes of all blocks at a number, in ascending order: at most one where it is final. ErrUnknownBlock where there is none.
func (db *DB) Hashes(n chain.BlockNumber) ([]hash.H256, error) {
	db.mu.Lock()
	var hashes []hash.H256
	for _, b := range db.tree.at(n) {
		hashes = append(hashes, b.Hash)
	}
	folded := db.folded.Number
	db.mu.Unlock()
	switch {
	case n <= folded:
		h, err := db.Hash(n)
		if err != nil {
			return nil, err
		}
		return []hash.H256{h}, nil
	case hashes == nil:
		return nil, fmt.Errorf("block %d: %w", n, ErrUnknownBlock)
	}
	return hashes, nil
}

// Ancestor returns the block at a number among a block and its ancestors, in the same time at any distance. ErrUnknownBlock, above the block as well.
func (db *DB) Ancestor(block hash.H256, n chain.BlockNumber) (hash.H256, error) {
	db.mu.Lock()
	b := db.tree.get(block)
	if b != nil && n <= b.Number && n > db.folded.Number {
		defer db.mu.Unlock()
		return db.tree.ancestor(b, n).Hash, nil
	}
	db.mu.Unlock()
	at := Point{Hash: block}
	if b != nil {
		at = b.Point
	} else {
		header, err := db.canonical(block)
		if err != nil {
			return hash.H256{}, err
		}
		at.Number = header.Number
	}
	if n > at.Number {
		return hash.H256{}, fmt.Errorf("ancestor %d of %s: %w", n, at, ErrUnknownBlock)
	}
	return db.Hash(n) // it is folded, so that all chains have it
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

// MaxRoute is how many folded blocks a Route may go along. Of others it may have any number.
const MaxRoute = 1 << 16

// Route returns the way between two blocks. It reads no header of a block between them. Errors: ErrUnknownBlock; ErrRoute where it is too long.
func (db *DB) Route(from, to hash.H256) (Route, error) {
	r, err := db.route(from, to)
	if err != nil {
		return Route{}, fmt.Errorf("route from %s to %s: %w", from, to, err)
	}
	return r, nil
}

func (db *DB) route(from, to hash.H256) (r Route, err error) {
	a, err := db.point(from)
	if err != nil {
		return r, err
	}
	b, err := db.point(to)
	if err != nil {
		return r, err
	}
	if err := db.unfoldedRoute(&r, &a, &b); err != nil {
		return r, err
	}
	// What is left is folded, on one chain.
	for _, p := range []Point{a, b} {
		if h, _, err := db.canonicalHash(p.Number); a != b && (err != nil || h != p.Hash) {
			return r, cmp.Or(err, ErrUnknownBlock)
		}
	}
	upper, lower := a, b
	if a.Number < b.Number {
		upper, lower = b, a
	}
	if upper.Number-lower.Number > MaxRoute {
		return r, fmt.Errorf("%w: %d folded blocks, at most %d", ErrRoute, upper.Number-lower.Number, MaxRoute)
	}
	for p := upper; p.Number > lower.Number; {
		if upper == a {
			r.Retracted = append(r.Retracted, p)
		} else {
			r.Enacted = append(r.Enacted, p)
		}
		p.Number--
		if p.Hash, err = db.Hash(p.Number); err != nil {
			return r, err
		}
	}
	r.Common = lower
	slices.Reverse(r.Enacted)
	return r, nil
}

// point returns the number of a block that is there.
func (db *DB) point(block hash.H256) (Point, error) {
	if n := db.block(block); n != nil {
		return n.Point, nil
	}
	header, err := db.canonical(block)
	return Point{header.Number, block}, err
}

// unfoldedRoute moves both ends of a route down until they are one, or folded.
func (db *DB) unfoldedRoute(r *Route, a, b *Point) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	for *a != *b && max(a.Number, b.Number) > db.folded.Number {
		end, way := a, &r.Retracted
		if b.Number > a.Number {
			end, way = b, &r.Enacted
		}
		n := db.tree.get(end.Hash)
		if n == nil { // dropped meanwhile
			return fmt.Errorf("%s: %w", *end, ErrUnknownBlock)
		}
		*way = append(*way, *end)
		*end = Point{n.Number - 1, n.above}
	}
	return nil
}
