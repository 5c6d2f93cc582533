package conformance

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
)

// survey counts what metadata describes. Every reader counts it again with its own eyes.
type survey struct {
	Types, Pallets, Storage, Calls, Events, Errors, Constants int
	Values                                                    int // constants, and defaults of storage items that have one: SCALE that is decoded through the registry
	Extensions, APIs                                          int
}

func surveyOf(m *metadata.Metadata) (n survey) {
	n.Types, n.Pallets, n.Extensions = len(m.Types), len(m.Pallets), len(m.Extrinsic.Extensions)
	for _, p := range m.Pallets {
		n.Calls += len(m.Variants(p.Calls))
		n.Events += len(m.Variants(p.Event))
		n.Errors += len(m.Variants(p.Error))
		n.Constants += len(p.Constants)
		if p.Storage != nil {
			n.Storage += len(p.Storage.Entries)
			for _, e := range p.Storage.Entries {
				if e.Modifier == metadata.Default {
					n.Values++
				}
			}
		}
	}
	n.Values += n.Constants
	for _, api := range m.APIs {
		n.APIs += len(api.Methods)
	}
	return n
}

// reader is a client's decoder of metadata: a program that reads it, writes it again, decodes every value in it and counts.
type reader struct {
	name     string
	env      *environment
	program  string
	versions []uint32
	hashes   bool // whether it calculates the metadata hash, from version 15
}

// The versions are those that the library knows, and clients use it for.
var readers = []reader{
	{"polkadot.js", npm, "polkadotjs-metadata.mjs", []uint32{14, 15}, false},
	{"polkadot-api", npm, "papi-metadata.mjs", []uint32{14, 15}, true},
	{"py-scale-codec", sdk, "scalecodec_metadata.py", []uint32{14}, false},
	{"bt-decode", sdk, "bt_decode_metadata.py", []uint32{15}, false},
	{"cyscale", btcli, "scalecodec_metadata.py", []uint32{14, 15}, false},
}

type metadataInput struct {
	Metadata map[uint32]string `json:"metadata"`
	Info     hashInfo          `json:"info"`
}

// hashInfo is what RFC 78 hashes besides the metadata and what it does not find there.
type hashInfo struct {
	Decimals    uint8  `json:"decimals"`
	TokenSymbol string `json:"tokenSymbol"`
}

type metadataOutput struct {
	Failures []string
	Versions map[uint32]survey
	Digest   *string
}

// TestMetadata gives the metadata of each subject, and that of Substrate's own node, to every reader.
func TestMetadata(t *testing.T) {
	cases := 0
	for _, r := range readers {
		cases += len(r.versions)
	}
	check := func(t *testing.T, all map[uint32][]byte) {
		t.Helper()
		for _, r := range readers {
			var versions []uint32 // that the runtime has and the reader knows
			for _, v := range r.versions {
				if all[v] != nil {
					versions = append(versions, v)
				}
			}
			if len(versions) == 0 {
				continue
			}
			t.Run(r.name, func(t *testing.T) {
				r.env.ready(t, len(versions))
				in := metadataInput{Metadata: make(map[uint32]string), Info: hashInfo{9, "TAO"}}
				want := make(map[uint32]survey)
				var digest string
				for _, v := range versions {
					m, err := metadata.Decode(all[v])
					if err != nil {
						t.Fatal(err)
					}
					in.Metadata[v] = "0x" + hex.EncodeToString(all[v])
					want[v] = surveyOf(m)
					if v == 15 {
						digest = digestOf(t, m, in.Info)
					}
				}
				var out metadataOutput
				r.env.run(t, r.program, in, &out)
				for _, f := range out.Failures {
					t.Error(f)
				}
				for v, n := range want {
					if out.Versions[v] != n {
						t.Errorf("version %d: counted %+v, want %+v", v, out.Versions[v], n)
					}
					t.Logf("version %d: %+v", v, out.Versions[v])
				}
				if r.hashes && digest != "" {
					if out.Digest == nil {
						t.Error("no metadata hash (RFC 78)")
					} else if *out.Digest != digest {
						t.Errorf("metadata hash (RFC 78): got %s, want %s", *out.Digest, digest)
					} else {
						t.Logf("metadata hash (RFC 78): %s", digest)
					}
				}
			})
		}
	}
	for _, s := range subjects {
		t.Run(s.name, func(t *testing.T) {
			c := s.get(t, cases)
			if s == ours && len(c.metadata) != 2 {
				t.Errorf("metadata of versions %v, expected 14 and 15", slices.Sorted(maps.Keys(c.metadata)))
			}
			check(t, c.metadata)
		})
	}
	t.Run("substrate node", func(t *testing.T) {
		npm.ready(t, cases)
		check(t, referenceMetadata(t))
	})
}

