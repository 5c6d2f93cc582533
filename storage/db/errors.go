package db

import (
	"errors"
	"fmt"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
)

// Errors that callers may match with errors.Is. Others come from the key-value store: kv.ErrCorrupt, kv.ErrFull and so on.
var (
	// ErrUnknownBlock: no block of that hash or number is in the store, or its fork was dropped.
	ErrUnknownBlock = errors.New("unknown block")
	// ErrPruned: the block is known, what was asked for is not kept any more. *PrunedError wraps it.
	ErrPruned = errors.New("pruned")
	// ErrKnownBlock: the block is there already.
	ErrKnownBlock = errors.New("block is in the store already")
	// ErrFinalised: the change goes against what is final.
	ErrFinalised = errors.New("conflicts with the finalised chain")
	// ErrJustification: the block has another justification of that engine.
	ErrJustification = errors.New("block has another justification of this engine")
	// ErrBlock: header, changes and state do not belong together.
	ErrBlock = errors.New("block does not fit")
	// ErrRoute: the way is longer than MaxRoute.
	ErrRoute = errors.New("route is too long")
	// ErrReleased: the state was used after Close.
	ErrReleased = errors.New("state was released")
	// ErrEmpty: the store has no genesis, or not all of it: Create writes it.
	ErrEmpty = errors.New("store has no genesis")
	// ErrExists: the store has a genesis.
	ErrExists = errors.New("store has a genesis already")
	// ErrForeign: what is in the store was not written by this package.
	ErrForeign = errors.New("not a store of this node")
	// ErrFormat: the store was written in a format that this program does not know.
	ErrFormat = errors.New("unknown format")
	// ErrBroken: a write ended in an error that leaves open whether it is on the disk. Reads go on; the store must be opened again to write.
	ErrBroken = errors.New("store takes no more writes until it is opened again")
)

// PrunedError tells what is still kept.
type PrunedError struct {
	What   string // "state" or "body"
	Hash   hash.H256
	Number chain.BlockNumber
	Oldest chain.BlockNumber // the oldest finalised block of which it is kept
}

func (e *PrunedError) Error() string {
	return fmt.Sprintf("%s of block %d %s: %v: kept from block %d on", e.What, e.Number, e.Hash, ErrPruned, e.Oldest)
}

// Unwrap returns ErrPruned.
func (e *PrunedError) Unwrap() error { return ErrPruned }
