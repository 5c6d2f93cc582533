package localchain

import (
	"context"
	"path/filepath"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/runtime-wasm/blob"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/wasmhost"
)

// Flavour says which blob is built.
type Flavour struct {
	Portable bool // without host functions of our own
	Names    bool // with the names of functions, for profiles
}

// Build builds the blob from the module in dir, at the pace that this program was built with. Errors: those of package blob.
func Build(ctx context.Context, dir string, f Flavour) (*blob.Code, error) {
	files, err := runtime.Embed("runtime-wasm/runtime")
	if err != nil {
		return nil, err
	}
	var tags []string
	if runtime.Fast {
		tags = append(tags, "fast")
	}
	if f.Portable {
		tags = append(tags, "portable")
	}
	return blob.Build(ctx, blob.Source{Dir: filepath.Clean(dir), Package: "./runtime-wasm", Tags: tags, Files: files}, blob.Options{Names: f.Names})
}

// Genesis returns block 0 of a network whose runtime is code and whose state is what that writes for one of its presets. Errors: those of
// chainspec.FromPreset.
func Genesis(ctx context.Context, engine *wasmhost.Engine, code []byte, preset string) (*driver.Block, error) {
	spec, err := chainspec.FromPreset(ctx, engine, code, preset)
	if err != nil {
		return nil, err
	}
	block, err := spec.Build(trie.V1)
	if err != nil {
		return nil, err
	}
	return driver.Genesis(block), nil
}
