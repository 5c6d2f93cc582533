package trie

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/primitives/hash"
)

// TestFinneyGenesis builds the genesis block of Bittensor's chain from its raw chain spec.
// Source of the expected hash: opentensor/subtensor, the chain's well-known genesis hash.
func TestFinneyGenesis(t *testing.T) {
	raw := outside.Read(t, 1, "opentensor/subtensor/chainspecs/raw_spec_testfinney.json")
	var spec struct {
		Genesis struct {
			Raw struct {
				Top             map[string]string            `json:"top"`
				ChildrenDefault map[string]map[string]string `json:"childrenDefault"`
			} `json:"raw"`
		} `json:"genesis"`
	}
	if err := json.Unmarshal(raw, &spec); err != nil {
		t.Fatal(err)
	}
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if len(spec.Genesis.Raw.ChildrenDefault) != 0 {
		t.Fatal("the spec has child tries now: add their roots")
	}
	want := "0x8f9cf856bf558a14440e75569c9e58594757048d7b3a84b5d25f6bd978263105"
	for _, v := range []Version{V0, V1} {
		var pairs []Pair
		tr := New()
		for _, k := range slices.Sorted(maps.Keys(spec.Genesis.Raw.Top)) {
			p := Pair{unhex(k), unhex(spec.Genesis.Raw.Top[k])}
			pairs = append(pairs, p)
			if err := tr.Put(p.Key, p.Value, v); err != nil {
				t.Fatal(err)
			}
		}
		root := RootOf(pairs, v)
		if tr.Root() != root {
			t.Fatalf("%d: trie %s, builder %s", v, tr.Root(), root)
		}
		header := make([]byte, 32, 100) // parent hash
		header = append(header, 0)      // number
		header = append(header, root[:]...)
		header = append(header, EmptyRoot[:]...)
		header = append(header, 0) // digest
		// The genesis runtime has system version 1.
		if got := hash.Blake2b256(header).String(); (got == want) != (v == V1) {
			t.Errorf("version %d: %d keys give state root %s and block %s, want block %s", v, len(pairs), root, got, want)
		}
	}
}
