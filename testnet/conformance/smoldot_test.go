package conformance

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/wasmbin"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/driver"
)

// smoldots are the packages under test: the newest, the one that polkadot-api 2 brings, and the last of 2.x, which polkadot-api 1 brought.
var smoldots = []string{"smoldot", "@polkadot-api/smoldot>smoldot", "smoldot-2"}

type smoldotInput struct {
	Package string         `json:"package"`
	Chains  []smoldotChain `json:"chains"`
}

type smoldotChain struct {
	Spec     string   `json:"spec"` // path
	Requests [][2]any `json:"requests"`
}

type smoldotOutput struct {
	Version string
	Logs    []string
	Chains  []struct {
		Error   *string
		Answers []struct {
			Result json.RawMessage
			Error  json.RawMessage
		}
	}
}

// finalizedDatabase is what smoldot knows of the block that it begins with: the header from its own trie over the genesis entries, the rest from AuraApi and GrandpaApi,
// which its own executor ran in the runtime. Names are smoldot's.
type finalizedDatabase struct {
	GenesisHash string `json:"genesisHash"`
	Chain       struct {
		Header       string `json:"finalized_block_header"`
		SlotDuration uint64 `json:"aura_slot_duration"`
		Aura         []struct {
			Key string `json:"public_key"`
		} `json:"aura_finalized_authorities"`
		SetID   uint64 `json:"grandpa_after_finalized_block_authorities_set_id"`
		Grandpa []struct {
			Key    string `json:"public_key"`
			Weight uint64 `json:"weight"`
		} `json:"grandpa_finalized_triggered_authorities"`
	} `json:"chain"`
}

// TestSmoldot gives smoldot chain specs of ours. That it takes them, and by what genesis hash, shows that it reads the spec, makes the same state root of it, compiles the
// runtime, runs Core_version (where no section tells the version), AuraApi_slot_duration, AuraApi_authorities and GrandpaApi_grandpa_authorities, and finds their
// answers sound. What it then says of the chain must be what our own host finds in the same runtime. (At genesis smoldot takes GRANDPA's set id for 0
// and does not ask GrandpaApi_current_set_id.)
func TestSmoldot(t *testing.T) {
	const forms = 4
	for _, s := range subjects {
		t.Run(s.name, func(t *testing.T) {
			// Every form with every package, and the faults, without which it would not be known that the APIs ran at all.
			cases := (forms + len(faults)) * len(smoldots)
			npm.ready(t, cases)
			c := s.get(t, cases)
			slot, aura, grandpa, setID := c.consensus(t)

			dir := t.TempDir()
			var chains []smoldotChain
			var specs []*chainspec.Spec
			add := func(code []byte, change func(*chainspec.Genesis)) {
				// A client takes chains of one genesis hash for one chain: each has its own id, and a hash of its own by its code.
				spec := *c.spec
				spec.ID = fmt.Sprintf("%s-%d", c.spec.ID, len(specs))
				spec.ProtocolID = spec.ID
				spec.BootNodes, spec.Telemetry = nil, nil
				spec.Genesis = chainspec.Genesis{}
				copyGenesis(&spec.Genesis, &c.spec.Genesis)
				spec.Genesis.Top.Set([]byte(":code"), code)
				if change != nil {
					change(&spec.Genesis)
				}
				var text bytes.Buffer
				if err := spec.Write(&text); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, spec.ID+".json")
				if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
				specs = append(specs, &spec)
				chains = append(chains, smoldotChain{path, [][2]any{
					{"chainSpec_v1_genesisHash", []any{}},
					{"chainSpec_v1_chainName", []any{}},
					{"chainSpec_v1_properties", []any{}},
					{"chainHead_unstable_finalizedDatabase", []any{}},
				}})
			}
			all := variants(t, c.code)
			if len(all) != forms {
				t.Fatalf("%d forms, counted as %d", len(all), forms)
			}
			for _, v := range all {
				add(v.code, nil)
			}
			for _, f := range faults {
				code := c.code
				if f.missing != "" {
					code = without(t, c.code, f.missing)
				}
				add(code, f.change)
			}

			for _, pkg := range smoldots {
				t.Run(pkg, func(t *testing.T) {
					// Most of the time goes into waiting for peers that do not come.
					t.Parallel()
					var out smoldotOutput
					npm.run(t, "smoldot.mjs", smoldotInput{pkg, chains}, &out)
					if len(out.Chains) != len(chains) {
						t.Fatalf("%s answered for %d chains of %d", pkg, len(out.Chains), len(chains))
					}
					t.Logf("smoldot %s", out.Version)
					for i, f := range faults {
						t.Run(f.name, func(t *testing.T) {
							got := out.Chains[len(all)+i].Error
							if got == nil {
								t.Fatal("smoldot takes the chain")
							}
							t.Logf("refused: %s", *got)
							if !strings.Contains(*got, f.says) {
								t.Errorf("refused for another reason: got %q, expected one with %q", *got, f.says)
							}
						})
					}
					for i, v := range all {
						t.Run(v.name, func(t *testing.T) {
							got := out.Chains[i]
							if got.Error != nil {
								t.Fatalf("addChain: %s", *got.Error)
							}
							genesis, err := specs[i].Genesis.Build(trie.Version(c.version.StateVersion()))
							if err != nil {
								t.Fatal(err)
							}
							expect := func(n int, what string, want any) {
								t.Helper()
								text, err := json.Marshal(want)
								if err != nil {
									t.Fatal(err)
								}
								var have, wanted any
								if json.Unmarshal(got.Answers[n].Result, &have) != nil || json.Unmarshal(text, &wanted) != nil || fmt.Sprint(have) != fmt.Sprint(wanted) {
									t.Errorf("%s: got %s %s, want %s", what, got.Answers[n].Result, got.Answers[n].Error, text)
								}
							}
							expect(0, "genesis hash", genesis.Hash.String())
							expect(1, "name", specs[i].Name)
							expect(2, "properties", specs[i].Properties)

							var text string
							var db finalizedDatabase
							if err := json.Unmarshal(got.Answers[3].Result, &text); err != nil {
								t.Fatalf("finalized database: %s %s: %v", got.Answers[3].Result, got.Answers[3].Error, err)
							}
							if err := json.Unmarshal([]byte(text), &db); err != nil {
								t.Fatalf("finalized database: %v in %s", err, text)
							}
							if want := hex.EncodeToString(scale.Marshal(genesis.Header)); db.Chain.Header != want {
								t.Errorf("header: got %s, want %s", db.Chain.Header, want)
							}
							if db.Chain.SlotDuration != slot {
								t.Errorf("slot duration: got %d, want %d", db.Chain.SlotDuration, slot)
							}
							var keys []string
							for _, a := range db.Chain.Aura {
								keys = append(keys, a.Key)
							}
							if fmt.Sprint(keys) != fmt.Sprint(aura) {
								t.Errorf("Aura authorities: got %v, want %v", keys, aura)
							}
							keys = nil
							for _, a := range db.Chain.Grandpa {
								keys = append(keys, fmt.Sprintf("%s*%d", a.Key, a.Weight))
							}
							if fmt.Sprint(keys) != fmt.Sprint(grandpa) || db.Chain.SetID != setID {
								t.Errorf("GRANDPA authorities: got set %d %v, want set %d %v", db.Chain.SetID, keys, setID, grandpa)
							}
						})
					}
				})
			}
		})
	}
}

