package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/node"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/wasmhost"
)

// Flags of the chains that the program makes itself.
var (
	runtimeFlag    = &cli.StringFlag{Name: "runtime", Usage: "the runtime that the chains dev and local begin with: `FILE`", DefaultText: "what make runtime built beside the program"}
	fastBlocksFlag = &cli.BoolFlag{Name: "fast-blocks", Usage: "blocks every 250 ms instead of every 12 s on the chains dev and local, by the fast build of the runtime", DisableDefaultText: true}
)

// fastSuffix is what ids and files have in addition where they are of the fast build of the runtime.
const fastSuffix = "_fast"

// localChain is a chain that the program makes itself, from a genesis preset of our runtime. Its id is what --chain calls it, and the name of its folder.
type localChain struct {
	id, kind, preset string
	fast             bool
	seeds            []string // of its authorities
}

// localChains are those at the runtime's usual pace. What they are called, and their properties, are Subtensor's: node/src/chain_spec/localnet.rs
// (opentensor/subtensor).
var localChains = []localChain{
	{id: "dev", kind: "Development", preset: "development", seeds: []string{"//One"}},
	{id: "local", kind: "Local", preset: "local_testnet", seeds: []string{"//One", "//Two", "//Three"}},
}

// localName is what they are called, for people.
const localName = "Bittensor"

// liveChains are the names under which Subtensor's node has specs inside.
var liveChains = []string{"finney", "test_finney", "devnet"}

// lookupLocal returns the chain of that id: "dev", and with fast or as "dev_fast" the one with fast blocks.
func lookupLocal(id string, fast bool) (localChain, bool) {
	name, suffixed := strings.CutSuffix(id, fastSuffix)
	for _, chain := range localChains {
		if chain.id == name {
			if chain.fast = fast || suffixed; chain.fast {
				chain.id += fastSuffix
			}
			return chain, true
		}
	}
	return localChain{}, false
}

// spec returns the chain spec, whose genesis is in the plain form: Genesis.MakeRaw, with an engine that has code compiled by then, makes its state.
func (l localChain) spec(ctx context.Context, engine *wasmhost.Engine, code []byte) (*chainspec.Spec, error) {
	builder, err := chainspec.NewBuilder(ctx, engine, code)
	if err != nil {
		return nil, err
	}
	patch, err := builder.Preset(ctx, l.preset)
	if err != nil {
		return nil, err
	}
	return &chainspec.Spec{
		Name: localName, ID: l.id, ChainType: l.kind, ProtocolID: "bittensor",
		Properties: map[string]json.RawMessage{"ss58Format": json.RawMessage("42"), "tokenDecimals": json.RawMessage("9"), "tokenSymbol": json.RawMessage(`"TAO"`)},
		Genesis:    chainspec.Genesis{Plain: &chainspec.Plain{Code: code, Config: patch, Patch: true}},
	}, nil
}

// runtimeFile is where make runtime puts the runtime of the chain.
func (l localChain) runtimeFile() (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("look for the runtime beside the program: %w", err)
	}
	if followed, err := filepath.EvalSymlinks(program); err == nil {
		program = followed
	}
	name := "gotensor_native"
	if l.fast {
		name += fastSuffix
	}
	return filepath.Join(filepath.Dir(program), name+".compact.compressed.wasm"), nil
}

// code reads the runtime that the chain begins with: from file, or where that is "" from where make runtime puts it.
func (l localChain) code(file string) ([]byte, error) {
	given := file != ""
	if !given {
		var err error
		if file, err = l.runtimeFile(); err != nil {
			return nil, err
		}
	}
	src, err := readSource(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !given:
		return nil, hint(fmt.Errorf("runtime of chain %q: no file %q", l.id, file), "make runtime builds it there; --%s names another file", runtimeFlag.Name)
	case err != nil:
		return nil, fmt.Errorf("runtime of chain %q: %w", l.id, err)
	case src.spec != nil:
		return nil, hint(fmt.Errorf("runtime of chain %q: %q is a chain spec", l.id, file), "--%s takes a chain spec", chainFlag.Name)
	}
	return src.code, nil
}

// specFile is where the raw spec of a chain that the program made itself stays: the next build of the runtime would begin another chain.
func specFile(folder string) string { return filepath.Join(folder, "spec.json") }

// hasStore tells whether a chain was begun in its folder.
func hasStore(folder string) bool {
	files, err := os.ReadDir(node.StoreFolder(folder))
	return err == nil && len(files) > 0
}

// keptSpec returns the spec with which the chain in a folder began, nil where it has not begun, or began without keeping it.
func keptSpec(folder string) (*chainspec.Spec, error) {
	if !hasStore(folder) {
		return nil, nil
	}
	path := specFile(folder)
	spec, err := chainspec.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, hint(err, "it is the spec that the chain in this folder began with; without it, the chain goes on as long as the runtime is that of its genesis")
	}
	return spec, nil
}

// keepSpec writes the spec with which the chain in a folder begins. All of it is on the disk, or what was there before.
func keepSpec(folder string, spec *chainspec.Spec) error {
	path := specFile(folder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	part := path + ".new"
	file, err := os.Create(part)
	if err != nil {
		return err
	}
	err = spec.Write(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keep the chain spec: %w", err), os.Remove(part))
	}
	return nil
}

// readChain returns the spec of the chain that name means: of one that the program makes itself, or of the file of that name. The genesis may be plain.
func readChain(ctx context.Context, c *cli.Context, engine *wasmhost.Engine, name string) (*chainspec.Spec, error) {
	fast, file := c.Bool(fastBlocksFlag.Name), c.String(runtimeFlag.Name)
	if chain, ok := lookupLocal(name, fast); ok {
		code, err := chain.code(file)
		if err != nil {
			return nil, err
		}
		return chain.spec(ctx, engine, code)
	}
	switch {
	case fast:
		return nil, usage(c, "--%s is for the chains dev and local: chain %q has its pace from its runtime", fastBlocksFlag.Name, name)
	case file != "":
		return nil, usage(c, "--%s is for the chains dev and local: chain %q has its runtime in its spec", runtimeFlag.Name, name)
	}
	if info, err := os.Stat(name); err == nil && !info.IsDir() {
		spec, err := chainspec.ReadFile(name)
		if err != nil {
			return nil, specHint(name, err)
		}
		return spec, nil
	}
	for _, live := range liveChains {
		if name == live {
			return nil, hint(fmt.Errorf("chain %q: this release has no spec of a live chain inside", name), "--%s takes the file of its raw spec; no peers are talked to yet", chainFlag.Name)
		}
	}
	return nil, hint(fmt.Errorf("--%s %q: neither a file nor a chain that is known here", chainFlag.Name, name), "chains: dev, local, dev_fast, local_fast, or the file of a chain spec")
}
