//go:build !wasm

package describe

import (
	"fmt"
	"strings"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/metadata"
)

// HoldReasoner is a pallet that puts amounts on hold: the reasons, as cases of its enum HoldReason.
type HoldReasoner interface{ HoldReasons() []metadata.Variant }

// Runtime is what metadata is made of.
type Runtime struct {
	Pallets    []frame.Pallet // in ascending order of their indices; each a Describer
	Extensions []string       // identifiers of the transaction extensions, in order
	APIs       []string       // names of the runtime APIs that the runtime has, of those in apis.go
}

// Build returns the metadata of a runtime in version 15; Encode it for V15, and V14 of it for V14.
// The error names what is missing or does not fit.
func Build(rt Runtime) (m *metadata.Metadata, err error) {
	defer func() { // types without a description, found deep inside
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("describe runtime: %v", p)
		}
	}()
	r := newRegistry()
	m = &metadata.Metadata{Version: 15}
	var calls, events, errors, holds []metadata.Variant
	for _, pallet := range rt.Pallets {
		d, ok := pallet.(Describer)
		if !ok {
			return nil, fmt.Errorf("describe runtime: pallet %s has no description: run go generate", pallet.Name())
		}
		name, index, crate := pallet.Name(), pallet.Index(), crateOf(pallet.Name())
		p := d.Describe(r)
		out := metadata.Pallet{Name: name, Index: index, Docs: p.Docs, Constants: p.Constants}
		if p.Storage != nil {
			out.Storage = &metadata.Storage{Prefix: name}
			for _, item := range p.Storage {
				out.Storage.Entries = append(out.Storage.Entries, item.entry(r))
			}
		}
		enum := func(outer *[]metadata.Variant, kind, typeName string, variants []metadata.Variant) *metadata.TypeID {
			if variants == nil {
				return nil
			}
			id := r.named(crate+" "+kind, func() metadata.Type {
				return Enum(crate+"::pallet::"+kind, Params("T", nil), variants...)
			})
			*outer = append(*outer, Variant(name, index, nil, Field("", id, typeName)))
			return &id
		}
		out.Calls = enum(&calls, "Call", "self::sp_api_hidden_includes_construct_runtime::hidden_include::dispatch\n::CallableCallFor<"+name+", Runtime>", p.Calls)
		out.Event = enum(&events, "Event", crate+"::Event<Runtime>", p.Events)
		out.Error = enum(&errors, "Error", crate+"::Error<Runtime>", p.Errors)
		if h, ok := pallet.(HoldReasoner); ok {
			enum(&holds, "HoldReason", crate+"::HoldReason", h.HoldReasons())
		}
		m.Pallets = append(m.Pallets, out)
	}
	const crate = "node_subtensor_runtime::"
	r.set(r.call, Enum(crate+"RuntimeCall", nil, calls...))
	r.set(r.event, Enum(crate+"RuntimeEvent", nil, events...))
	r.set(r.errors, Enum(crate+"RuntimeError", nil, errors...))
	r.set(r.holdReason, Enum(crate+"RuntimeHoldReason", nil, holds...))
	r.set(r.freezeReason, Enum(crate+"RuntimeFreezeReason", nil))
	m.Outer = metadata.OuterEnums{Call: r.call, Event: r.event, Error: r.errors}
	if err := r.extrinsic(m, rt.Extensions); err != nil {
		return nil, err
	}
	m.Runtime = r.named("Runtime", func() metadata.Type { return Composite(crate+"Runtime", nil) })
	for _, name := range rt.APIs {
		api, ok := apis[name]
		if !ok {
			return nil, fmt.Errorf("describe runtime: runtime API %q is not known", name)
		}
		m.APIs = append(m.APIs, api(r, m.Extrinsic.Type))
	}
	m.Types = r.types
	return m, nil
}

// V14 returns the metadata of Build in version 14. Types are shared.
func V14(m *metadata.Metadata) *metadata.Metadata {
	v14 := *m
	v14.Version, v14.APIs, v14.Custom = 14, nil, nil
	return &v14
}

func (i Item) entry(r *Registry) metadata.StorageEntry {
	e := metadata.StorageEntry{Name: i.Name, Modifier: metadata.Default, Hashers: i.Hashers, Value: i.Value, Default: i.Default, Docs: i.Docs}
	if i.Optional {
		e.Modifier, e.Default = metadata.Optional, []byte{0}
	}
	switch len(i.Keys) {
	case 0:
	case 1:
		e.Key = &i.Keys[0]
	default:
		key := Tuple(r, i.Keys...)
		e.Key = &key
	}
	return e
}

