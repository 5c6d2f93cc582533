package chainspec

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

// codeKey holds the runtime.
var codeKey = []byte(":code")

// Genesis is the state before the first block: as raw entries, as what a runtime makes them from, or by its root alone.
type Genesis struct {
	// Top are the entries of the top trie. The roots of child tries are not among them.
	Top Entries
	// StateRoot is set where the spec gives no entries but the root of the state.
	StateRoot *hash.H256
	// Plain is set where the entries are still to be made: see [Genesis.MakeRaw].
	Plain *Plain

	children map[string]*Entries
}

// Plain is a genesis in the plain form: a runtime, and the configuration from which it makes the entries. Patch says that the configuration is to be merged into
// the runtime's default one, as [Builder.Patch] does.
type Plain struct {
	Code   []byte
	Config json.RawMessage
	Patch  bool
}

// MakeRaw brings a plain genesis into the raw form, by its own runtime; one in another form it leaves as it is. Errors: [ErrNoCode], those of [NewBuilder],
// [Builder.Config] and [Builder.Patch].
func (g *Genesis) MakeRaw(ctx context.Context, engine *wasmhost.Engine) error {
	if g.Plain == nil {
		return nil
	}
	code, err := g.Code()
	if err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	b, err := NewBuilder(ctx, engine, code)
	if err != nil {
		return err
	}
	build := b.Config
	if g.Plain.Patch {
		build = b.Patch
	}
	raw, err := build(ctx, g.Plain.Config)
	if err != nil {
		return err
	}
	*g = *raw
	return nil
}

// Block is block 0.
type Block struct {
	Header chain.Header
	Hash   hash.H256
	State  storage.State // after the block; nil where the spec gives no state
}

// Child returns the entries of the default child trie with that storage key (without ":child_storage:default:"), to read and to change.
func (g *Genesis) Child(key []byte) *Entries {
	child, ok := g.children[string(key)]
	if !ok {
		if g.children == nil {
			g.children = make(map[string]*Entries)
		}
		child = new(Entries)
		g.children[string(key)] = child
	}
	return child
}

// Code returns the runtime: Wasm, or compressed Wasm. Errors: [ErrNoState], [ErrNoCode].
func (g *Genesis) Code() ([]byte, error) {
	if g.StateRoot != nil {
		return nil, ErrNoState
	}
	if g.Plain != nil && len(g.Plain.Code) > 0 {
		return g.Plain.Code, nil
	}
	code, ok := g.Top.Get(codeKey)
	if !ok {
		return nil, ErrNoCode
	}
	return code, nil
}

// Changes returns the entries as changes of an empty state, in the order that package storage asks for: none for a plain genesis.
func (g *Genesis) Changes() *storage.Changes {
	changes := &storage.Changes{Top: g.Top.changes()}
	for _, key := range slices.Sorted(maps.Keys(g.children)) {
		if child := g.children[key]; child.Len() > 0 {
			changes.Child = append(changes.Child, storage.ChildChanges{Child: []byte(key), Changes: child.changes()})
		}
	}
	return changes
}

// Build makes block 0 with its state in memory, values written under version: that of the genesis runtime, see [Genesis.Version].
// Errors: [ErrNoState]; [ErrPlainGenesis] where [Genesis.MakeRaw] was not called; [storage.ErrChildKey] where a caller set a key of a child trie in Top.
func (g *Genesis) Build(version trie.Version) (*Block, error) {
	if g.Plain != nil {
		return nil, fmt.Errorf("genesis: %w", ErrPlainGenesis)
	}
	if g.StateRoot != nil {
		return nil, fmt.Errorf("genesis: %w", ErrNoState)
	}
	state, err := storage.NewMemoryState(g.Changes(), version)
	if err != nil {
		return nil, fmt.Errorf("genesis state: %w", err)
	}
	block := newBlock(state.Root())
	block.State = state
	return block, nil
}

// HeaderOnly makes block 0 of a spec that gives the genesis state by its root; ok is false where it gives entries.
func (g *Genesis) HeaderOnly() (block *Block, ok bool) {
	if g.StateRoot == nil {
		return nil, false
	}
	return newBlock(*g.StateRoot), true
}

// newBlock makes the block that every chain begins with: number 0, no parent, no extrinsics, no digest.
// Source: polkadot-sdk, substrate/client/chain-spec/src/genesis_block.rs.
func newBlock(stateRoot hash.H256) *Block {
	header := chain.Header{StateRoot: stateRoot, ExtrinsicsRoot: trie.EmptyRoot}
	return &Block{Header: header, Hash: header.Hash()}
}
