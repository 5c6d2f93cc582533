package localchain

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/runtime-wasm/blob"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/wasmhost"
)

// ErrPreset: the runtime has no preset of that name, or refuses the configuration.
var ErrPreset = errors.New("genesis preset")

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

// Genesis returns block 0 of a network whose runtime is code and whose state is what that writes for one of its presets. Errors: ErrPreset, those of wasmhost.
func Genesis(ctx context.Context, engine *wasmhost.Engine, code []byte, preset string) (*driver.Block, error) {
	rt, err := engine.Load(ctx, code)
	if err != nil {
		return nil, err
	}
	empty, err := storage.NewMemoryState(&storage.Changes{}, trie.V1)
	if err != nil {
		return nil, err
	}
	overlay := storage.NewOverlay(empty)
	call := func(api string, args []byte) (*scale.Decoder, error) {
		answer, err := rt.Call(ctx, &wasmhost.Env{Storage: overlay}, api, args)
		return scale.NewDecoder(answer), err
	}
	d, err := call("GenesisBuilder_get_preset", scale.AppendString([]byte{1}, preset))
	if err != nil {
		return nil, err
	}
	config := scale.DecodeOption(d, (*scale.Decoder).Bytes)
	if err := d.Finish(); err != nil || config == nil {
		return nil, fmt.Errorf("%w: %q is not there, %v", ErrPreset, preset, err)
	}
	if d, err = call("GenesisBuilder_build_state", scale.AppendBytes(nil, *config)); err != nil {
		return nil, err
	}
	if d.U8() != 0 {
		return nil, fmt.Errorf("%w: %q: %s", ErrPreset, preset, d.Text())
	}
	spec := new(chainspec.Genesis)
	for _, change := range overlay.Changes().Top {
		spec.Top.Set(change.Key, change.Value)
	}
	spec.Top.Set([]byte(":code"), code)
	block, err := spec.Build(trie.V1)
	if err != nil {
		return nil, err
	}
	return driver.Genesis(block), nil
}
