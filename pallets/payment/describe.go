//go:build !wasm

package payment

import (
	"github.com/gotensor/gotensor/pallets/frame/describe"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
)

func init() {
	describe.Type[Multiplier](func(r *describe.Registry) metadata.Type {
		return describe.Composite("sp_arithmetic::fixed_point::FixedU128", nil, describe.Field("", describe.Of[scale.U128](r), "u128"))
	})
}
