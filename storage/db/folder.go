package db

import (
	"context"
	"fmt"
	"io"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/badgerdb"
)

// Bounds of the memory that a store in a folder takes.
const (
	// DefaultMemory stands for 0.
	DefaultMemory = 1 << 30
	// MinMemory is the least, whole MiB.
	MinMemory = (badgerdb.MinMemory*4/3 + 1<<20 - 1) >> 20 << 20
)

// divide is how the one bound is divided, and the only place that does it: twelve sixteenths for the engine, which needs the most to compact without holding
// up writes; three for the diffs of blocks that are not folded; one for the cache of trie nodes.
func divide(memory int64, o Options) (badgerdb.Options, Options, error) {
	if memory == 0 {
		memory = DefaultMemory
	}
	if memory < MinMemory {
		return badgerdb.Options{}, o, fmt.Errorf("memory of %d bytes: at least %d MiB are needed", memory, MinMemory>>20)
	}
	o.LayerMemory = int(memory * 3 / 16)
	o.NodeMemory = int(memory / 16)
	return badgerdb.Options{Memory: memory * 12 / 16}, o, nil
}

// OpenFolder opens the store in a folder. memory bounds what it holds of memory, in bytes: 0 for DefaultMemory, at least MinMemory. It is divided here, and
// o's own bounds are not looked at; what the garbage collector has not collected yet comes on top, as package badgerdb says.
//
// What it refuses it does not change. Errors: those of badgerdb.Open and of Open; ErrEmpty where there is no store; ErrRestore.
func OpenFolder(dir string, memory int64, o Options) (*DB, error) {
	engine, o, err := divide(memory, o)
	if err != nil {
		return nil, fmt.Errorf("open store in %q: %w", dir, err)
	}
	exists, err := badgerdb.Exists(dir)
	if err != nil {
		return nil, err
	}
	if !exists {
		return nil, fmt.Errorf("open store in %q: %w: create one from the chain's spec, or restore a backup", dir, ErrEmpty)
	}
	return open(dir, engine, func(store kv.DB) (*DB, error) { return Open(store, o) })
}

// CreateFolder makes a store with block 0 in a folder that does not exist or is empty, as Create does. It completes what an earlier one for the same block did
// not, and refuses what was begun for another. memory is OpenFolder's. Errors: those of badgerdb.Open and of Create; ErrRestore.
func CreateFolder(dir string, memory int64, header chain.Header, state storage.State, o Options) (*DB, error) {
	engine, o, err := divide(memory, o)
	if err != nil {
		return nil, fmt.Errorf("create store in %q: %w", dir, err)
	}
	return open(dir, engine, func(store kv.DB) (*DB, error) { return Create(store, header, state, o) })
}

// open opens the engine in a folder, and what is on it.
func open(dir string, engine badgerdb.Options, then func(kv.DB) (*DB, error)) (*DB, error) {
	store, err := badgerdb.Open(dir, engine)
	if err != nil {
		return nil, err // it names the folder
	}
	db, err := then(store)
	if err != nil {
		store.Close() // what came first is what counts
		return nil, fmt.Errorf("folder %q: %w", dir, err)
	}
	return db, nil
}

// RestoreFolder is Restore into a folder that does not exist or is empty. memory is OpenFolder's. A folder that an interrupted restore left is refused by
// OpenFolder with ErrRestore, and by RestoreFolder as any that is not empty: it is to be deleted.
func RestoreFolder(ctx context.Context, r io.Reader, dir string, memory int64, progress func(Count)) (BackupInfo, error) {
	info, err := restoreFolder(ctx, r, dir, memory, progress)
	if err != nil {
		return BackupInfo{}, fmt.Errorf("restore into %q: %w", dir, err)
	}
	return info, nil
}

func restoreFolder(ctx context.Context, r io.Reader, dir string, memory int64, progress func(Count)) (BackupInfo, error) {
	engine, _, err := divide(memory, Options{})
	if err != nil {
		return BackupInfo{}, err
	}
	exists, err := badgerdb.Exists(dir)
	if err == nil && exists {
		err = fmt.Errorf("%w: restore into another folder, or delete this one before", ErrExists)
	}
	if err != nil {
		return BackupInfo{}, err
	}
	b, err := openBackup(r)
	if err != nil {
		return BackupInfo{}, err
	}
	store, err := badgerdb.Open(dir, engine)
	if err != nil {
		return BackupInfo{}, err
	}
	if err := b.restore(ctx, store, progress); err != nil {
		store.Close() // what came first is what counts
		return BackupInfo{}, err
	}
	return b.info, store.Close()
}
