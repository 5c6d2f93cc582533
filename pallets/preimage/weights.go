package preimage

import "github.com/gotensor/gotensor/pallets/frame"

// Dispatch weights. Source: paritytech/polkadot-sdk substrate/frame/preimage/src/weights.rs, SubstrateWeight (pallet-preimage 41.0.0,
// benchmarked 2025-02-21).
var (
	weightUnnotePreimage    = frame.RefTime(50_830_000).Proof(3892).Reads(3).Writes(3)
	weightRequestPreimage   = frame.RefTime(19_292_000).Proof(3556).Reads(2).Writes(1)
	weightUnrequestPreimage = frame.RefTime(20_209_000).Proof(3556).Reads(2).Writes(2)
)

func weightNotePreimage(bytes int) frame.Weight {
	return frame.RefTime(50_499_000).Proof(28584).Add(frame.RefTime(13_491).Mul(uint64(bytes))).Reads(5).Writes(3)
}

func weightEnsureUpdated(hashes int) frame.Weight {
	n := uint64(hashes)
	return frame.RefTime(56_817_000).Proof(28584).Add(frame.Weight{RefTime: 59_397_441, ProofSize: 2902}.Mul(n)).Reads(2 + 3*n).Writes(4 * n)
}
