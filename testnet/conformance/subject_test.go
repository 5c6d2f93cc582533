package conformance

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/internal/codeblob"
	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/internal/wasmbin"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/localchain"
	"github.com/gotensor/gotensor/testnet/ourruntime"
	"github.com/gotensor/gotensor/testnet/upgrades"
	"github.com/gotensor/gotensor/wasmhost"
)

// The runtimes that are held against clients. ours is what the suite is for; the control is a Subtensor runtime that Rust made, which tells a fault of the
// suite from one of ours.
var (
	ours    = &subject{name: "gotensor", open: openOurs}
	fast    = &subject{name: "gotensor fast", open: openFast} // at 250 ms a block: for nodes
	control = &subject{name: "subtensor 143", open: openSubtensor}

	subjects = []*subject{ours, control}
)

const (
	// runtimeVariable names a file with a runtime that stands for ours.
	runtimeVariable = "GOTENSOR_RUNTIME"
	ourPreset       = "development"

	testfinney = "opentensor/subtensor/chainspecs/raw_spec_testfinney.json"
	spec143    = "opentensor/subtensor/node/src/chain_spec/code_substitute_2585476.txt"

	taoInRao = 1_000_000_000
)

// subject is a runtime with a genesis.
type subject struct {
	name string
	open func(t *testing.T, cases int) *chainspec.Spec

	once  sync.Once
	chain *testChain
}

// testChain is a chain with that runtime, at block 0.
type testChain struct {
	*driver.Chain
	spec     *chainspec.Spec
	code     []byte // as under :code
	genesis  *driver.Block
	version  chain.RuntimeVersion
	metadata map[uint32][]byte // by version, those of 14 and 15 that the runtime has, from "meta" on
}

// get opens the subject once for all tests. Where it cannot be had, the test is skipped for as many cases.
func (s *subject) get(t *testing.T, cases int) *testChain {
	t.Helper()
	spec := s.open(t, cases)
	s.once.Do(func() { s.chain = open(t, spec) })
	if s.chain == nil {
		t.Fatalf("%s could not be opened before", s.name)
	}
	return s.chain
}

// engine serves all tests and ends with the process.
var engine = sync.OnceValues(func() (*wasmhost.Engine, error) { return wasmhost.NewEngine(wasmhost.Config{}) })

func open(t *testing.T, spec *chainspec.Spec) *testChain {
	t.Helper()
	ctx := context.Background()
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	c := &testChain{Chain: driver.New(e), spec: spec, metadata: make(map[uint32][]byte)}
	if c.code, err = spec.Genesis.Code(); err != nil {
		t.Fatal(err)
	}
	if c.version, err = spec.Genesis.Version(ctx, e); err != nil {
		t.Fatal(err)
	}
	genesis, err := spec.Genesis.Build(trie.Version(c.version.StateVersion()))
	if err != nil {
		t.Fatal(err)
	}
	c.genesis = driver.Genesis(genesis)
	loaded, err := c.Runtime(ctx, c.genesis)
	if err != nil {
		t.Fatal(err)
	}
	if c.metadata[14], err = loaded.Metadata(ctx); err != nil {
		t.Fatal(err)
	}
	if loaded.Has("Metadata_metadata_at_version") {
		data, ok, err := loaded.MetadataAt(ctx, 15)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			c.metadata[15] = data
		}
	}
	return c
}

