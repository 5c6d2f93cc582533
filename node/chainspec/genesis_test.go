package chainspec

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

// TestGenesisHash builds the genesis of real chains. The hashes are the ones that these chains are known by;
// testfinney's is that of the specification of this project's host.
func TestGenesisHash(t *testing.T) {
	for _, test := range []struct {
		rel       string
		version   trie.Version
		stateRoot string // "" where nothing outside states it
		hash      string
	}{
		{"opentensor/subtensor/chainspecs/raw_spec_testfinney.json", trie.V1, "", "0x8f9cf856bf558a14440e75569c9e58594757048d7b3a84b5d25f6bd978263105"},
		{"ChainSafe/gossamer/chain/kusama/chain-spec-raw.json", trie.V0, "0xb0006203c3a6e6bd2c6a17b1d4ae8ca49a31da0f4579da950b127774b44aef6b", "0xb0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe"},
		{"ChainSafe/gossamer/chain/westend/chain-spec-raw.json", trie.V0, "0x7e92439a94f79671f9cade9dff96a094519b9001a7432244d46ab644bb6f746f", "0xe143f23803ac50e8f6f8e62695d1ce9e4e1d68aa36c1cd2cfd15340213f3423e"},
		{"ChainSafe/gossamer/chain/paseo/chain-spec-raw.json", trie.V0, "0x2b2a8395a8ec27c54d322d3a6602152da0e3bd0c8f4c01f17a572a44a8e36ab6", "0x77afd6190f1554ad45fd0d31aee62aacc33c6db0ea801129acb813f913e0764f"},
	} {
		t.Run(test.rel, func(t *testing.T) {
			spec, err := ReadFile(outside.Path(t, 1, test.rel))
			if err != nil {
				t.Fatal(err)
			}
			block, err := spec.Genesis.Build(test.version)
			if err != nil {
				t.Fatal(err)
			}
			if got := block.Hash.String(); got != test.hash {
				t.Errorf("hash: got %s, want %s", got, test.hash)
			}
			if got := block.Header.StateRoot.String(); test.stateRoot != "" && got != test.stateRoot {
				t.Errorf("state root: got %s, want %s", got, test.stateRoot)
			}
		})
	}
}

// TestHeaderOnly: a spec that gives the root alone leads to the same block as one that gives the entries.
func TestHeaderOnly(t *testing.T) {
	const spec = `{"name": "Kusama", "genesis": {"stateRootHash": "0xb0006203c3a6e6bd2c6a17b1d4ae8ca49a31da0f4579da950b127774b44aef6b"}}`
	s, err := Parse(strings.NewReader(spec))
	if err != nil {
		t.Fatal(err)
	}
	block, ok := s.Genesis.HeaderOnly()
	if !ok || block.Hash.String() != "0xb0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe" {
		t.Errorf("got %+v, %v", block, ok)
	}
	if _, err := s.Genesis.Build(trie.V0); !errors.Is(err, ErrNoState) {
		t.Errorf("build: got %v, want %v", err, ErrNoState)
	}
	if _, err := s.Genesis.Code(); !errors.Is(err, ErrNoState) {
		t.Errorf("code: got %v, want %v", err, ErrNoState)
	}
}

// TestOverride: entries that a caller swaps change the block, and putting them back restores it.
func TestOverride(t *testing.T) {
	spec, err := ReadFile(tiny)
	if err != nil {
		t.Fatal(err)
	}
	build := func() hash.H256 {
		t.Helper()
		block, err := spec.Genesis.Build(trie.V1)
		if err != nil {
			t.Fatal(err)
		}
		return block.Hash
	}
	before := build()
	key := []byte(":code")
	code, err := spec.Genesis.Code()
	if err != nil {
		t.Fatal(err)
	}
	spec.Genesis.Top.Set(key, append(bytes.Clone(code), 0))
	if build() == before {
		t.Error("other code, same genesis")
	}
	spec.Genesis.Top.Set(key, code)
	spec.Genesis.Child([]byte("new")).Set([]byte("k"), []byte("v"))
	if build() == before {
		t.Error("another child, same genesis")
	}
	spec.Genesis.Child([]byte("new")).Delete([]byte("k"))
	if build() != before {
		t.Error("an empty child counts")
	}
	spec.Genesis.Top.Delete(key)
	if _, err := spec.Genesis.Code(); !errors.Is(err, ErrNoCode) {
		t.Errorf("got %v, want %v", err, ErrNoCode)
	}
	spec.Genesis.Top.Set(storage.ChildRootKey([]byte("x")), make([]byte, 32))
	if _, err := spec.Genesis.Build(trie.V1); !errors.Is(err, storage.ErrChildKey) {
		t.Errorf("got %v, want %v", err, storage.ErrChildKey)
	}
}

// TestVersion: the version stands in the code of our own spec, and has to be asked for in that of Kusama's first runtime.
func TestVersion(t *testing.T) {
	engine, err := wasmhost.NewEngine(wasmhost.Config{Interpreter: true})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	check := func(path, name string, spec uint32, state uint8) {
		t.Helper()
		s, err := ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		v, err := s.Genesis.Version(t.Context(), engine)
		if err != nil {
			t.Fatal(err)
		}
		if v.SpecName != name || v.SpecVersion != spec || v.StateVersion() != state {
			t.Errorf("%s: got %+v, want %s %d with state version %d", path, v, name, spec, state)
		}
	}
	check(tiny, "tiny", 7, 1)
	check(outside.Path(t, 1, "ChainSafe/gossamer/chain/kusama/chain-spec-raw.json"), "kusama", 1020, 0)
}
