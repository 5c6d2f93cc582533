//go:build !wasm

package balances

import (
	"github.com/gotensor/gotensor/pallets/frame/describe"
	"github.com/gotensor/gotensor/primitives/metadata"
)

// The types with codecs of their own.
func init() {
	describe.Type[BalanceStatus](func(*describe.Registry) metadata.Type {
		return describe.Enum("frame_support::traits::tokens::misc::BalanceStatus", nil, describe.Units("Free", "Reserved")...)
	})
	describe.Type[BalanceLocks](func(r *describe.Registry) metadata.Type {
		return describe.Composite("bounded_collections::weak_bounded_vec::WeakBoundedVec", describe.Params("T", describe.Of[BalanceLock](r), "S", nil),
			describe.Field("", describe.Of[[]BalanceLock](r), "Vec<T>"))
	})
}
