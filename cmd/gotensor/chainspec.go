package main

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

func chainSpecCommand() *cli.Command {
	return &cli.Command{
		Name:  "chain-spec",
		Usage: "look into chain specs",
		Subcommands: []*cli.Command{{
			Name:      "inspect",
			Usage:     "print what a chain spec says, and the genesis block that it leads to",
			ArgsUsage: "FILE",
			Description: `The file is a chain spec in the raw form, or one that gives the genesis state by its root.

   gotensor chain-spec inspect raw_spec.json
   gotensor chain-spec inspect --json raw_spec.json`,
			Action: chainSpecInspect,
		}},
	}
}

type specReport struct {
	Name        string                     `json:"name"`
	ID          string                     `json:"id"`
	ChainType   string                     `json:"chainType"`
	ProtocolID  string                     `json:"protocolId,omitempty"`
	BootNodes   []string                   `json:"bootNodes"`
	Properties  map[string]json.RawMessage `json:"properties,omitempty"`
	GenesisHash hash.H256                  `json:"genesisHash"`
	StateRoot   hash.H256                  `json:"stateRoot"`
	Code        *codeReport                `json:"code,omitempty"` // nil where the spec gives no state
	Entries     int                        `json:"entries"`
	Children    int                        `json:"childTries"`
	Substitutes []uint64                   `json:"codeSubstitutes,omitempty"` // block numbers
	ForkBlocks  int                        `json:"forkBlocks"`
	BadBlocks   int                        `json:"badBlocks"`
	LightSync   bool                       `json:"lightSyncState"`

	token chainspec.Token
}

type codeReport struct {
	Hash    hash.H256      `json:"hash"`
	Size    int            `json:"size"` // bytes as stored
	Version *versionFields `json:"version"`
}

// versionFields is a runtime's version as JSON-RPC spells it.
type versionFields struct {
	SpecName           string    `json:"specName"`
	ImplName           string    `json:"implName"`
	AuthoringVersion   uint32    `json:"authoringVersion"`
	SpecVersion        uint32    `json:"specVersion"`
	ImplVersion        uint32    `json:"implVersion"`
	TransactionVersion uint32    `json:"transactionVersion"`
	StateVersion       uint8     `json:"stateVersion"`
	APIs               []apiPair `json:"apis"`
}

type apiPair struct {
	Name    string `json:"name,omitempty"` // where it is known
	ID      string `json:"id"`
	Version uint32 `json:"version"`
}

// newVersionFields names the APIs that are well known or that exports, the functions of the runtime, give away: an API's id is a hash of its name, and
// its functions begin with the name.
func newVersionFields(v chain.RuntimeVersion, exports []string) *versionFields {
	names := make(map[chain.APIID]string)
	for _, export := range exports {
		for i := range export {
			if export[i] == '_' {
				names[chain.APIIDOf(export[:i])] = export[:i]
			}
		}
	}
	out := &versionFields{
		SpecName: v.SpecName, ImplName: v.ImplName, AuthoringVersion: v.AuthoringVersion, SpecVersion: v.SpecVersion,
		ImplVersion: v.ImplVersion, TransactionVersion: v.TransactionVersion, StateVersion: v.StateVersion(),
		APIs: make([]apiPair, 0, len(v.APIs)),
	}
	for _, api := range v.APIs {
		name, ok := api.ID.Name()
		if !ok {
			name = names[api.ID]
		}
		out.APIs = append(out.APIs, apiPair{Name: name, ID: hexString(api.ID[:]), Version: api.Version})
	}
	return out
}

// row prints the numbers of a version on one line.
func (v *versionFields) row(p *printer) {
	p.row("runtime", "%s %d (%s %d, authoring %d, transaction %d, state %d)",
		v.SpecName, v.SpecVersion, v.ImplName, v.ImplVersion, v.AuthoringVersion, v.TransactionVersion, v.StateVersion)
}

func (r *specReport) text(p *printer) {
	p.row("name", "%s", r.Name)
	p.row("id", "%s", r.ID)
	p.row("chain type", "%s", r.ChainType)
	if r.ProtocolID != "" {
		p.row("protocol id", "%s", r.ProtocolID)
	}
	if r.token.Symbol != "" {
		line := fmt.Sprintf("%s with %d decimals", r.token.Symbol, r.token.Decimals)
		if r.token.HasSS58 {
			line += ", address prefix " + strconv.Itoa(int(r.token.SS58Format))
		}
		p.row("token", "%s", line)
	}
	p.row("genesis hash", "%s", r.GenesisHash)
	p.row("state root", "%s", r.StateRoot)
	if r.Code != nil {
		p.row("code hash", "%s", r.Code.Hash)
		p.row("code size", "%s", count(r.Code.Size, "byte"))
		r.Code.Version.row(p)
		children := ""
		if r.Children > 0 {
			children = fmt.Sprintf(", and %s", count(r.Children, "child trie"))
		}
		p.row("state", "%d entries%s", r.Entries, children)
	} else {
		p.row("state", "given by its root alone")
	}
	p.row("boot nodes", "%d", len(r.BootNodes))
	for _, block := range r.Substitutes {
		p.row("code substitute", "from block %d", block)
	}
	if r.ForkBlocks > 0 {
		p.row("fork blocks", "%d", r.ForkBlocks)
	}
	if r.BadBlocks > 0 {
		p.row("bad blocks", "%d", r.BadBlocks)
	}
	if r.LightSync {
		p.row("light sync state", "present")
	}
}

func chainSpecInspect(c *cli.Context) error {
	args, err := arguments(c, 1, 1)
	if err != nil {
		return err
	}
	spec, err := chainspec.ReadFile(args[0])
	if err != nil {
		return specHint(args[0], err)
	}
	r := &specReport{
		Name: spec.Name, ID: spec.ID, ChainType: spec.ChainType, ProtocolID: spec.ProtocolID,
		BootNodes: spec.BootNodes, Properties: spec.Properties,
		ForkBlocks: len(spec.ForkBlocks), BadBlocks: len(spec.BadBlocks), LightSync: spec.LightSyncState != nil,
		token: spec.Token(),
	}
	if r.BootNodes == nil {
		r.BootNodes = []string{}
	}
	for _, s := range spec.CodeSubstitutes {
		r.Substitutes = append(r.Substitutes, s.Number)
	}
	block, byRoot := spec.Genesis.HeaderOnly()
	if !byRoot {
		if block, err = inspectCode(c, spec, r); err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
	}
	r.GenesisHash, r.StateRoot = block.Hash, block.Header.StateRoot
	return emit(c, r)
}

// inspectCode fills in what follows from the genesis runtime, and builds the block under its state version.
func inspectCode(c *cli.Context, spec *chainspec.Spec, r *specReport) (*chainspec.Block, error) {
	engine, err := newEngine(c, wasmhost.Config{})
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	version, err := spec.Genesis.Version(c.Context, engine)
	if err != nil {
		return nil, err
	}
	code, err := spec.Genesis.Code()
	if err != nil {
		return nil, err
	}
	info, err := wasmhost.Inspect(code)
	if err != nil {
		return nil, err
	}
	if err := spec.Genesis.MakeRaw(c.Context, engine); err != nil {
		return nil, err
	}
	block, err := spec.Genesis.Build(trie.Version(version.StateVersion()))
	if err != nil {
		return nil, err
	}
	r.Code = &codeReport{Hash: hash.Blake2b256(code), Size: len(code), Version: newVersionFields(version, info.Exports)}
	changes := spec.Genesis.Changes()
	r.Entries, r.Children = len(changes.Top), len(changes.Child)
	return block, nil
}
