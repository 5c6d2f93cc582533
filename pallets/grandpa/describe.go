//go:build !wasm

package grandpa

import (
	"github.com/gotensor/gotensor/pallets/frame/describe"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/metadata"
)

func init() {
	describe.Type[AuthorityID](func(r *describe.Registry) metadata.Type {
		return describe.Composite("sp_consensus_grandpa::app::Public", nil, describe.Field("", describe.Of[[32]byte](r), "ed25519::Public"))
	})
	describe.Type[StoredState](func(r *describe.Registry) metadata.Type {
		n := describe.Of[chain.BlockNumber](r)
		at, delay := describe.Field("scheduled_at", n, "N", " The block in which it was scheduled."), describe.Field("delay", n, "N", " The number of blocks after which it is in force.")
		return describe.Enum("pallet_grandpa::StoredState", describe.Params("N", n),
			describe.Variant("Live", 0, []string{" The authorities vote."}),
			describe.Variant("PendingPause", 1, []string{" The authorities vote, and are about to be paused."}, at, delay),
			describe.Variant("Paused", 2, []string{" The authorities do not vote."}),
			describe.Variant("PendingResume", 3, []string{" The authorities do not vote, and are about to be resumed."}, at, delay))
	})
	describe.Type[Void](func(*describe.Registry) metadata.Type { return describe.Enum("sp_core::Void", nil) })
	describe.Type[prevote](vote("finality_grandpa::Prevote"))
	describe.Type[precommit](vote("finality_grandpa::Precommit"))
	describe.Type[signature](func(r *describe.Registry) metadata.Type {
		return describe.Composite("sp_consensus_grandpa::app::Signature", nil, describe.Field("", describe.Of[[64]byte](r), "ed25519::Signature"))
	})
	describe.Type[equivocation[prevote]](votes[prevote])
	describe.Type[equivocation[precommit]](votes[precommit])
	describe.Type[kind](func(r *describe.Registry) metadata.Type {
		return describe.Enum("sp_consensus_grandpa::Equivocation", describe.Params("H", describe.Of[hash.H256](r), "N", describe.Of[chain.BlockNumber](r)),
			describe.Variant("Prevote", 0, nil, describe.Field("", describe.Of[equivocation[prevote]](r), "grandpa::Equivocation<AuthorityId, grandpa::Prevote<H, N>,\nAuthoritySignature>")),
			describe.Variant("Precommit", 1, nil, describe.Field("", describe.Of[equivocation[precommit]](r), "grandpa::Equivocation<AuthorityId, grandpa::Precommit<H, N>,\nAuthoritySignature>")))
	})
	describe.Type[EquivocationProof](func(r *describe.Registry) metadata.Type {
		return describe.Composite("sp_consensus_grandpa::EquivocationProof", describe.Params("H", describe.Of[hash.H256](r), "N", describe.Of[chain.BlockNumber](r)),
			describe.Field("set_id", describe.Of[uint64](r), "SetId"),
			describe.Field("equivocation", describe.Of[kind](r), "Equivocation<H, N>"))
	})
}

// Parts of an EquivocationProof that have a number of their own in metadata and no type of their own in Go.
type (
	prevote             struct{}
	precommit           struct{}
	signature           struct{}
	kind                struct{}
	equivocation[V any] struct{ _ V }
)

func vote(path string) func(r *describe.Registry) metadata.Type {
	return func(r *describe.Registry) metadata.Type {
		h, n := describe.Of[hash.H256](r), describe.Of[chain.BlockNumber](r)
		return describe.Composite(path, describe.Params("H", h, "N", n), describe.Field("target_hash", h, "H"), describe.Field("target_number", n, "N"))
	}
}

func votes[V any](r *describe.Registry) metadata.Type {
	id, v, s := describe.Of[AuthorityID](r), describe.Of[V](r), describe.Of[signature](r)
	pair := describe.Tuple(r, v, s)
	return describe.Composite("finality_grandpa::Equivocation", describe.Params("Id", id, "V", v, "S", s),
		describe.Field("round_number", describe.Of[uint64](r), "u64"), describe.Field("identity", id, "Id"),
		describe.Field("first", pair, "(V, S)"), describe.Field("second", pair, "(V, S)"))
}
