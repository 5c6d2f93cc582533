package sudo

import "github.com/gotensor/gotensor/pallets/frame"

// Dispatch weights. Source: paritytech/polkadot-sdk substrate/frame/sudo/src/weights.rs, SubstrateWeight (pallet-sudo 41.0.0,
// benchmarked 2025-02-21).
var (
	weightSetKey    = frame.RefTime(7_237_000).Proof(1517).Reads(1).Writes(1)
	weightSudo      = frame.RefTime(7_939_000).Proof(1517).Reads(1)
	weightSudoAs    = frame.RefTime(7_870_000).Proof(1517).Reads(1)
	weightRemoveKey = frame.RefTime(6_417_000).Proof(1517).Reads(1).Writes(1)
)

// around returns what is known of a call that runs an inner one and itself weighs w.
func around(w frame.Weight, call frame.Call) frame.DispatchInfo {
	inner := call.Info()
	return frame.DispatchInfo{Call: w.Add(inner.Call), Class: inner.Class}
}
