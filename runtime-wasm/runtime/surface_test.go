package runtime

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/primitives/metadata"
)

// surface is what testdata/spec425.json holds: the public surface of Subtensor's runtime at spec 425, item by item, as far as this runtime has the
// pallets. testdata/README.md says where it comes from.
type surface struct {
	Pallets []struct {
		Name    string
		Index   uint8
		Storage []struct {
			Name, Kind, Value, Query string
			Keys                     []struct{ Type, Hasher string }
			DefaultHex               string `json:"default_hex"`
		}
		Calls []struct {
			Name  string
			Index uint8
			Args  []struct{ Name, Type string }
		}
		Events []struct {
			Name   string
			Index  uint8
			Fields []struct{ Name, Type string }
		}
		Errors []struct {
			Name  string
			Index uint8
		}
		Constants []struct {
			Name, Type string
			Value      any
			ValueFast  any `json:"value_fast"`
		}
	}
	APIs []struct {
		Trait   string
		Version uint32
		ID      string
		Methods []struct {
			Name    string
			Args    []struct{ Name, Type string }
			Returns string
		}
	} `json:"runtime_apis"`
	Extensions []struct{ Identifier string } `json:"transaction_extensions"`
	Types      []struct {
		Name, Kind string
		TypeInfo   string `json:"type_info"`
		Fields     []struct {
			Name *string
			Type string
		}
		Variants []struct {
			Name   string
			Index  uint8
			Fields []struct {
				Name *string
				Type string
			}
		}
	}
}

