//go:build !wasm

package system

import (
	"github.com/gotensor/gotensor/pallets/frame/describe"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// extraFlags is the type that metadata names for AccountData.Flags.
type extraFlags struct{}

// The types with codecs of their own.
func init() {
	describe.Type[extraFlags](func(r *describe.Registry) metadata.Type {
		return describe.Composite("pallet_balances::types::ExtraFlags", nil, describe.Field("", describe.Of[scale.U128](r), "u128"))
	})
	describe.Type[AccountData](func(r *describe.Registry) metadata.Type {
		balance := describe.Of[units.Rao](r)
		return describe.Composite("pallet_balances::types::AccountData", describe.Params("Balance", balance),
			describe.Field("free", balance, "Balance"), describe.Field("reserved", balance, "Balance"), describe.Field("frozen", balance, "Balance"),
			describe.Field("flags", describe.Of[extraFlags](r), "ExtraFlags"))
	})
	describe.Type[Phase](func(r *describe.Registry) metadata.Type {
		return describe.Enum("frame_system::Phase", nil,
			describe.Variant("ApplyExtrinsic", uint8(PhaseApplyExtrinsic), nil, describe.Field("", describe.Of[uint32](r), "u32")),
			describe.Variant("Finalization", uint8(PhaseFinalization), nil), describe.Variant("Initialization", uint8(PhaseInitialization), nil))
	})
	describe.Type[EventRecord](func(r *describe.Registry) metadata.Type {
		event, topic := r.RuntimeEvent(), describe.Of[hash.H256](r)
		return describe.Composite("frame_system::EventRecord", describe.Params("E", event, "T", topic),
			describe.Field("phase", describe.Of[Phase](r), "Phase"), describe.Field("event", event, "E"),
			describe.Field("topics", describe.Of[[]hash.H256](r), "Vec<T>"))
	})
}
