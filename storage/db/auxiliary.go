package db

import (
	"fmt"

	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/kv"
)

// Aux returns the value at a key of the auxiliary storage: what consensus keeps beside the blocks, as GRANDPA its sets of authorities and its votes. The keys
// are those who write choose; each engine begins its own with a name. It is Substrate's AuxStore (sc-client-api, backend.rs, paritytech/polkadot-sdk).
func (db *DB) Aux(key []byte) ([]byte, bool, error) {
	value, ok, err := db.store.Get(auxKey(key))
	if err != nil {
		return nil, false, fmt.Errorf("read aux key 0x%x: %w", key, err)
	}
	return value, ok, nil
}

// SetAux writes to the auxiliary storage: all of the changes or none, and of several to a key the last one counts. When it returns, they are there whatever
// happens to the machine, so that a voter who votes after that does not vote otherwise when he comes again. What goes with a block is written with it: Block.Aux, Finalise.
func (db *DB) SetAux(changes []storage.Change) error {
	db.writing.Lock()
	defer db.writing.Unlock()
	var batch kv.Batch
	setAux(&batch, changes)
	if err := db.write(&batch, true); err != nil {
		return fmt.Errorf("write %d aux keys: %w", len(changes), err)
	}
	return nil
}

func setAux(batch *kv.Batch, changes []storage.Change) {
	for _, c := range changes {
		if c.Delete {
			batch.Delete(auxKey(c.Key))
		} else {
			batch.Set(auxKey(c.Key), c.Value)
		}
	}
}
