package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

// GenesisError: the store is of another chain than the chain spec.
type GenesisError struct {
	Folder         string
	Store, Genesis hash.H256
}

func (e *GenesisError) Error() string {
	return fmt.Sprintf("the store in %q is of another chain: its genesis is %s, the chain spec's is %s", e.Folder, e.Store, e.Genesis)
}

// StoreFolder is where the store is below the folder of a chain.
func StoreFolder(chain string) string { return filepath.Join(chain, "db", "full") }

// KeystoreFolder is where keys are below the folder of a chain.
func KeystoreFolder(chain string) string { return filepath.Join(chain, "keystore") }

// OpenStore opens the store of a chain below folder, or makes it with the genesis block of spec. made is that block where it was made. memory is db.OpenFolder's.
// Errors: *GenesisError; those of package db, and of a genesis that cannot be built.
func OpenStore(ctx context.Context, engine *wasmhost.Engine, spec *chainspec.Spec, folder string, memory int64, o db.Options) (store *db.DB, made *chainspec.Block, err error) {
	version, err := spec.Genesis.Version(ctx, engine)
	if err != nil {
		return nil, nil, fmt.Errorf("genesis of chain %q: %w", spec.ID, err)
	}
	genesis, err := spec.Genesis.Build(trie.Version(version.StateVersion()))
	if err != nil {
		return nil, nil, fmt.Errorf("genesis of chain %q: %w", spec.ID, err)
	}
	dir := StoreFolder(folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	store, err = db.OpenFolder(dir, memory, o)
	if errors.Is(err, db.ErrEmpty) {
		store, err = db.CreateFolder(dir, memory, genesis.Header, genesis.State, o)
		return store, genesis, err
	}
	if err != nil {
		return nil, nil, err
	}
	if store.Genesis() != genesis.Hash {
		err := &GenesisError{dir, store.Genesis(), genesis.Hash}
		return nil, nil, errors.Join(err, store.Close())
	}
	return store, nil, nil
}
