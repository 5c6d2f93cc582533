//go:build !wasm

package preimage

import (
	"github.com/gotensor/gotensor/pallets/frame/describe"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/units"
)

// HoldReasons implements describe.HoldReasoner.
func (p *Pallet) HoldReasons() []metadata.Variant {
	return []metadata.Variant{describe.Variant("Preimage", 0, []string{" The deposit for a preimage."})}
}

// Types that have a number of their own in metadata and no type of their own in Go.
type (
	consideration struct{} // fungible::HoldConsideration, an amount
	blakeTwo256   struct{}
)

func init() {
	describe.Type[consideration](func(r *describe.Registry) metadata.Type {
		return describe.Composite("frame_support::traits::tokens::fungible::HoldConsideration", describe.Params("A", nil, "F", nil, "R", nil, "D", nil, "Fp", nil),
			describe.Field("", describe.Of[units.Rao](r), "F::Balance"))
	})
	describe.Type[blakeTwo256](func(*describe.Registry) metadata.Type {
		return describe.Composite("sp_runtime::traits::BlakeTwo256", nil)
	})
	describe.Type[RequestStatus](func(r *describe.Registry) metadata.Type {
		who, ticket, u32 := describe.Of[chain.AccountID](r), describe.Of[consideration](r), describe.Of[uint32](r)
		pair := describe.Tuple(r, who, ticket)
		return describe.Enum("pallet_preimage::RequestStatus", describe.Params("AccountId", who, "Ticket", ticket),
			describe.Variant("Unrequested", 0, unrequestedDocs, describe.Field("ticket", pair, "(AccountId, Ticket)"), describe.Field("len", u32, "u32")),
			describe.Variant("Requested", 1, requestedDocs, describe.Field("maybe_ticket", describe.Option(r, pair), "Option<(AccountId, Ticket)>"),
				describe.Field("count", u32, "u32"), describe.Field("maybe_len", describe.Option(r, u32), "Option<u32>")))
	})
	describe.Type[OldRequestStatus](func(r *describe.Registry) metadata.Type {
		who, amount, u32 := describe.Of[chain.AccountID](r), describe.Of[units.Rao](r), describe.Of[uint32](r)
		pair := describe.Tuple(r, who, amount)
		return describe.Enum("pallet_preimage::OldRequestStatus", describe.Params("AccountId", who, "Balance", amount),
			describe.Variant("Unrequested", 0, unrequestedDocs, describe.Field("deposit", pair, "(AccountId, Balance)"), describe.Field("len", u32, "u32")),
			describe.Variant("Requested", 1, requestedDocs, describe.Field("deposit", describe.Option(r, pair), "Option<(AccountId, Balance)>"),
				describe.Field("count", u32, "u32"), describe.Field("len", describe.Option(r, u32), "Option<u32>")))
	})
	describe.Type[Bounded](func(r *describe.Registry) metadata.Type {
		h := describe.Of[hash.H256](r)
		return describe.Enum("frame_support::traits::preimages::Bounded", describe.Params("T", r.RuntimeCall(), "H", describe.Of[blakeTwo256](r)),
			describe.Variant("Legacy", 0, nil, describe.Field("hash", h, "H::Output")),
			describe.Variant("Inline", 1, nil, describe.Field("", describe.BoundedVec(r, "bounded_collections::bounded_vec::BoundedVec", describe.Of[uint8](r)), "BoundedInline")),
			describe.Variant("Lookup", 2, nil, describe.Field("hash", h, "H::Output"), describe.Field("len", describe.Of[uint32](r), "u32")))
	})
}

var (
	unrequestedDocs = []string{" It is stored and nobody requests it. The deposit is held until it is requested or removed."}
	requestedDocs   = []string{" It is requested so many times. It may be stored, and is removed with the last request, or stays until the deposit is given back."}
)
