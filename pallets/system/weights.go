package system

import "github.com/gotensor/gotensor/pallets/frame"

// What an empty block and an empty extrinsic cost, in picoseconds. Source: opentensor/subtensor's metadata, which has the values of
// paritytech/polkadot-sdk substrate/frame/support/src/weights.
const (
	BaseBlockTime     = 431_614_000
	BaseExtrinsicTime = 108_157_000
)

// Dispatch weights. Source: paritytech/polkadot-sdk substrate/frame/system/src/weights.rs (SubstrateWeight), frame-system 41.0.0.

func weightRemark(b uint64) frame.Weight {
	return frame.RefTime(1_586_000).Add(frame.RefTime(10_920).Mul(b))
}

func weightRemarkWithEvent(b uint64) frame.Weight {
	return frame.RefTime(4_725_000).Add(frame.RefTime(12_386).Mul(b))
}

func weightSetHeapPages() frame.Weight { return frame.RefTime(2_836_000).Writes(1) }

func weightSetCode() frame.Weight {
	return frame.RefTime(164_247_810_000).Proof(67_035).Reads(1).Writes(1)
}

func weightSetStorage(items uint64) frame.Weight {
	return frame.RefTime(1_565_000).Add(frame.RefTime(733_648).Mul(items)).Writes(items)
}

func weightKillStorage(items uint64) frame.Weight {
	return frame.RefTime(1_624_000).Add(frame.RefTime(566_903).Mul(items)).Writes(items)
}

func weightKillPrefix(keys uint64) frame.Weight {
	return frame.RefTime(2_964_000).Add(frame.RefTime(1_340_742).Proof(70).Mul(keys)).Reads(keys).Writes(keys)
}

func weightAuthorizeUpgrade() frame.Weight { return frame.RefTime(15_570_000).Writes(1) }

func weightApplyAuthorizedUpgrade() frame.Weight {
	return frame.RefTime(166_858_158_000).Proof(67_035).Reads(2).Writes(2)
}

// Weights of the transaction extensions. Source: paritytech/polkadot-sdk substrate/frame/system/src/extensions/weights.rs
// (SubstrateWeight), frame-system 41.0.0. Proof sizes of the genesis hash are zero, as all transactions of a block share that read.
var (
	weightCheckNonZeroSender    = frame.RefTime(570_000)
	weightCheckSpecVersion      = frame.RefTime(430_000)
	weightCheckTxVersion        = frame.RefTime(455_000)
	weightCheckGenesis          = frame.RefTime(3_577_000).Reads(1)
	weightCheckMortalityMortal  = frame.RefTime(6_703_000).Proof(3_509).Reads(1)
	weightCheckMortalityForever = frame.RefTime(6_605_000).Reads(1)
	weightCheckWeight           = frame.RefTime(3_006_000)
)
