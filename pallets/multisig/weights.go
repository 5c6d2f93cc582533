package multisig

import "github.com/gotensor/gotensor/pallets/frame"

// Dispatch weights. Source: paritytech/polkadot-sdk substrate/frame/multisig/src/weights.rs, SubstrateWeight (pallet-multisig 41.0.0,
// benchmarked 2025-02). s is the number of other signatories, z the length of the encoded call.

// slope returns picoseconds for n units.
func slope(picoseconds uint64, n int) frame.Weight { return frame.RefTime(picoseconds).Mul(uint64(n)) }

func weightThreshold1(z int) frame.Weight {
	return frame.RefTime(20_470_382).Proof(3997).Add(slope(397, z)).Reads(2)
}

func weightCreate(s, z int) frame.Weight {
	return frame.RefTime(29_976_762).Proof(6811).Add(slope(144_320, s)).Add(slope(1_819, z)).Reads(1).Writes(1)
}

func weightApprove(s, z int) frame.Weight {
	return frame.RefTime(14_821_348).Proof(6811).Add(slope(127_874, s)).Add(slope(1_968, z)).Reads(1).Writes(1)
}

func weightComplete(s, z int) frame.Weight {
	return frame.RefTime(34_745_418).Proof(6811).Add(slope(193_313, s)).Add(slope(2_057, z)).Reads(4).Writes(2)
}

func weightApproveCreate(s int) frame.Weight {
	return frame.RefTime(27_463_275).Proof(6811).Add(slope(139_226, s)).Reads(1).Writes(1)
}

func weightApproveApprove(s int) frame.Weight {
	return frame.RefTime(14_074_258).Proof(6811).Add(slope(126_544, s)).Reads(1).Writes(1)
}

func weightCancel(s int) frame.Weight {
	return frame.RefTime(28_623_566).Proof(6811).Add(slope(135_351, s)).Reads(1).Writes(1)
}

func weightPoke(s int) frame.Weight {
	return frame.RefTime(27_349_525).Proof(6811).Add(slope(121_813, s)).Reads(1).Writes(1)
}

// weightAsMulti is the most that as_multi costs without the inner call.
func weightAsMulti(s int, call frame.Call) frame.Weight {
	z := length(call)
	return weightCreate(s, z).Max(weightApprove(s, z)).Max(weightComplete(s, z))
}

// infoThreshold1 is what is known of as_multi_threshold_1 before it runs. The read and the write are the account that the call runs as.
func infoThreshold1(call frame.Call) frame.DispatchInfo {
	inner := call.Info()
	return frame.DispatchInfo{Call: weightThreshold1(length(call)).Reads(1).Writes(1).Add(inner.Call), Class: inner.Class}
}