func readSurface(t *testing.T) (s surface) {
	raw, err := os.ReadFile("testdata/spec425.json")
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// spelling are names of spec425.json that metadata shows as something else.
var spelling = map[string]string{
	"TaoBalance": "u64", "AlphaBalance": "u64", "NetUid": "u16", "sr25519::Public": "Public", "ed25519::Public": "Public",
	"WeakBoundedVec": "Vec", "BoundedVec": "Vec", "Slot(u64)": "Slot", "BlockLength": "BlockLength", "Void": "Void",
}

// declaredArgs are names of arguments that metadata takes from the declaration of the API in sp_block_builder and sp_genesis_builder, while spec425.json has those of
// the implementation in Subtensor's runtime.
var declaredArgs = map[string]string{"BlockBuilder.inherent_extrinsics": "inherent", "GenesisBuilder.build_state": "json"}

// expected puts a type as spec425.json spells it into the form of rendered.
func expected(text string) string {
	text = strings.TrimSpace(text)
	if short, ok := spelling[text]; ok {
		return short
	}
	parts := func(inside string) (out []string) {
		depth, start := 0, 0
		for i, c := range inside {
			switch c {
			case '<', '(', '[':
				depth++
			case '>', ')', ']':
				depth--
			case ',', ';':
				if depth == 0 {
					out = append(out, expected(inside[start:i]))
					start = i + 1
				}
			}
		}
		if strings.TrimSpace(inside[start:]) != "" {
			out = append(out, expected(inside[start:]))
		}
		return out
	}
	switch {
	case strings.HasPrefix(text, "("):
		return "(" + strings.Join(parts(text[1:len(text)-1]), ", ") + ")"
	case strings.HasPrefix(text, "["):
		return "[" + strings.Join(parts(text[1:len(text)-1]), "; ") + "]"
	}
	name, inside, ok := strings.Cut(text, "<")
	if !ok {
		return text[strings.LastIndex(text, ":")+1:]
	}
	args := parts(strings.TrimSuffix(inside, ">"))
	if short, ok := spelling[name]; ok {
		name = short
	}
	switch name {
	case "Vec", "Option", "Compact":
		return name + "<" + args[0] + ">"
	case "Result":
		return name + "<" + strings.Join(args, ", ") + ">"
	}
	return name[strings.LastIndex(name, ":")+1:]
}

// rendered spells a type of metadata: the last segment of its path, except for containers.
func rendered(m *metadata.Metadata, id metadata.TypeID) string {
	t := m.Type(id)
	list := func(ids []metadata.TypeID) (out []string) {
		for _, id := range ids {
			out = append(out, rendered(m, id))
		}
		return out
	}
	switch d := &t.Def; d.Kind {
	case metadata.Primitive:
		return d.Primitive.String()
	case metadata.Sequence:
		return "Vec<" + rendered(m, d.Elem) + ">"
	case metadata.Array:
		return fmt.Sprintf("[%s; %d]", rendered(m, d.Elem), d.Len)
	case metadata.Tuple:
		return "(" + strings.Join(list(d.Elems), ", ") + ")"
	case metadata.Compact:
		return "Compact<" + rendered(m, d.Elem) + ">"
	}
	name := t.Path[len(t.Path)-1]
	switch name {
	case "BoundedVec", "WeakBoundedVec":
		return rendered(m, t.Def.Fields[0].Type)
	case "Option":
		return "Option<" + rendered(m, t.Def.Variants[1].Fields[0].Type) + ">"
	case "Result":
		return "Result<" + rendered(m, t.Def.Variants[0].Fields[0].Type) + ", " + rendered(m, t.Def.Variants[1].Fields[0].Type) + ">"
	}
	return name
}

// TestSurface holds the metadata of the runtime against Subtensor's surface at spec 425: every storage item, call, event, error and constant of the
// pallets that this runtime has, in order, with their types.
func TestSurface(t *testing.T) {
	want, m := readSurface(t), buildMetadata(t)
	count := 0
	equal := func(what string, got, want any) {
		t.Helper()
		count++
		if got != want {
			t.Errorf("%s: got %v, expected %v", what, got, want)
		}
	}
	for i, p := range want.Pallets {
		if i >= len(m.Pallets) {
			t.Fatalf("pallet %s is missing", p.Name)
		}
		got := &m.Pallets[i]
		equal("pallet", fmt.Sprint(got.Index, " ", got.Name), fmt.Sprint(p.Index, " ", p.Name))
		var entries []metadata.StorageEntry
		if got.Storage != nil {
			entries = got.Storage.Entries
		}
		equal(p.Name+" storage items", len(entries), len(p.Storage))
		for i, s := range p.Storage {
			if i >= len(entries) {
				t.Errorf("%s.%s is missing", p.Name, s.Name)
				continue
			}
			e, what := &entries[i], p.Name+"."+s.Name
			equal(what, e.Name, s.Name)
			equal(what+" value", rendered(m, e.Value), expected(s.Value))
			query := map[metadata.Modifier]string{metadata.Default: "ValueQuery", metadata.Optional: "OptionQuery"}[e.Modifier]
			equal(what+" query", query, s.Query)
			if s.Query == "ValueQuery" {
				equal(what+" default", "0x"+hex.EncodeToString(e.Default), s.DefaultHex)
			}
			var hashers, keys []string
			for _, k := range s.Keys {
				hashers, keys = append(hashers, k.Hasher), append(keys, expected(k.Type))
			}
			var gotHashers []string
			for _, h := range e.Hashers {
				gotHashers = append(gotHashers, [...]string{"Blake2_128", "Blake2_256", "Blake2_128Concat", "Twox128", "Twox256", "Twox64Concat", "Identity"}[h])
			}
			equal(what+" hashers", fmt.Sprint(gotHashers), fmt.Sprint(hashers))
			key := ""
			if e.Key != nil {
				key = rendered(m, *e.Key)
			}
			wantKey := strings.Join(keys, ", ")
			if len(keys) > 1 {
				wantKey = "(" + wantKey + ")"
			}
			equal(what+" key", key, wantKey)
		}
		variants := func(kind string, id *metadata.TypeID, n int) []metadata.Variant {
			v := m.Variants(id)
			equal(p.Name+" "+kind, len(v), n)
			slices.SortFunc(v, func(a, b metadata.Variant) int { return int(a.Index) - int(b.Index) })
			return v
		}
		fields := func(what string, got []metadata.Field, want []struct{ Name, Type string }) {
			equal(what+" fields", len(got), len(want))
			for i := range min(len(got), len(want)) {
				name := ""
				if got[i].Name != nil {
					name = *got[i].Name
				}
				equal(what+" field", name+": "+rendered(m, got[i].Type), want[i].Name+": "+expected(want[i].Type))
			}
		}
		calls := variants("calls", got.Calls, len(p.Calls))
		for i := range min(len(calls), len(p.Calls)) {
			c, w := calls[i], p.Calls[i]
			equal(p.Name+" call", fmt.Sprint(c.Index, " ", c.Name), fmt.Sprint(w.Index, " ", w.Name))
			fields(p.Name+"."+w.Name, c.Fields, w.Args)
			equal(p.Name+"."+w.Name+" is documented", len(c.Docs) > 0, true)
		}
		events := variants("events", got.Event, len(p.Events))
		for i := range min(len(events), len(p.Events)) {
			e, w := events[i], p.Events[i]
			equal(p.Name+" event", fmt.Sprint(e.Index, " ", e.Name), fmt.Sprint(w.Index, " ", w.Name))
			fields(p.Name+"."+w.Name, e.Fields, w.Fields)
		}
		errs := variants("errors", got.Error, len(p.Errors))
		for i := range min(len(errs), len(p.Errors)) {
			equal(p.Name+" error", fmt.Sprint(errs[i].Index, " ", errs[i].Name), fmt.Sprint(p.Errors[i].Index, " ", p.Errors[i].Name))
			equal(p.Name+" error "+errs[i].Name+" is documented", len(errs[i].Docs) > 0, true)
		}
		equal(p.Name+" constants", len(got.Constants), len(p.Constants))
		for i := range min(len(got.Constants), len(p.Constants)) {
			c, w := got.Constants[i], p.Constants[i]
			equal(p.Name+" constant", c.Name+": "+rendered(m, c.Type), w.Name+": "+expected(w.Type))
			if Fast && w.ValueFast != nil {
				w.Value = w.ValueFast
			}
			if n, ok := w.Value.(float64); ok && len(c.Value) <= 8 {
				var v uint64
				for i, b := range c.Value {
					v |= uint64(b) << (8 * i)
				}
				equal(p.Name+" constant "+c.Name, v, uint64(n))
			}
		}
	}
	equal("pallets", len(m.Pallets), len(want.Pallets))

	types := 0
	for i := range m.Types {
		got := &m.Types[i]
		if len(got.Path) == 0 {
			continue
		}
		for _, w := range want.Types {
			if w.Name != got.Path[len(got.Path)-1] || w.TypeInfo != "" || w.Name == "RuntimeHoldReason" || w.Name == "RuntimeFreezeReason" || w.Name == "OriginCaller" {
				continue
			}
			types++
			switch got.Def.Kind {
			case metadata.Composite:
				equal(w.Name+" fields", len(got.Def.Fields), len(w.Fields))
				for i := range min(len(w.Fields), len(got.Def.Fields)) {
					name, wantName := "", ""
					if got.Def.Fields[i].Name != nil {
						name = *got.Def.Fields[i].Name
					}
					if w.Fields[i].Name != nil {
						wantName = *w.Fields[i].Name
					}
					equal(w.Name+" field", name, wantName)
				}
			case metadata.Variants:
				equal(w.Name+" variants", len(got.Def.Variants), len(w.Variants))
				for i := range min(len(w.Variants), len(got.Def.Variants)) {
					v := got.Def.Variants[i]
					equal(w.Name+" variant", fmt.Sprint(v.Index, " ", v.Name, " ", len(v.Fields)), fmt.Sprint(w.Variants[i].Index, " ", w.Variants[i].Name, " ", len(w.Variants[i].Fields)))
				}
			}
		}
	}
	for i, e := range want.Extensions {
		if i < len(m.Extrinsic.Extensions) {
			// Clients know the wrapper by the name of what it wraps.
			equal("extension", m.Extrinsic.Extensions[i].Name, strings.TrimSuffix(e.Identifier, "Wrapper"))
		}
	}
	equal("extensions", len(m.Extrinsic.Extensions), len(want.Extensions))
	for _, api := range m.APIs {
		found := false
		for _, w := range want.APIs {
			if w.Trait != api.Name {
				continue
			}
			found = true
			for _, wantMethod := range w.Methods {
				i := slices.IndexFunc(api.Methods, func(m metadata.Method) bool { return m.Name == wantMethod.Name })
				if i < 0 {
					t.Errorf("runtime API %s.%s is missing", api.Name, wantMethod.Name)
					continue
				}
				var args, wantArgs []string
				for _, in := range api.Methods[i].Inputs {
					args = append(args, in.Name)
				}
				for _, a := range wantMethod.Args {
					wantArgs = append(wantArgs, a.Name)
				}
				if declared := declaredArgs[api.Name+"."+wantMethod.Name]; declared != "" {
					wantArgs = []string{declared}
				}
				equal(api.Name+"."+wantMethod.Name, fmt.Sprint(args), fmt.Sprint(wantArgs))
			}
			equal("methods of "+api.Name, len(api.Methods), len(w.Methods))
		}
		equal("runtime API "+api.Name, found, true)
	}
	t.Logf("%d facts of %d pallets and %d types compared", count, len(want.Pallets), types)
	if count < 500 || types < 20 {
		t.Errorf("only %d facts and %d types were compared", count, types)
	}
}

func buildMetadata(t *testing.T) *metadata.Metadata {
	t.Helper()
	m, err := Describe()
	if err != nil {
		t.Fatal(err)
	}
	return m
}
