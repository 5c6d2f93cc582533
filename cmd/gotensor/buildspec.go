package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/node"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/wasmhost"
)

func buildSpecCommand() *cli.Command {
	return &cli.Command{
		Name:  "build-spec",
		Usage: "write the chain spec of a chain",
		Description: `The spec goes to stdout. --chain names a chain that the program makes itself (dev, local, and dev_fast, local_fast with fast blocks), or the file of a spec;
--runtime and --preset make one for any runtime, from a genesis preset that it brings along. A spec is plain, with the runtime and a configuration for people, until --raw
has the runtime make the keys and values of its genesis state. What other nodes are to share is the raw form.

The boot node of a spec without one is this machine at port 30333, where its identity is known: from --node-key, --node-key-file, or the chain's folder below --base-path.

   gotensor build-spec --chain local --raw > local.json
   gotensor build-spec --chain plain.json --raw > raw.json
   gotensor build-spec --runtime runtime.wasm --preset development --id mine --name Mine --chain-type local --raw > mine.json`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: chainFlag.Name, Usage: "`SPEC` of the chain: dev, local, or the file of a chain spec", DefaultText: "dev"},
			&cli.BoolFlag{Name: "raw", Usage: "have the runtime make the genesis state", DisableDefaultText: true},
			&cli.BoolFlag{Name: "disable-default-bootnode", Usage: "add no boot node", DisableDefaultText: true},
			runtimeFlag, fastBlocksFlag,
			&cli.StringFlag{Name: "preset", Usage: "begin with the genesis preset of that `NAME` of the runtime that --runtime names"},
			&cli.StringFlag{Name: "id", Usage: "give the chain the `ID` that names its folder", DefaultText: "that of the spec; custom with --preset"},
			&cli.StringFlag{Name: "name", Usage: "give the chain a `NAME` for people", DefaultText: "that of the spec; Custom with --preset"},
			&cli.StringFlag{Name: "chain-type", Usage: "say what kind of chain it is: development, local, live, or another `WORD`", DefaultText: "that of the spec; live with --preset"},
			basePathFlag,
			&cli.StringFlag{Name: "node-key", Usage: "`SECRET` of the boot node's identity: 32 bytes in hex"},
			&cli.StringFlag{Name: "node-key-file", Usage: "`FILE` of the boot node's identity"},
		},
		Action: buildSpec,
	}
}

func buildSpec(c *cli.Context) error {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	engine, err := newEngine(c, wasmhost.Config{})
	if err != nil {
		return err
	}
	defer engine.Close()
	var spec *chainspec.Spec
	switch {
	case c.IsSet("preset") && (c.IsSet(chainFlag.Name) || !c.IsSet(runtimeFlag.Name)):
		return usage(c, "--preset goes with --runtime, and without --%s", chainFlag.Name)
	case c.IsSet("preset"):
		spec, err = presetSpec(c, engine, c.String(runtimeFlag.Name), c.String("preset"))
	default:
		name := c.String(chainFlag.Name)
		if name == "" {
			name = "dev"
		}
		spec, err = readChain(c.Context, c, engine, name)
	}
	if err != nil {
		return err
	}
	if c.IsSet("id") {
		if spec.ID = c.String("id"); !chainID.MatchString(spec.ID) {
			return usage(c, "--id %q: expected letters, digits, '-', '_' and '.', at most 100", spec.ID)
		}
	}
	if c.IsSet("name") {
		spec.Name = c.String("name")
	}
	if c.IsSet("chain-type") {
		spec.ChainType = chainTypeOf(c.String("chain-type"))
	}
	if len(spec.BootNodes) == 0 && !c.Bool("disable-default-bootnode") {
		if err := addBootNode(c, spec); err != nil {
			return err
		}
	}
	if c.Bool("raw") {
		if err := spec.Genesis.MakeRaw(c.Context, engine); err != nil {
			return fmt.Errorf("genesis of chain %q: %w", spec.ID, err)
		}
	}
	return spec.Write(c.App.Writer)
}

// presetSpec makes the plain spec of a runtime alone. The defaults are those of Substrate's chain-spec-builder.
func presetSpec(c *cli.Context, engine *wasmhost.Engine, file, preset string) (*chainspec.Spec, error) {
	src, err := readSource(file)
	if err != nil {
		return nil, err
	}
	builder, err := chainspec.NewBuilder(c.Context, engine, src.code)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	patch, err := builder.Preset(c.Context, preset)
	if err != nil {
		err = fmt.Errorf("%s: %w", file, err)
		if names, listed := builder.Presets(c.Context); errors.Is(err, chainspec.ErrPreset) && listed == nil {
			return nil, hint(err, "presets: %s", strings.Join(names, ", "))
		}
		return nil, err
	}
	return &chainspec.Spec{
		Name: "Custom", ID: "custom", ChainType: "Live",
		Genesis: chainspec.Genesis{Plain: &chainspec.Plain{Code: src.code, Config: patch, Patch: true}},
	}, nil
}

// chainTypeOf gives the types that Substrate knows their spelling.
func chainTypeOf(text string) string {
	for _, known := range []string{"Development", "Local", "Live"} {
		if strings.EqualFold(text, known) {
			return known
		}
	}
	return text
}

// addBootNode adds the address that Substrate's build-spec adds, where it is known whose it is.
func addBootNode(c *cli.Context, spec *chainspec.Spec) error {
	secret, err := bootNodeKey(c, spec.ID)
	if errors.Is(err, fs.ErrNotExist) && !c.IsSet("node-key-file") {
		return nil
	}
	if err != nil {
		return err
	}
	spec.BootNodes = []string{"/ip4/127.0.0.1/tcp/30333/p2p/" + node.PeerID(secret)}
	return nil
}

func bootNodeKey(c *cli.Context, id string) (*[32]byte, error) {
	if text := c.String("node-key"); text != "" {
		warnHistory(c, "--node-key", "--node-key-file")
		secret, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
		if err != nil || len(secret) != 32 {
			return nil, usage(c, "--node-key: expected 32 bytes in hex")
		}
		return (*[32]byte)(secret), nil
	}
	if file := c.String("node-key-file"); file != "" {
		return node.ReadNodeKey(file)
	}
	base, err := basePath(c)
	if err != nil {
		return nil, err
	}
	folder, err := chainFolder(base, id)
	if err != nil {
		return nil, fs.ErrNotExist // a spec need not have an id that names a folder
	}
	return node.ReadNodeKey(node.KeyFile(folder))
}
