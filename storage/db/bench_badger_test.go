package db

import (
	"github.com/dgraph-io/badger/v4"

	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/badgerdb"
)

func init() {
	benchEngines["badger"] = benchEngine{
		open: func(dir string, memory int64) (kv.DB, error) {
			return badgerdb.Open(dir, badgerdb.Options{Memory: memory})
		},
		bare: func(dir string, memory int64) (bareStore, error) {
			options := badgerdb.BadgerOptions(dir, badgerdb.Options{Memory: memory})
			db, err := badger.Open(options.WithBypassLockGuard(false))
			return bareBadger{db}, err
		},
	}
}

// bareBadger is Badger used as its documentation shows.
type bareBadger struct{ *badger.DB }

func (db bareBadger) Load(batch *kv.Batch) error {
	w := db.NewWriteBatch()
	defer w.Cancel()
	for _, op := range batch.Ops {
		if err := w.Set(op.Key, op.Value); err != nil {
			return err
		}
	}
	return w.Flush()
}

func (db bareBadger) Get(key []byte) (value []byte, err error) {
	err = db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(key)
		if err == nil {
			value, err = item.ValueCopy(nil)
		}
		return err
	})
	return value, err
}
