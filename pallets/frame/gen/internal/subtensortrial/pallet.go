//go:generate go run ../..

// Package subtensortrial tries the design of pallets on the shape of the Subtensor pallet: forty of its storage items, calls, events
// and errors, chosen for how much they differ. The bodies of calls do little more than write what they are given; what counts is that
// declarations in Go describe themselves to the byte as the original does, which the test compares with facts of spec 425.
//
// Not here: the pallet's rules. What the trial taught stands in RATIONALE.md.
package subtensortrial

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/fixed"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// Pallet is the trial.
type Pallet struct {
	Constants
	Storage
}

// Constants are set by the runtime.
type Constants struct {
	// InitialIssuance is the issuance at genesis.
	InitialIssuance units.Rao
	// InitialTempo is how many blocks an epoch of a new subnet has.
	InitialTempo uint16
	// InitialMaxDifficulty bounds the difficulty of new subnets.
	InitialMaxDifficulty uint64
	// InitialBurn is what the first registration costs.
	InitialBurn units.Rao
}

// Storage is in the order of the original.
type Storage struct {
	MinActivityCutoff        frame.Value[uint16] `default:"360"`
	Owner                    frame.Map[frame.Blake2_128Concat, chain.AccountID, chain.AccountID]
	AccountFlags             frame.Map[frame.Blake2_128Concat, chain.AccountID, scale.U128]
	Delegates                frame.Map[frame.Blake2_128Concat, chain.AccountID, uint16] `default:"11796"`
	PendingChildKeys         frame.DoubleMap[frame.Identity, NetUID, frame.Blake2_128Concat, chain.AccountID, frame.Pair[[]Child, uint64]]
	ChildKeys                frame.DoubleMap[frame.Blake2_128Concat, chain.AccountID, frame.Identity, NetUID, []Child]
	TotalIssuance            frame.Value[units.Rao]                  `default:"p.InitialIssuance"`
	SubnetMovingAlpha        frame.Value[fixed.I96F32]               `default:"fixed.I96F32FromBits(fixed.Int128{Lo: 12885})"`
	SubnetEmissionEnabled    frame.Map[frame.Identity, NetUID, bool] `default:"true"`
	StakingHotkeys           frame.Map[frame.Blake2_128Concat, chain.AccountID, []chain.AccountID]
	ColdkeySwapAnnouncements frame.OptionMap[frame.Twox64Concat, chain.AccountID, frame.Pair[uint32, hash.H256]]
	Alpha                    frame.NMap[stakeKey, fixed.U64F64]
	Lock                     frame.OptionNMap[lockKey, LockState]
	LockingColdkeys          frame.OptionNMap[lockingKey, struct{}]
	AlphaMapLastKey          frame.Value[*[]byte]
	TokenSymbol              frame.Map[frame.Identity, NetUID, []byte] `default:"[]byte(\"\U0001D70F\")"`
	SubnetEmaTaoFlow         frame.OptionMap[frame.Identity, NetUID, frame.Pair[uint64, fixed.I64F64]]
	Tempo                    frame.Map[frame.Identity, NetUID, uint16] `default:"p.InitialTempo"`
	RecycleOrBurn            frame.Map[frame.Identity, NetUID, RecycleOrBurn]
	AlphaSigmoidSteepness    frame.Map[frame.Identity, NetUID, int16] `default:"1000"`
	LiquidAlphaOn            frame.Map[frame.Blake2_128Concat, NetUID, bool]
	AlphaValues              frame.Map[frame.Identity, NetUID, frame.Pair[uint16, uint16]] `default:"frame.Pair[uint16, uint16]{A: 45875, B: 58982}"`
	Uids                     frame.OptionDoubleMap[frame.Identity, NetUID, frame.Blake2_128Concat, chain.AccountID, uint16]
	Weights                  frame.DoubleMap[frame.Identity, MechanismIndex, frame.Identity, uint16, []frame.Pair[uint16, uint16]]
	Axons                    frame.OptionDoubleMap[frame.Identity, NetUID, frame.Blake2_128Concat, chain.AccountID, AxonInfo]
	NeuronCertificates       frame.OptionDoubleMap[frame.Identity, NetUID, frame.Blake2_128Concat, chain.AccountID, NeuronCertificate]
	WeightCommits            frame.OptionDoubleMap[frame.Twox64Concat, MechanismIndex, frame.Twox64Concat, chain.AccountID, []WeightCommit]
	TimelockedWeightCommits  frame.DoubleMap[frame.Twox64Concat, MechanismIndex, frame.Twox64Concat, uint64, []TimelockedCommit]
	RootClaimable            frame.Map[frame.Blake2_128Concat, chain.AccountID, RootClaims]
	RootClaimType            frame.Map[frame.Blake2_128Concat, chain.AccountID, RootClaimType]
	AssociatedEvmAddress     frame.OptionDoubleMap[frame.Twox64Concat, NetUID, frame.Twox64Concat, uint16, frame.Pair[H160, uint64]]
	SubnetLeases             frame.OptionMap[frame.Twox64Concat, uint32, SubnetLease]
	BurnIncreaseMult         frame.Map[frame.Identity, NetUID, fixed.U64F64] `default:"fixed.U64F64FromBits(fixed.Uint128{Hi: 1, Lo: 0x428f5c28f5c29000})"`
}