// crateOf returns the Rust crate of a pallet by its name in the runtime.
func crateOf(pallet string) string {
	switch pallet {
	case "System":
		return "frame_system"
	case "SubtensorModule":
		return "pallet_subtensor"
	case "MevShield":
		return "pallet_shield"
	case "Swap":
		return "pallet_subtensor_swap"
	}
	var b strings.Builder
	b.WriteString("pallet")
	for i := range len(pallet) {
		c := pallet[i]
		if c >= 'A' && c <= 'Z' {
			b.WriteByte('_')
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}

// extension is what stands in metadata of one transaction extension.
type extension struct {
	path     string
	typ      func(r *Registry) []metadata.Field
	implicit func(r *Registry) metadata.TypeID
}

func nothing(r *Registry) metadata.TypeID { return Tuple(r) }

// extensions are those that Subtensor's runtime has, by their identifier.
var extensions = map[string]extension{
	"CheckNonZeroSender": {path: "frame_system::extensions::check_non_zero_sender::CheckNonZeroSender"},
	"CheckSpecVersion":   {path: "frame_system::extensions::check_spec_version::CheckSpecVersion", implicit: Of[uint32]},
	"CheckTxVersion":     {path: "frame_system::extensions::check_tx_version::CheckTxVersion", implicit: Of[uint32]},
	"CheckGenesis":       {path: "frame_system::extensions::check_genesis::CheckGenesis", implicit: Of[hash.H256]},
	"CheckMortality": {
		path:     "frame_system::extensions::check_mortality::CheckMortality",
		typ:      func(r *Registry) []metadata.Field { return []metadata.Field{Field("", Of[chain.Era](r), "Era")} },
		implicit: Of[hash.H256],
	},
	"CheckNonce": {
		path: "frame_system::extensions::check_nonce::CheckNonce",
		typ: func(r *Registry) []metadata.Field {
			return []metadata.Field{Field("", Compact(r, Of[uint32](r)), "T::Nonce")}
		},
	},
	"CheckWeight": {path: "frame_system::extensions::check_weight::CheckWeight"},
	// Subtensor's wrapper describes itself as what it wraps.
	"ChargeTransactionPayment": {
		path: "pallet_transaction_payment::ChargeTransactionPayment",
		typ: func(r *Registry) []metadata.Field {
			return []metadata.Field{Field("", Compact(r, Of[uint64](r)), "BalanceOf<T>")}
		},
	},
	"SudoTransactionExtension":      {path: "node_subtensor_runtime::sudo_wrapper::SudoTransactionExtension"},
	"CheckShieldedTxValidity":       {path: "pallet_shield::extension::CheckShieldedTxValidity"},
	"SubtensorTransactionExtension": {path: "pallet_subtensor::extensions::subtensor::SubtensorTransactionExtension"},
	"DrandPriority":                 {path: "pallet_drand::drand_priority::DrandPriority"},
	"CheckMetadataHash": {
		path: "frame_metadata_hash_extension::CheckMetadataHash",
		typ: func(r *Registry) []metadata.Field {
			mode := r.named("CheckMetadataHash Mode", func() metadata.Type {
				return Enum("frame_metadata_hash_extension::Mode", nil, Units("Disabled", "Enabled")...)
			})
			return []metadata.Field{Field("mode", mode, "Mode")}
		},
		implicit: func(r *Registry) metadata.TypeID { return Of[*[32]byte](r) },
	},
}

// extrinsic fills in m.Extrinsic.
func (r *Registry) extrinsic(m *metadata.Metadata, identifiers []string) error {
	var extra []metadata.TypeID
	for _, id := range identifiers {
		e, ok := extensions[id]
		if !ok {
			return fmt.Errorf("describe runtime: transaction extension %q is not known", id)
		}
		t := r.named("extension "+id, func() metadata.Type {
			var fields []metadata.Field
			if e.typ != nil {
				fields = e.typ(r)
			}
			var params []metadata.Param
			if id != "DrandPriority" && id != "CheckShieldedTxValidity" && id != "SudoTransactionExtension" {
				params = Params("T", nil)
			}
			return Composite(e.path, params, fields...)
		})
		implicit := e.implicit
		if implicit == nil {
			implicit = nothing
		}
		extra = append(extra, t)
		m.Extrinsic.Extensions = append(m.Extrinsic.Extensions, metadata.Extension{Name: id, Type: t, AdditionalSigned: implicit(r)})
	}
	x := &m.Extrinsic
	x.Version, x.Address, x.Call, x.Signature = 4, Of[chain.MultiAddress](r), r.call, Of[chain.MultiSignature](r)
	x.Extra = Tuple(r, extra...)
	params := Params("Address", x.Address, "Call", x.Call, "Signature", x.Signature, "Extra", x.Extra)
	inner := r.named("UncheckedExtrinsic", func() metadata.Type {
		return Composite("sp_runtime::generic::unchecked_extrinsic::UncheckedExtrinsic", params, Field("", Of[[]byte](r), ""))
	})
	x.Type = r.named("outer UncheckedExtrinsic", func() metadata.Type {
		return Composite("fp_self_contained::unchecked_extrinsic::UncheckedExtrinsic", params, Field("", inner, "sp_runtime::generic::UncheckedExtrinsic<Address, Call, Signature, Extension>"))
	})
	return nil
}