// openOurs makes the chain spec of our runtime's development preset, as the runtime itself builds it. It is never skipped.
func openOurs(t *testing.T, _ int) *chainspec.Spec {
	t.Helper()
	var code []byte
	if path := os.Getenv(runtimeVariable); path != "" {
		var err error
		if code, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	} else {
		code = ourruntime.Code(t)
	}
	spec, err := presetSpec(code, ourPreset)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// openFast is openOurs at another pace, and from the runtime that others are built to follow.
func openFast(t *testing.T, _ int) *chainspec.Spec {
	t.Helper()
	spec, err := presetSpec(upgrades.Base(t).Compressed, ourPreset)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// presetSpec has the runtime in code build its genesis from one of its presets.
func presetSpec(code []byte, preset string) (*chainspec.Spec, error) {
	e, err := engine()
	if err != nil {
		return nil, err
	}
	genesis, err := localchain.Genesis(context.Background(), e, code, preset)
	if err != nil {
		return nil, err
	}
	spec := &chainspec.Spec{Name: "Bittensor", ID: "bittensor", ChainType: "Local", ProtocolID: "bittensor", Properties: map[string]json.RawMessage{
		"ss58Format": json.RawMessage("42"), "tokenDecimals": json.RawMessage("9"), "tokenSymbol": json.RawMessage(`"TAO"`),
	}}
	entries := genesis.State.Iterate(nil, nil, nil)
	defer entries.Close()
	for entries.Next() {
		value, err := entries.Value()
		if err != nil {
			return nil, err
		}
		spec.Genesis.Top.Set(bytes.Clone(entries.Key()), bytes.Clone(value))
	}
	return spec, entries.Err()
}

// openSubtensor makes the genesis of Subtensor's test network under its runtime 143, with the keys of the development accounts in it.
func openSubtensor(t *testing.T, cases int) *chainspec.Spec {
	t.Helper()
	spec, err := chainspec.ReadFile(outside.Path(t, cases, testfinney))
	if err != nil {
		t.Fatal(err)
	}
	code, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(string(outside.Read(t, cases, spec143))), "0x"))
	if err != nil {
		t.Fatal(err)
	}
	authority, err := driver.NewSender("//Alice")
	if err != nil {
		t.Fatal(err)
	}
	var accounts []chain.AccountID
	for _, uri := range []string{"//Alice", "//Bob", "//Charlie", "//Dave"} {
		s, err := driver.NewSender(uri)
		if err != nil {
			t.Fatal(err)
		}
		accounts = append(accounts, s.Account())
	}
	finaliser, err := keys.FromURI(keys.Ed25519, "//Alice", "")
	if err != nil {
		t.Fatal(err)
	}
	alice := authority.Account()
	if err := driver.DevGenesis(&spec.Genesis, code, alice, chain.AccountID(finaliser.Public()), alice, accounts, 1_000_000*taoInRao); err != nil {
		t.Fatal(err)
	}
	return spec
}

// versionSections are the custom sections that state the version of a runtime without running it.
var versionSections = []string{"runtime_version", "runtime_apis"}

// variant is the same runtime in another form.
type variant struct {
	name string
	code []byte
}

// variants are the forms in which a chain may hold a runtime: compressed or not, with the version sections or without.
func variants(t *testing.T, code []byte) []variant {
	t.Helper()
	full, err := wasmhost.Decompress(code)
	if err != nil {
		t.Fatal(err)
	}
	module := parse(t, full)
	before := len(module.Customs)
	module.Customs = slices.DeleteFunc(module.Customs, func(c wasmbin.Custom) bool { return slices.Contains(versionSections, c.Name) })
	if before-len(module.Customs) != len(versionSections) {
		t.Fatalf("runtime has %d of the sections %q", before-len(module.Customs), versionSections)
	}
	bare := module.Encode()
	compress := func(module []byte) []byte {
		out, err := codeblob.Compress(module)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	return []variant{
		{"compressed", compress(full)},
		{"plain", full},
		{"compressed, no version sections", compress(bare)},
		{"plain, no version sections", bare},
	}
}

// parse reads the module in code, compressed or not.
func parse(t *testing.T, code []byte) *wasmbin.Module {
	t.Helper()
	full, err := wasmhost.Decompress(code)
	if err != nil {
		t.Fatal(err)
	}
	module, err := wasmbin.Parse(full)
	if err != nil {
		t.Fatal(err)
	}
	return module
}