type (
	stakeKey struct {
		Hotkey  chain.AccountID `hasher:"Blake2_128Concat"`
		Coldkey chain.AccountID `hasher:"Blake2_128Concat"`
		NetUID  NetUID          `hasher:"Identity"`
	}
	lockKey struct {
		Coldkey chain.AccountID `hasher:"Blake2_128Concat"`
		NetUID  NetUID          `hasher:"Identity"`
		Hotkey  chain.AccountID `hasher:"Blake2_128Concat"`
	}
	lockingKey struct {
		NetUID  NetUID          `hasher:"Identity"`
		Hotkey  chain.AccountID `hasher:"Blake2_128Concat"`
		Coldkey chain.AccountID `hasher:"Blake2_128Concat"`
	}
)

// Errors are in the order of the original.
const (
	// RootNetworkDoesNotExist: the root network does not exist.
	RootNetworkDoesNotExist Error = 0
	// InvalidIpType: the type of an axon's address is neither 4 nor 6.
	InvalidIpType Error = 1
	// InvalidIpAddress: an axon's address is none that others can reach.
	InvalidIpAddress Error = 2
	// InvalidPort: an axon's port is 0.
	InvalidPort Error = 3
	// HotKeyNotRegisteredInSubNet: the hotkey has no uid in the subnet.
	HotKeyNotRegisteredInSubNet Error = 4
)

// Error is why the pallet refuses a call.
type Error uint8

// SetWeights sets the weights that the sender gives to the uids dests.
//
//frame:call 0
//frame:weight frame.RefTime(15_513_610_000).Proof(10_327_410).Reads(4112).Writes(2)
//frame:pays No
func (p *Pallet) SetWeights(origin frame.Origin, netuid NetUID, dests, weights []uint16, versionKey uint64) error {
	hotkey, err := origin.Signed()
	if err != nil {
		return err
	}
	uid, ok := p.Uids.Get(netuid, hotkey)
	if !ok {
		return HotKeyNotRegisteredInSubNet
	}
	row := make([]frame.Pair[uint16, uint16], min(len(dests), len(weights)))
	for i := range row {
		row[i] = frame.Pair[uint16, uint16]{A: dests[i], B: weights[i]}
	}
	p.Weights.Put(MechanismIndex(netuid), uid, row)
	return nil
}

// AddStake moves amountStaked from the sender to the hotkey's stake.
//
//frame:call 2
//frame:weight frame.RefTime(664_064_000).Proof(8_727).Reads(32).Writes(16)
func (p *Pallet) AddStake(origin frame.Origin, hotkey chain.AccountID, netuid NetUID, amountStaked units.Rao) error {
	coldkey, err := origin.Signed()
	if err != nil {
		return err
	}
	p.Alpha.Mutate(stakeKey{hotkey, coldkey, netuid}, func(v *fixed.U64F64) {
		*v = v.SaturatingAdd(fixed.U64F64FromUint64(uint64(amountStaked)))
	})
	return nil
}

// ServeAxon tells where the sender's axon is.
//
//frame:call 4
//frame:weight frame.RefTime(31_278_000).Proof(4_178).Reads(3).Writes(1)
//frame:pays No
func (p *Pallet) ServeAxon(origin frame.Origin, netuid NetUID, version uint32, ip scale.U128, port uint16, ipType, protocol, placeholder1, placeholder2 uint8) error {
	hotkey, err := origin.Signed()
	if err != nil {
		return err
	}
	if ipType != 4 && ipType != 6 {
		return InvalidIpType
	}
	p.Axons.Put(netuid, hotkey, AxonInfo{0, version, ip, port, ipType, protocol, placeholder1, placeholder2})
	return nil
}

// DissolveNetwork removes a subnet. For root.
//
//frame:call 61
//frame:weight frame.RefTime(119_000_000).Reads(6).Writes(31)
func (p *Pallet) DissolveNetwork(origin frame.Origin, coldkey chain.AccountID, netuid NetUID) error {
	if err := origin.Root(); err != nil {
		return err
	}
	p.Tempo.Remove(netuid)
	return nil
}

// SetChildren sets the children of a hotkey.
//
//frame:call 67
//frame:weight frame.RefTime(119_000_000).Reads(6).Writes(31)
func (p *Pallet) SetChildren(origin frame.Origin, hotkey chain.AccountID, netuid NetUID, children []Child) (frame.PostInfo, error) {
	if _, err := origin.Signed(); err != nil {
		return frame.PostInfo{}, err
	}
	p.ChildKeys.Put(hotkey, netuid, children)
	return frame.PostInfo{Pays: frame.No}, nil
}