// fault is a runtime or a genesis that smoldot must refuse. That it does, naming the API, shows that it runs that API in the others.
type fault struct {
	name string
	// missing is the export that the runtime lacks.
	missing string
	// change, where nothing is missing.
	change func(*chainspec.Genesis)
	says   string // what smoldot's refusal must contain
}

var faults = []fault{
	{name: "no AuraApi_slot_duration", missing: "AuraApi_slot_duration", says: "AuraApi_slot_duration"},
	{name: "no AuraApi_authorities", missing: "AuraApi_authorities", says: "AuraApi_authorities"},
	{name: "no GrandpaApi_grandpa_authorities", missing: "GrandpaApi_grandpa_authorities", says: "GrandpaApi_grandpa_authorities"},
	{name: "no Core_version", missing: "Core_version", says: "Core_version"},
	{name: "GRANDPA authority of weight 0", change: func(g *chainspec.Genesis) {
		for _, key := range [][]byte{[]byte(":grandpa_authorities"), driver.StorageKey("Grandpa", "Authorities")} {
			if list, ok := g.Top.Get(key); ok {
				list = bytes.Clone(list)
				copy(list[len(list)-8:], make([]byte, 8))
				g.Top.Set(key, list)
			}
		}
	}, says: "GrandpaAuthoritiesOutputDecode"},
}

// without returns the runtime without its version sections and without the function that it exports under that name.
func without(t *testing.T, code []byte, export string) []byte {
	t.Helper()
	module := parse(t, code)
	module.Customs = slices.DeleteFunc(module.Customs, func(c wasmbin.Custom) bool {
		return slices.Contains(versionSections, c.Name) && export == "Core_version"
	})
	before := len(module.Exports)
	module.Exports = slices.DeleteFunc(module.Exports, func(e wasmbin.Export) bool { return e.Name == export })
	if len(module.Exports) != before-1 {
		t.Fatalf("runtime does not export %s", export)
	}
	return module.Encode()
}

// copyGenesis copies entries, whose values nobody changes.
func copyGenesis(to, from *chainspec.Genesis) {
	changes := from.Changes()
	for _, change := range changes.Top {
		to.Top.Set(change.Key, change.Value)
	}
	for _, child := range changes.Child {
		for _, change := range child.Changes {
			to.Child(child.Child).Set(change.Key, change.Value)
		}
	}
}

// consensus asks the runtime in our own host what smoldot asks it: the slot duration in milliseconds, the Aura authorities, the GRANDPA authorities as key*weight, and the id of
// their set, which runtimes before version 3 of the API do not tell and is then 0.
func (c *testChain) consensus(t *testing.T) (slot uint64, aura, grandpa []string, setID uint64) {
	t.Helper()
	query := func(api string) *scale.Decoder {
		answer, err := c.Query(t.Context(), c.genesis, api, nil)
		if err != nil {
			t.Fatal(err)
		}
		return scale.NewDecoder(answer)
	}
	done := func(d *scale.Decoder) {
		if err := d.Finish(); err != nil {
			t.Fatal(err)
		}
	}
	d := query("AuraApi_slot_duration")
	slot = d.U64()
	done(d)
	key := func(d *scale.Decoder) string {
		var k [32]byte
		d.Read(k[:])
		return hex.EncodeToString(k[:])
	}
	d = query("AuraApi_authorities")
	aura = scale.DecodeSeq(d, key)
	done(d)
	d = query("GrandpaApi_grandpa_authorities")
	grandpa = scale.DecodeSeq(d, func(d *scale.Decoder) string { return fmt.Sprintf("%s*%d", key(d), d.U64()) })
	done(d)
	d = query("GrandpaApi_current_set_id")
	setID = d.U64()
	done(d)
	if slot == 0 || len(aura) == 0 || len(grandpa) == 0 {
		t.Fatalf("slot duration %d, %d Aura and %d GRANDPA authorities", slot, len(aura), len(grandpa))
	}
	return slot, aura, grandpa, setID
}
