package timestamp

import "github.com/gotensor/gotensor/pallets/frame"

// Dispatch weights. Source: paritytech/polkadot-sdk substrate/frame/timestamp/src/weights.rs, SubstrateWeight (pallet-timestamp 40.0.0,
// benchmarked 2025-02-21).
var (
	weightSet        = frame.RefTime(3_816_000).Proof(1493).Reads(2).Writes(1)
	weightOnFinalize = frame.RefTime(3_246_000)
)
