//go:build !wasm

package subtensortrial

import (
	"github.com/gotensor/gotensor/pallets/frame/describe"
	"github.com/gotensor/gotensor/primitives/metadata"
)

func describeRootClaimType(r *describe.Registry) metadata.Type {
	return describe.Enum("pallet_subtensor::pallet::RootClaimTypeEnum", nil,
		describe.Variant("Swap", 0, nil),
		describe.Variant("Keep", 1, nil),
		describe.Variant("KeepSubnets", 2, nil, describe.Field("subnets", describe.Of[NetUIDs](r), "BTreeSet<NetUid>")))
}
