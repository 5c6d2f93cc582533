package subtensortrial

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/fixed"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// Numbers that metadata shows as what they are made of.
type (
	NetUID         uint16 // of a subnet
	MechanismID    uint8  // of a mechanism of a subnet
	MechanismIndex uint16 // both in one
)

// Child is a proportion and the child hotkey that gets it.
type Child = frame.Pair[uint64, chain.AccountID]

// CompactNetUID is a NetUID in lists.
//
//frame:compact
type CompactNetUID uint16

// CompactU64 is a version key in lists.
//
//frame:compact
type CompactU64 uint64

// CompactPair is a weight in lists.
//
//frame:tuple
type CompactPair struct {
	Dest   uint16 `scale:"compact"`
	Weight uint16 `scale:"compact"`
}

// AxonInfo is where an axon is.
//
//frame:type pallet_subtensor::pallet::AxonInfo
type AxonInfo struct {
	Block        uint64
	Version      uint32
	IP           scale.U128
	Port         uint16
	IPType       uint8
	Protocol     uint8
	Placeholder1 uint8
	Placeholder2 uint8
}

// NeuronCertificate is a neuron's TLS key.
//
//frame:type pallet_subtensor::pallet::NeuronCertificate
type NeuronCertificate struct {
	PublicKey PublicKey
	Algorithm uint8
}

// PublicKey is a key of at most 64 bytes.
//
//frame:type bounded_collections::bounded_vec::BoundedVec
//frame:bound 64
type PublicKey []byte

// Commit is an encrypted row of weights.
//
//frame:type bounded_collections::bounded_vec::BoundedVec
//frame:bound 5000
type Commit []byte

// WeightCommit is a hash and the blocks between which it may be revealed.
//
//frame:tuple
type WeightCommit struct {
	Hash                 hash.H256
	At, FirstReveal, End uint64
}

// TimelockedCommit is who committed to what, when, and the round that reveals it.
//
//frame:tuple
type TimelockedCommit struct {
	Who    chain.AccountID
	At     uint64
	Commit Commit
	Round  uint64
}

// LockState is a lock on alpha.
//
//frame:type pallet_subtensor::pallet::LockState
type LockState struct {
	LockedMass units.Alpha
	Conviction fixed.U64F64
	LastUpdate uint64
}

// SubnetLease is a subnet that a crowdloan pays for.
//
//frame:type pallet_subtensor::subnets::leasing::SubnetLease<AccountId=chain.AccountID, BlockNumber=chain.BlockNumber, Balance=units.Rao>
type SubnetLease struct {
	Beneficiary    chain.AccountID
	Coldkey        chain.AccountID
	Hotkey         chain.AccountID
	EmissionsShare Percent
	EndBlock       *chain.BlockNumber
	Netuid         NetUID
	Cost           units.Rao
}

// RecycleOrBurn says what becomes of what a subnet does not pay out.
//
//frame:enum pallet_subtensor::pallet::RecycleOrBurnEnum
type RecycleOrBurn uint8

// Whether alpha is burned or recycled.
const (
	Burn    RecycleOrBurn = 0
	Recycle RecycleOrBurn = 1
)

// Percent is a number of hundredths.
//
//frame:type sp_arithmetic::per_things::Percent
type Percent uint8

// H160 is an Ethereum address.
//
//frame:type primitive_types::H160
type H160 [20]byte

// EcdsaSignature is a signature from which the signer can be told.
//
//frame:type sp_core::ecdsa::Signature
type EcdsaSignature [65]byte

// RootClaims are what root can claim, in ascending order of subnets.
//
//frame:type BTreeMap<K=NetUID, V=fixed.I96F32>
type RootClaims []frame.Pair[NetUID, fixed.I96F32]

// NetUIDs are subnets in ascending order.
//
//frame:type BTreeSet<T=NetUID>
type NetUIDs []NetUID

// RootClaimKind is the kind of a RootClaimType. The numbers are those on the wire.
type RootClaimKind uint8

// Kinds of what becomes of root earnings.
const (
	ClaimSwap        RootClaimKind = 0
	ClaimKeep        RootClaimKind = 1
	ClaimKeepSubnets RootClaimKind = 2
)

// RootClaimType says what becomes of root earnings: an enum with data, whose codec and description are written by hand.
type RootClaimType struct {
	Kind    RootClaimKind
	Subnets NetUIDs // of ClaimKeepSubnets
}

// AppendScale appends the kind, and the subnets where it has some.
func (c RootClaimType) AppendScale(dst []byte) []byte {
	dst = append(dst, byte(c.Kind))
	if c.Kind == ClaimKeepSubnets {
		dst = c.Subnets.AppendScale(dst)
	}
	return dst
}

// DecodeScale reads what AppendScale wrote.
func (c *RootClaimType) DecodeScale(d *scale.Decoder) {
	c.Kind = RootClaimKind(d.U8())
	switch c.Kind {
	case ClaimSwap, ClaimKeep:
	case ClaimKeepSubnets:
		c.Subnets.DecodeScale(d)
	default:
		d.FailVariant("root claim type", uint8(c.Kind))
	}
}
