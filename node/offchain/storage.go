package offchain

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/wasmhost"
)

// Kinds of local storage.
const (
	persistent = 1
	local      = 2
)

type localStorage struct {
	store *db.DB
	log   *slog.Logger
}

// NewLocalStorage returns the local storage of a node as runtimes see it. What the store refuses, a key that is too long for it say, is logged and dropped: the
// Host API has no way to tell the guest.
func NewLocalStorage(store *db.DB, log *slog.Logger) wasmhost.OffchainDB {
	return &localStorage{store, logger(log).With("target", target+"::storage")}
}

// has tells whether there is such a storage. wasmhost lets no other kind through than the two.
func (l *localStorage) has(kind uint32) bool {
	if kind != persistent {
		l.log.Error(`The "LOCAL (fork-aware) DB" API is not available for offchain workers yet. Follow https://github.com/paritytech/substrate/issues/1458 for details`)
	}
	return kind == persistent
}

func (l *localStorage) check(err error) {
	if err != nil {
		l.log.Error(err.Error())
	}
}

func (l *localStorage) Set(kind uint32, key, value []byte) {
	if l.has(kind) {
		l.check(l.store.SetOffchain(db.OffchainPersistent, key, bytes.Clone(value)))
	}
}

func (l *localStorage) Clear(kind uint32, key []byte) {
	if l.has(kind) {
		l.check(l.store.DeleteOffchain(db.OffchainPersistent, key))
	}
}

func (l *localStorage) CompareAndSet(kind uint32, key, old []byte, hasOld bool, value []byte) bool {
	if !l.has(kind) {
		return false
	}
	if !hasOld {
		old = nil
	} else if old == nil {
		old = []byte{}
	}
	set, err := l.store.CompareAndSetOffchain(db.OffchainPersistent, key, old, bytes.Clone(value))
	l.check(err)
	return set && err == nil
}

func (l *localStorage) Get(kind uint32, key []byte) ([]byte, bool) {
	if !l.has(kind) {
		return nil, false
	}
	value, ok, err := l.store.Offchain(db.OffchainPersistent, key)
	l.check(err)
	return value, ok && err == nil
}

type transactions struct {
	ctx    context.Context
	submit func(context.Context, chain.OpaqueExtrinsic) (hash.H256, error)
	log    *slog.Logger
}

// NewTransactions returns the transaction pool as a runtime sees it in one call, whose context ctx is.
func NewTransactions(ctx context.Context, submit func(context.Context, chain.OpaqueExtrinsic) (hash.H256, error), log *slog.Logger) wasmhost.TransactionPool {
	return &transactions{ctx, submit, logger(log).With("target", target)}
}

func (t *transactions) SubmitTransaction(encoded []byte) bool {
	d := scale.NewDecoder(encoded)
	extrinsic := chain.OpaqueExtrinsic(d.Bytes())
	if err := d.Err(); err != nil {
		t.log.Error(fmt.Sprintf("Unable to decode extrinsic: 0x%x: %v", shorten(encoded), err))
		return false
	}
	if _, err := t.submit(t.ctx, extrinsic); err != nil {
		t.log.Debug(fmt.Sprintf("Unable to submit transaction: %v", err))
		return false
	}
	return true
}

func shorten(b []byte) []byte { return b[:min(len(b), 100)] }
