package balances

import "github.com/gotensor/gotensor/pallets/frame"

// Dispatch weights of the calls. Source: paritytech/polkadot-sdk substrate/frame/balances/src/weights.rs (SubstrateWeight), pallet-balances
// 42.0.0.
var (
	weightTransferAllowDeath       = frame.RefTime(48_834_000).Proof(3_593).Reads(1).Writes(1)
	weightTransferKeepAlive        = frame.RefTime(39_051_000).Proof(3_593).Reads(1).Writes(1)
	weightForceTransfer            = frame.RefTime(49_519_000).Proof(6_196).Reads(2).Writes(2)
	weightTransferAll              = frame.RefTime(48_209_000).Proof(3_593).Reads(1).Writes(1)
	weightForceUnreserve           = frame.RefTime(15_515_000).Proof(3_593).Reads(1).Writes(1)
	weightForceSetBalanceCreating  = frame.RefTime(12_547_000).Proof(3_593).Reads(1).Writes(1)
	weightForceSetBalanceKilling   = frame.RefTime(19_206_000).Proof(3_593).Reads(1).Writes(1)
	weightForceSetBalance          = weightForceSetBalanceCreating.Max(weightForceSetBalanceKilling)
	weightForceAdjustTotalIssuance = frame.RefTime(5_351_000)
	weightBurnAllowDeath           = frame.RefTime(30_219_000)
	weightBurnKeepAlive            = frame.RefTime(20_720_000)
)

func weightUpgradeAccounts(accounts uint64) frame.Weight {
	each := frame.RefTime(14_648_188).Proof(2_603).Reads(1).Writes(1)
	return frame.RefTime(14_674_000).Proof(990).Add(each.Mul(accounts))
}

// weightBurn has the two weights of Burn the wrong way round, as the original has: fees depend on it.
func weightBurn(keepAlive bool) frame.Weight {
	if keepAlive {
		return weightBurnAllowDeath
	}
	return weightBurnKeepAlive
}