// digestOf is the metadata hash of RFC 78 by our own calculation, over the version and the address prefix that m states.
func digestOf(t *testing.T, m *metadata.Metadata, info hashInfo) string {
	t.Helper()
	constants := make(map[string][]byte)
	for _, c := range m.Pallet("System").Constants {
		constants[c.Name] = c.Value
	}
	version, err := scale.Unmarshal[chain.RuntimeVersion](constants["Version"])
	if err != nil {
		t.Fatal(err)
	}
	prefix, err := scale.UnmarshalFunc(constants["SS58Prefix"], (*scale.Decoder).U16)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := m.Digest(metadata.ChainInfo{
		SpecVersion: version.SpecVersion, SpecName: version.SpecName, SS58Prefix: prefix, Decimals: info.Decimals, Symbol: info.TokenSymbol,
	})
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

func referenceMetadata(t *testing.T) map[uint32][]byte {
	t.Helper()
	var out struct{ Metadata map[uint32]string }
	npm.run(t, "reference-metadata.mjs", map[string]any{"versions": []int{14, 15}}, &out)
	all := make(map[uint32][]byte)
	for v, text := range out.Metadata {
		data, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
		if err != nil {
			t.Fatal(err)
		}
		all[v] = data
	}
	if len(all) != 2 {
		t.Fatalf("%d versions", len(all))
	}
	return all
}

// TestMetadataShape checks in the metadata what clients take for granted without asking the registry.
func TestMetadataShape(t *testing.T) {
	for _, s := range subjects {
		t.Run(s.name, func(t *testing.T) {
			c := s.get(t, 1)
			decode := func(version uint32) *metadata.Metadata {
				data, ok := c.metadata[version]
				if !ok {
					if s == ours {
						t.Fatalf("no metadata of version %d", version)
					}
					return nil
				}
				m, err := metadata.Decode(data)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(m.Encode(), data) {
					t.Errorf("version %d: written again it differs", version)
				}
				return m
			}
			m14, m15 := decode(14), decode(15)
			shape(t, m14, s == ours)
			if m15 != nil {
				shape(t, m15, s == ours)
				sameTypes(t, m14, m15)
			}
		})
	}
}

// sameTypes: clients take type numbers from version 14 and look them up in version 15, which may have more types behind.
func sameTypes(t *testing.T, m14, m15 *metadata.Metadata) {
	t.Helper()
	if len(m15.Types) < len(m14.Types) {
		t.Fatalf("%d types in version 15, %d in version 14", len(m15.Types), len(m14.Types))
	}
	for i := range m14.Types {
		a, b := &m14.Types[i], &m15.Types[i]
		if !slices.Equal(a.Path, b.Path) || a.Def.Kind != b.Def.Kind || a.Def.Primitive != b.Def.Primitive || a.Def.Len != b.Def.Len || a.Def.Elem != b.Def.Elem ||
			!slices.Equal(a.Def.Elems, b.Def.Elems) || !reflect.DeepEqual(a.Def.Fields, b.Def.Fields) || !reflect.DeepEqual(a.Def.Variants, b.Def.Variants) {
			t.Errorf("type %d: %s %v in version 14, %s %v in version 15", i, a.Path, a.Def, b.Path, b.Def)
		}
	}
}

// shape checks one version. Where strict is set it also asks for what came with later Subtensor runtimes than the control.
func shape(t *testing.T, m *metadata.Metadata, strict bool) {
	t.Helper()
	path := func(id metadata.TypeID) string { return strings.Join(m.Type(id).Path, "::") }
	paths := make(map[string][]metadata.TypeID)
	for i := range m.Types {
		if m.Types[i].ID != metadata.TypeID(i) {
			t.Fatalf("type at index %d has the number %d", i, m.Types[i].ID)
		}
		paths[path(m.Types[i].ID)] = append(paths[path(m.Types[i].ID)], m.Types[i].ID)
	}
	if got := path(0); got != "sp_core::crypto::AccountId32" {
		t.Errorf("type 0 is %q", got)
	}
	if m.Extrinsic.Version != 4 {
		t.Errorf("extrinsics of version %d", m.Extrinsic.Version)
	}
	needed := []string{"sp_runtime::multiaddress::MultiAddress", "sp_runtime::generic::era::Era", "primitive_types::H256", "sp_weights::weight_v2::Weight",
		"sp_runtime::generic::digest::DigestItem", "frame_system::EventRecord"}
	if strict {
		needed = append(needed, "sp_runtime::generic::unchecked_extrinsic::UncheckedExtrinsic")
	}
	for _, p := range needed {
		if len(paths[p]) == 0 {
			t.Errorf("no type %s", p)
		}
	}
	for _, id := range paths["sp_runtime::generic::unchecked_extrinsic::UncheckedExtrinsic"] {
		var names []string
		for _, p := range m.Type(id).Params {
			names = append(names, p.Name)
			if p.Type == nil {
				t.Errorf("UncheckedExtrinsic: parameter %s has no type", p.Name)
			}
		}
		if fmt.Sprint(names) != "[Address Call Signature Extra]" {
			t.Errorf("UncheckedExtrinsic has the parameters %v", names)
		}
	}

	// The outer enums have a case for each pallet: its name, its index, one field.
	outer := func(name string, part func(*metadata.Pallet) *metadata.TypeID) {
		var found *metadata.Type
		for i := range m.Types {
			if p := m.Types[i].Path; len(p) == 2 && p[1] == name {
				found = &m.Types[i]
			}
		}
		if found == nil {
			t.Errorf("no type *::%s of two segments", name)
			return
		}
		want := make(map[string]string)
		for i := range m.Pallets {
			if id := part(&m.Pallets[i]); id != nil {
				want[m.Pallets[i].Name] = fmt.Sprintf("%d %d", m.Pallets[i].Index, *id)
			}
		}
		got := make(map[string]string)
		for _, v := range found.Def.Variants {
			if len(v.Fields) != 1 || v.Fields[0].Name != nil {
				t.Errorf("%s::%s: expected one field without a name, got %d", name, v.Name, len(v.Fields))
				continue
			}
			got[v.Name] = fmt.Sprintf("%d %d", v.Index, v.Fields[0].Type)
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	outer("RuntimeCall", func(p *metadata.Pallet) *metadata.TypeID { return p.Calls })
	outer("RuntimeEvent", func(p *metadata.Pallet) *metadata.TypeID { return p.Event })

	for i := range m.Pallets {
		p := &m.Pallets[i]
		for at, v := range m.Variants(p.Error) {
			if int(v.Index) != at {
				t.Errorf("%s: error %s has index %d at position %d", p.Name, v.Name, v.Index, at)
			}
		}
		if p.Storage == nil {
			continue
		}
		for _, e := range p.Storage.Entries {
			for _, h := range e.Hashers {
				if strict && h != metadata.Blake2_128Concat && h != metadata.Twox64Concat && h != metadata.Identity {
					t.Errorf("%s.%s: hasher %d, whose keys cannot be read back", p.Name, e.Name, h)
				}
			}
		}
	}

	if strict && m.Version >= 15 {
		for _, part := range []struct {
			name string
			id   metadata.TypeID
			path string
		}{
			{"address", m.Extrinsic.Address, "sp_runtime::multiaddress::MultiAddress"},
			{"signature", m.Extrinsic.Signature, "sp_runtime::MultiSignature"},
		} {
			if got := path(part.id); got != part.path {
				t.Errorf("extrinsic %s is %q", part.name, got)
			}
		}
		if got := path(m.Extrinsic.Call); !strings.HasSuffix(got, "::RuntimeCall") {
			t.Errorf("extrinsic call is %q", got)
		}
	}
	if strict {
		var names []string
		for _, e := range m.Extrinsic.Extensions {
			names = append(names, e.Name)
		}
		if !slices.Equal(names, extensions) {
			t.Errorf("extensions: got %v, want %v", names, extensions)
		}
	}
}

// extensions are those of Subtensor at spec 425, in its order. Source: opentensor/subtensor runtime/src/lib.rs.
var extensions = []string{"CheckNonZeroSender", "CheckSpecVersion", "CheckTxVersion", "CheckGenesis", "CheckMortality", "CheckNonce", "CheckWeight",
	"ChargeTransactionPayment", "SudoTransactionExtension", "CheckShieldedTxValidity", "SubtensorTransactionExtension", "DrandPriority", "CheckMetadataHash"}
