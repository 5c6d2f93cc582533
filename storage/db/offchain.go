package db

import (
	"bytes"
	"fmt"

	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/kv"
)

// OffchainPersistent is the prefix of what offchain workers keep for good, and of what runtimes index (ext_offchain_index_*): they share keys.
// Source: sp_core offchain, STORAGE_PREFIX.
var OffchainPersistent = []byte("storage")

// Offchain returns the value at a key of the offchain storage under prefix.
func (db *DB) Offchain(prefix, key []byte) ([]byte, bool, error) {
	value, ok, err := db.store.Get(offchainKey(prefix, key))
	if err != nil {
		return nil, false, fmt.Errorf("read offchain key 0x%x: %w", key, err)
	}
	return value, ok, nil
}

// SetOffchain sets a key of the offchain storage. A crash may lose it until the next block is imported; it is never half there.
func (db *DB) SetOffchain(prefix, key, value []byte) error {
	return db.changeOffchain(offchainKey(prefix, key), storage.Change{Value: value})
}

// DeleteOffchain deletes a key of the offchain storage, as SetOffchain sets it.
func (db *DB) DeleteOffchain(prefix, key []byte) error {
	return db.changeOffchain(offchainKey(prefix, key), storage.Change{Delete: true})
}

// CompareAndSetOffchain sets a key of the offchain storage where it has the value old, a nil old standing for none, and tells whether that was so.
func (db *DB) CompareAndSetOffchain(prefix, key, old, value []byte) (bool, error) {
	db.writing.Lock()
	defer db.writing.Unlock()
	at := offchainKey(prefix, key)
	have, ok, err := db.Offchain(prefix, key)
	if err != nil || ok != (old != nil) || !bytes.Equal(have, old) {
		return false, err
	}
	return true, db.writeOffchain(at, storage.Change{Value: value})
}

func (db *DB) changeOffchain(at []byte, c storage.Change) error {
	db.writing.Lock()
	defer db.writing.Unlock()
	return db.writeOffchain(at, c)
}

// writeOffchain sets or deletes a key of the store; writing is held.
func (db *DB) writeOffchain(at []byte, c storage.Change) error {
	var batch kv.Batch
	setOffchain(&batch, at, c)
	if err := db.write(&batch, false); err != nil {
		return fmt.Errorf("write offchain key 0x%x: %w", at[1:], err)
	}
	return nil
}

func setOffchain(batch *kv.Batch, at []byte, c storage.Change) {
	if c.Delete {
		batch.Delete(at)
	} else {
		batch.Set(at, c.Value)
	}
}