// SwapHotkey puts another hotkey in place of one, in a subnet or in all.
//
//frame:call 70
//frame:weight frame.RefTime(1_242_038_000).Proof(28_912).Reads(182).Writes(99)
func (p *Pallet) SwapHotkey(origin frame.Origin, hotkey, newHotkey chain.AccountID, netuid *NetUID) (frame.PostInfo, error) {
	coldkey, err := origin.Signed()
	if err != nil {
		return frame.PostInfo{}, err
	}
	p.Owner.Remove(hotkey)
	p.Owner.Put(newHotkey, coldkey)
	return frame.PostInfo{}, nil
}

// BatchSetWeights sets weights in several subnets.
//
//frame:call 80
//frame:weight frame.RefTime(103_092_000).Proof(7_395).Reads(16).Writes(2)
//frame:pays No
func (p *Pallet) BatchSetWeights(origin frame.Origin, netuids []CompactNetUID, weights [][]CompactPair, versionKeys []CompactU64) error {
	for i := range min(len(netuids), len(weights), len(versionKeys)) {
		var dests, values []uint16
		for _, pair := range weights[i] {
			dests, values = append(dests, pair.Dest), append(values, pair.Weight)
		}
		if err := p.SetWeights(origin, NetUID(netuids[i]), dests, values, uint64(versionKeys[i])); err != nil {
			return err
		}
	}
	return nil
}

// AssociateEvmKey ties an Ethereum address to the sender's hotkey.
//
//frame:call 93
//frame:weight frame.RefTime(684_242_000).Proof(4_415).Reads(3).Writes(1)
//frame:pays No
func (p *Pallet) AssociateEvmKey(origin frame.Origin, netuid NetUID, evmKey H160, blockNumber uint64, signature EcdsaSignature) error {
	hotkey, err := origin.Signed()
	if err != nil {
		return err
	}
	uid, ok := p.Uids.Get(netuid, hotkey)
	if !ok {
		return HotKeyNotRegisteredInSubNet
	}
	p.AssociatedEvmAddress.Put(netuid, uid, frame.Pair[H160, uint64]{A: evmKey, B: blockNumber})
	return nil
}

// RegisterLeasedNetwork registers a subnet that a crowdloan pays for.
//
//frame:call 110
//frame:weight weightLease(500)
func (p *Pallet) RegisterLeasedNetwork(origin frame.Origin, emissionsShare Percent, endBlock *chain.BlockNumber) (frame.PostInfo, error) {
	who, err := origin.Signed()
	if err != nil {
		return frame.PostInfo{}, err
	}
	p.SubnetLeases.Put(0, SubnetLease{Beneficiary: who, EmissionsShare: emissionsShare, EndBlock: endBlock})
	return frame.Used(weightLease(1)), nil
}

// weightLease is the weight of a lease with so many contributors.
func weightLease(contributors uint64) frame.Weight {
	per := frame.RefTime(46_027_026).Proof(2_579).Reads(2).Writes(2)
	return frame.RefTime(309_598_986).Proof(10_256).Reads(49).Writes(53).Add(per.Mul(contributors))
}

// CommitCrv3MechanismWeights commits to weights that a drand round will reveal.
//
//frame:call 117
//frame:weight frame.RefTime(77_750_000).Reads(7).Writes(2)
//frame:pays No
func (p *Pallet) CommitCrv3MechanismWeights(origin frame.Origin, netuid NetUID, mecid MechanismID, commit Commit, revealRound uint64) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	p.TimelockedWeightCommits.Mutate(MechanismIndex(netuid), revealRound, func(v *[]TimelockedCommit) {
		*v = append(*v, TimelockedCommit{who, 0, commit, revealRound})
	})
	return nil
}

// ClaimRoot claims what root earned in the subnets.
//
//frame:call 121
//frame:weight frame.RefTime(138_999_000).Proof(7_875).Reads(16).Writes(4)
func (p *Pallet) ClaimRoot(origin frame.Origin, subnets NetUIDs) (frame.PostInfo, error) {
	who, err := origin.Signed()
	if err != nil {
		return frame.PostInfo{}, err
	}
	p.RootClaimable.Remove(who)
	return frame.PostInfo{}, nil
}

// SetRootClaimType sets what becomes of the sender's root earnings.
//
//frame:call 122
//frame:weight frame.RefTime(18_283_000).Proof(3_941).Reads(2).Writes(4)
func (p *Pallet) SetRootClaimType(origin frame.Origin, newRootClaimType RootClaimType) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	p.RootClaimType.Put(who, newRootClaimType)
	return nil
}
