package subtensortrial

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/describe"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/fixed"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/native"
)

// spec is testdata/spec425.json.
type spec struct {
	Storage []struct {
		Name, Kind, Value, Query string
		Keys                     []struct{ Type, Hasher string }
		Default                  string `json:"default_hex"`
	}
	Calls []struct {
		Name   string
		Index  uint8
		Args   []specField
		Weight struct {
			RefTime   uint64 `json:"ref_time"`
			ProofSize uint64 `json:"proof_size"`
			Reads     uint64
			Writes    uint64
		} `json:"weight_base"`
		Class, Pays string
	}
	Events []struct {
		Name   string
		Index  uint8
		Fields []specField
	}
	Errors []struct {
		Name  string
		Index uint8
	}
	Constants []struct {
		Name, Type string
		Value      uint64
	}
}

type specField struct {
	Name *string
	Type string
}

func load(t *testing.T) (s spec) {
	data, err := os.ReadFile("testdata/spec425.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Storage) < 30 || len(s.Calls) < 12 || len(s.Events) < 12 || len(s.Errors) < 5 || len(s.Constants) < 4 {
		t.Fatalf("%d items, %d calls, %d events, %d errors, %d constants: too few", len(s.Storage), len(s.Calls), len(s.Events), len(s.Errors), len(s.Constants))
	}
	return s
}

func install() *Pallet {
	p := &Pallet{Constants: Constants{InitialTempo: 360, InitialMaxDifficulty: 4611686018427387903, InitialBurn: 100000000}}
	frame.Install(nil, frame.Entry{Index: 7, Name: "SubtensorModule", Pallet: p})
	return p
}

// asInner are the types of the original that metadata shows as what they are made of, and the names of fixed-point types in metadata.
var asInner = strings.NewReplacer("NetUidStorageIndex", "u16", "NetUid", "u16", "MechId", "u8", "TaoBalance", "u64", "AlphaBalance", "u64",
	"I64F64", "FixedI128", "I96F32", "FixedI128", "U64F64", "FixedU128", "VecDeque", "Vec", "ecdsa::Signature", "Signature")

var bound = regexp.MustCompile(`BoundedVec<u8, \d+>`)

// expected returns a type of the spec in the spelling of show.
func expected(t string) string {
	t = bound.ReplaceAllString(asInner.Replace(t), "BoundedVec<u8>")
	if name, _, ok := strings.Cut(t, "<"); ok && name == "SubnetLease" {
		return name
	}
	return t
}

// show spells a type of the metadata.
func show(m *metadata.Metadata, id metadata.TypeID) string {
	t := m.Type(id)
	list := func(ids []metadata.TypeID) string {
		var parts []string
		for _, id := range ids {
			parts = append(parts, show(m, id))
		}
		return strings.Join(parts, ", ")
	}
	switch t.Def.Kind {
	case metadata.Primitive:
		return t.Def.Primitive.String()
	case metadata.Sequence:
		return "Vec<" + show(m, t.Def.Elem) + ">"
	case metadata.Array:
		return fmt.Sprintf("[%s; %d]", show(m, t.Def.Elem), t.Def.Len)
	case metadata.Tuple:
		return "(" + list(t.Def.Elems) + ")"
	case metadata.Compact:
		return "Compact<" + show(m, t.Def.Elem) + ">"
	}
	name := t.Path[len(t.Path)-1]
	var params []metadata.TypeID
	for _, p := range t.Params {
		if p.Type != nil && slices.Contains([]string{"Option", "Result", "BoundedVec", "BTreeMap", "BTreeSet"}, name) {
			params = append(params, *p.Type)
		}
	}
	if params == nil {
		return name
	}
	return name + "<" + list(params) + ">"
}

