//go:build !wasm

package aura

import (
	"github.com/gotensor/gotensor/pallets/frame/describe"
	"github.com/gotensor/gotensor/primitives/metadata"
)

func init() {
	describe.Type[AuthorityID](func(r *describe.Registry) metadata.Type {
		return describe.Composite("sp_consensus_aura::sr25519::app_sr25519::Public", nil, describe.Field("", describe.Of[[32]byte](r), "sr25519::Public"))
	})
	describe.Type[Slot](func(r *describe.Registry) metadata.Type {
		return describe.Composite("sp_consensus_slots::Slot", nil, describe.Field("", describe.Of[uint64](r), "u64"))
	})
}
