package trie

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

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

// hexBytes is bytes written in hex; null is nil.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h = make([]byte, hex.DecodedLen(len(text)))
	_, err = hex.Decode(*h, text)
	return err
}

func plainBytes(list []hexBytes) [][]byte {
	out := make([][]byte, len(list))
	for i := range list {
		out[i] = list[i]
	}
	return out
}

func readVectors(t *testing.T, name string, into any) {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(z).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// substrateCase is one case of testdata/sp_trie.json.gz; testdata/README.md tells how it was made.
type substrateCase struct {
	Steps []struct {
		Key     hexBytes
		Value   *hexBytes
		Version Version
		Root    hexBytes
	}
	Roots  map[string]hexBytes
	Proofs []struct {
		Keys    []hexBytes
		Values  []*hexBytes
		Size    int
		Plain   []hexBytes
		Compact []hexBytes
		Item    []hexBytes
	}
	Checks []struct {
		Kind    string
		Proof   []hexBytes
		Key     hexBytes
		Value   *hexBytes
		Version Version
		OK      bool
		Plain   []hexBytes
	}
	Execution struct {
		Ops []struct {
			Op   string
			Key  hexBytes
			Got  *hexBytes
			Size int
		}
		Delta []struct {
			Key   hexBytes
			Value *hexBytes
		}
		Root  hexBytes
		Size  int
		Plain []hexBytes
	}
}

// TestSubstrate runs what Substrate's own crates did: roots after every step of writes under mixed versions, roots of
// whole lists under both hashers and versions, proofs in three formats, and recorded executions.
func TestSubstrate(t *testing.T) {
	var file struct{ Cases []substrateCase }
	readVectors(t, "sp_trie.json.gz", &file)
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	var steps, roots, proofs, checks, accepted, ops int
	equal := func(got, want [][]byte) bool { return slices.EqualFunc(got, want, bytes.Equal) }
	for n, c := range file.Cases {
		tr, model := New(), map[string][]byte{}
		for i, s := range c.Steps {
			var err error
			if s.Value == nil {
				delete(model, string(s.Key))
				err = tr.Delete(s.Key)
			} else {
				model[string(s.Key)] = *s.Value
				err = tr.Put(s.Key, *s.Value, s.Version)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := tr.Root(); got != hash.H256(s.Root) {
				t.Fatalf("case %d step %d: root %s, want %x", n, i, got, s.Root)
			}
			steps++
		}
		pairs := pairsOf(model)
		var items [][]byte
		for _, p := range pairs {
			items = append(items, p.Value)
		}
		for name, want := range c.Roots {
			h, v := Blake2b, V0
			if strings.Contains(name, "keccak") {
				h = Keccak
			}
			if strings.HasSuffix(name, "v1") {
				v = V1
			}
			got := h.RootOf(pairs, v)
			if strings.HasPrefix(name, "ordered") {
				got = h.OrderedRoot(items, v)
			}
			if got != hash.H256(want) {
				t.Fatalf("case %d %s: root %s, want %x", n, name, got, want)
			}
			roots++
		}
		root := tr.Root()
		for i, p := range c.Proofs {
			keys := plainBytes(p.Keys)
			rec := NewRecorder()
			view := tr.Record(rec)
			for j, k := range keys {
				got, ok, err := view.Get(k)
				if err != nil || ok != (p.Values[j] != nil) || ok && !bytes.Equal(got, *p.Values[j]) {
					t.Fatalf("case %d proof %d key %x: %x %v %v", n, i, k, got, ok, err)
				}
			}
			plain := plainBytes(p.Plain)
			if !equal(rec.Proof(), plain) || rec.Size() != p.Size {
				t.Fatalf("case %d proof %d: size %d, want %d\n got %x\nwant %x", n, i, rec.Size(), p.Size, rec.Proof(), plain)
			}
			if len(plain) > 0 {
				compact, err := EncodeCompact(root, plain)
				if err != nil || !equal(compact, plainBytes(p.Compact)) {
					t.Fatalf("case %d proof %d: %v\n got %x\nwant %x", n, i, err, compact, p.Compact)
				}
				if back, err := DecodeCompact(root, compact); err != nil || !equal(back, plain) {
					t.Fatalf("case %d proof %d: decoded %v\n got %x\nwant %x", n, i, err, back, plain)
				}
			}
			item, err := tr.ProveItems(keys)
			if err != nil || !equal(item, plainBytes(p.Item)) {
				t.Fatalf("case %d proof %d of items: %v\n got %x\nwant %x", n, i, err, item, p.Item)
			}
			proofs += 3
		}
		for i, k := range c.Checks {
			switch k.Kind {
			case "item":
				item := Item{Key: k.Key, Absent: k.Value == nil}
				if k.Value != nil {
					item.Value = *k.Value
				}
				if err := VerifyItems(root, plainBytes(k.Proof), []Item{item}, k.Version); (err == nil) != k.OK {
					t.Fatalf("case %d check %d: %v, want ok %v", n, i, err, k.OK)
				}
			case "compact":
				got, err := DecodeCompact(root, plainBytes(k.Proof))
				if (err == nil) != k.OK || !equal(got, plainBytes(k.Plain)) {
					t.Fatalf("case %d check %d: %v, want ok %v\n got %x\nwant %x", n, i, err, k.OK, got, k.Plain)
				}
			default:
				t.Fatalf("unknown check %q", k.Kind)
			}
			checks++
			if k.OK {
				accepted++
			}
		}
		rec := NewRecorder()
		view := tr.Record(rec)
		for i, o := range c.Execution.Ops {
			var err error
			switch o.Op {
			case "get":
				_, _, err = view.Get(o.Key)
			case "has":
				_, err = view.Has(o.Key)
			case "next":
				var got []byte
				var ok bool
				got, ok, err = view.NextKey(o.Key)
				if ok != (o.Got != nil) || ok && !bytes.Equal(got, *o.Got) {
					t.Fatalf("case %d op %d: next key %x", n, i, got)
				}
			}
			if err != nil || rec.Size() != o.Size {
				t.Fatalf("case %d op %d %s %x: %v, size %d, want %d", n, i, o.Op, o.Key, err, rec.Size(), o.Size)
			}
			ops++
		}
		after := view.Snapshot()
		for _, d := range c.Execution.Delta {
			var err error
			if d.Value == nil {
				err = after.Delete(d.Key)
			} else {
				err = after.Put(d.Key, *d.Value, V1)
			}
			if err != nil {
				t.Fatal(err)
			}
			ops++
		}
		if got := after.Root(); got != hash.H256(c.Execution.Root) {
			t.Fatalf("case %d: root after execution %s, want %x", n, got, c.Execution.Root)
		}
		if want := plainBytes(c.Execution.Plain); !equal(rec.Proof(), want) || rec.Size() != c.Execution.Size {
			t.Errorf("case %d: execution recorded %d nodes of size %d, want %d of %d", n, len(rec.Proof()), rec.Size(), len(want), c.Execution.Size)
		}
	}
	t.Logf("%d cases: %d steps, %d roots of lists, %d proofs, %d checks of proofs (%d accepted), %d recorded operations",
		len(file.Cases), steps, roots, proofs, checks, accepted, ops)
}

// TestPolkadotTests runs the state-trie fixtures of w3f/polkadot-tests as that suite's adapters do. The suite states no
// roots, it compares hosts; testdata/polkadot_tests.json.gz has those of Substrate's crates.
func TestPolkadotTests(t *testing.T) {
	var cases []struct {
		File, Command string
		KeysInHex     bool `json:"keys_in_hex"`
		Roots         []hexBytes
	}
	readVectors(t, "polkadot_tests.json.gz", &cases)
	if len(cases) != 18 {
		t.Fatalf("%d cases, want 18", len(cases))
	}
	dir := outside.Path(t, len(cases), "w3f/polkadot-tests/fixtures/state-trie")
	roots := 0
	for _, c := range cases {
		t.Run(c.Command+"/"+c.File, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(dir, c.File+".yaml"))
			if err != nil {
				t.Fatal(err)
			}
			var file struct{ Keys, Values []string }
			if err := yaml.Unmarshal(raw, &file); err != nil {
				t.Fatal(err)
			}
			if len(file.Keys) == 0 || len(file.Keys) != len(file.Values) {
				t.Fatalf("%d keys, %d values", len(file.Keys), len(file.Values))
			}
			var pairs []Pair
			for i, k := range file.Keys {
				key := []byte(k)
				if c.KeysInHex {
					if key, err = hex.DecodeString(k); err != nil {
						t.Fatal(err)
					}
				}
				pairs = append(pairs, Pair{key, []byte(file.Values[i])})
			}
			tr := New()
			var got []hash.H256
			for _, p := range pairs {
				if err := tr.Put(p.Key, p.Value, V0); err != nil {
					t.Fatal(err)
				}
				if c.Command == "insert-and-delete" {
					got = append(got, tr.Root())
				}
			}
			if c.Command == "trie-root" {
				got = append(got, RootOf(pairs, V0))
				if tr.Root() != got[0] {
					t.Fatalf("trie %s, builder %s", tr.Root(), got[0])
				}
			} else {
				for len(pairs) > 0 {
					root := tr.Root()
					i := int(root[0]) % len(pairs)
					if err := tr.Delete(pairs[i].Key); err != nil {
						t.Fatal(err)
					}
					pairs = slices.Delete(pairs, i, i+1)
					got = append(got, tr.Root())
				}
			}
			if len(got) != len(c.Roots) {
				t.Fatalf("%d roots, want %d", len(got), len(c.Roots))
			}
			for i := range got {
				if got[i] != hash.H256(c.Roots[i]) {
					t.Fatalf("root %d: %s, want %x", i, got[i], c.Roots[i])
				}
			}
			roots += len(got)
		})
	}
	t.Logf("%d cases, %d roots", len(cases), roots)
}