func TestAgainstSpec(t *testing.T) {
	want := load(t)
	p := install()
	m, err := describe.Build(describe.Runtime{Pallets: []frame.Pallet{p}, Extensions: []string{"CheckNonce"}, APIs: []string{"Core"}})
	if err != nil {
		t.Fatal(err)
	}
	if m, err = metadata.Decode(m.Encode()); err != nil { // what a client sees
		t.Fatal(err)
	}
	pallet := m.Pallet("SubtensorModule")
	compared := 0
	same := func(what string, got, want any) {
		t.Helper()
		compared++
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, expected %v", what, got, want)
		}
	}

	same("number of items", len(pallet.Storage.Entries), len(want.Storage))
	for i, w := range want.Storage {
		e := pallet.Storage.Entries[i]
		same(fmt.Sprint("name of item ", i), e.Name, w.Name)
		same("value of "+w.Name, show(m, e.Value), expected(w.Value))
		same("kind of "+w.Name, map[int]string{0: "value", 1: "map", 2: "dmap", 3: "nmap"}[len(e.Hashers)], w.Kind)
		same("query of "+w.Name, e.Modifier == metadata.Optional, w.Query == "OptionQuery")
		if w.Query == "ValueQuery" {
			same("default of "+w.Name, "0x"+hex.EncodeToString(e.Default), w.Default)
		}
		var hashers, keys, wantHashers, wantKeys []string
		for j, k := range w.Keys {
			hashers = append(hashers, map[metadata.Hasher]string{metadata.Blake2_128Concat: "Blake2_128Concat", metadata.Twox64Concat: "Twox64Concat", metadata.Identity: "Identity"}[e.Hashers[j]])
			wantHashers, wantKeys = append(wantHashers, k.Hasher), append(wantKeys, expected(k.Type))
		}
		same("hashers of "+w.Name, hashers, wantHashers)
		switch len(w.Keys) {
		case 0:
		case 1:
			keys = []string{show(m, *e.Key)}
		default:
			for _, id := range m.Type(*e.Key).Def.Elems {
				keys = append(keys, show(m, id))
			}
		}
		same("keys of "+w.Name, keys, wantKeys)
	}

	calls := m.Variants(pallet.Calls)
	same("number of calls", len(calls), len(want.Calls))
	for i, w := range want.Calls {
		same("call", fmt.Sprint(calls[i].Index, calls[i].Name, fields(m, calls[i].Fields)), fmt.Sprint(w.Index, w.Name, expectedFields(w.Args)))
		call := p.DecodeCall(scale.NewDecoder(append([]byte{w.Index}, make([]byte, 500)...)))
		info := call.Info()
		same("weight of "+w.Name, info.Call, frame.RefTime(w.Weight.RefTime).Proof(w.Weight.ProofSize).Reads(w.Weight.Reads).Writes(w.Weight.Writes))
		same("class of "+w.Name, info.Class, map[string]frame.Class{"Normal": frame.Normal, "Operational": frame.Operational}[w.Class])
		same("pays of "+w.Name, info.Pays, map[string]frame.Pays{"Yes": frame.Yes, "No": frame.No}[w.Pays])
	}

	events := m.Variants(pallet.Event)
	same("number of events", len(events), len(want.Events))
	for i, w := range want.Events {
		same("event", fmt.Sprint(events[i].Index, events[i].Name, fields(m, events[i].Fields)), fmt.Sprint(w.Index, w.Name, expectedFields(w.Fields)))
	}
	refusals := m.Variants(pallet.Error)
	same("number of errors", len(refusals), len(want.Errors))
	for i, w := range want.Errors {
		same("error", fmt.Sprint(refusals[i].Index, refusals[i].Name), fmt.Sprint(w.Index, w.Name))
		if len(refusals[i].Docs) == 0 {
			t.Errorf("error %s has no text", w.Name)
		}
	}
	same("number of constants", len(pallet.Constants), len(want.Constants))
	for i, w := range want.Constants {
		c := pallet.Constants[i]
		value := scale.AppendU64(nil, w.Value)
		if w.Type == "u16" {
			value = value[:2]
		}
		same("constant", fmt.Sprintf("%s %s %x", c.Name, show(m, c.Type), c.Value), fmt.Sprintf("%s %s %x", w.Name, expected(w.Type), value))
	}
	t.Logf("%d comparisons", compared)
}

func fields(m *metadata.Metadata, fields []metadata.Field) (out []string) {
	for _, f := range fields {
		name := "-"
		if f.Name != nil {
			name = *f.Name
		}
		out = append(out, name+" "+show(m, f.Type))
	}
	return out
}

func expectedFields(fields []specField) (out []string) {
	for _, f := range fields {
		name := "-"
		if f.Name != nil {
			name = *f.Name
		}
		out = append(out, name+" "+expected(f.Type))
	}
	return out
}

// TestRootClaimType: the enum with data, in an item, a call and an event.
func TestRootClaimType(t *testing.T) {
	p := install()
	who := chain.AccountID{1}
	kept := RootClaimType{Kind: ClaimKeepSubnets, Subnets: NetUIDs{1, 2}}
	call := &SetRootClaimTypeCall{NewRootClaimType: kept}
	if got := hex.EncodeToString(call.AppendScale(nil)); got != "077a"+"02"+"08"+"01000200" {
		t.Errorf("the call encodes to %s", got)
	}
	native.New(t).Run(func() {
		if _, err := frame.Dispatch(call, frame.SignedBy(who)); err != nil {
			t.Fatal(err)
		}
		if got := p.RootClaimType.Get(who); got.Kind != kept.Kind || !slices.Equal(got.Subnets, kept.Subnets) {
			t.Errorf("stored %+v", got)
		}
		for subnet := NetUID(1); subnet <= 3; subnet++ {
			if _, err := frame.Dispatch(&AddStakeCall{Hotkey: chain.AccountID{2}, Netuid: subnet, AmountStaked: 5}, frame.SignedBy(who)); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		for k, v := range p.Alpha.Under(stakeKey{Hotkey: chain.AccountID{2}, Coldkey: who}, 2) {
			n++
			if k.Coldkey != who || v != fixed.U64F64FromUint64(5) {
				t.Errorf("%+v holds %v", k, v)
			}
		}
		if n != 3 {
			t.Errorf("%d stakes, expected 3", n)
		}
	})
}
