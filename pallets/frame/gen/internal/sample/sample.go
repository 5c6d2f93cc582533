//go:generate go run ../..

// Package sample is a pallet with one of everything that the generator reads. Its tests are those of what is generated.
package sample

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/fixed"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// Pallet keeps samples.
//
// It has a second paragraph.
type Pallet struct {
	Constants
	Storage

	limit uint32
}

// Constants are set by the runtime.
type Constants struct {
	// MaxStep is the most that one call may add.
	MaxStep uint32
	// Prefix begins every remark.
	Prefix []byte `name:"RemarkPrefix"`
	Home   hash.H256
	Fee    units.Rao
}

// NetUID names a subnet.
type NetUID uint16

// Storage is all that the pallet keeps.
type Storage struct {
	// Total of all counts.
	Total frame.Value[uint64]
	Tempo frame.Value[uint16]       `default:"360"`
	Price frame.Value[fixed.U64F64] `default:"fixed.U64F64FromUint64(p.scaleUp(2))"`
	// Last account that counted, if any did.
	Last frame.OptionValue[chain.AccountID]
	Gone frame.OptionValue[struct{}]

	// Count of each account.
	//
	// Absent reads as zero.
	Count   frame.Map[frame.Blake2_128Concat, chain.AccountID, uint32]
	Started frame.Map[frame.Identity, NetUID, chain.BlockNumber] `default:"chain.BlockNumber(p.MaxStep)" name:"StartedAt"`
	Record  frame.OptionMap[frame.Twox64Concat, NetUID, Record]
	Pending frame.OptionMap[frame.Identity, [32]byte, frame.Call]
	Uids    frame.DoubleMap[frame.Identity, NetUID, frame.Blake2_128Concat, chain.AccountID, uint16]
	Keys    frame.OptionDoubleMap[frame.Twox64Concat, uint64, frame.Identity, hash.H256, []Record]
	Alpha   frame.NMap[StakeKey, scale.U128]
	Shares  frame.OptionNMap[StakeKey, Names]
	Members frame.CountedMap[frame.Blake2_128Concat, chain.AccountID, Kind]
	Pairs   frame.Value[[]frame.Pair[NetUID, *uint64]]

	cache uint32
}

// StakeKey is a stake: who holds how much where.
type StakeKey struct {
	Hotkey  chain.AccountID `hasher:"Blake2_128Concat"`
	Coldkey chain.AccountID `hasher:"Twox64Concat"`
	Netuid  NetUID          `hasher:"Identity"`
}

// Record is a composite.
//
//frame:type pallet_sample::types::Record<Number=chain.BlockNumber, Hash>
type Record struct {
	// At is when it was made.
	At     chain.BlockNumber `rust:"Number"`
	Amount units.Rao         `scale:"compact" name:"value"`
	Big    scale.U128        `scale:"compact"`
	Parts  [2]uint16
	Key    [4]byte
	Text   string
	Flag   bool
	Kind   Kind
	Share  *fixed.I32F32
	Point  Point
}

// Point is a tuple.
//
//frame:tuple
type Point struct {
	X, Y int32
}

// Kind is an enum without gaps.
//
//frame:enum pallet_sample::types::Kind
type Kind uint8

// Kinds.
const (
	KindSmall Kind = 0
	KindLarge Kind = 1
)

// Choice is an enum with gaps.
//
//frame:enum pallet_sample::types::Choice
type Choice uint8

// Choices.
const (
	Any Choice = 0
	//frame:name Nothing
	None Choice = 3
)

// Names is a bounded vector of named things.
//
//frame:type bounded_collections::bounded_vec::BoundedVec
//frame:bound MaxNames
type Names []Name

// MaxNames is how many names there may be.
const MaxNames = 3

// Name is a bounded vector of bytes.
//
//frame:type bounded_collections::bounded_vec::BoundedVec
//frame:bound p.MaxStep
type Name []byte

// Share is a number with a name.
//
//frame:type sp_arithmetic::per_things::Perbill
type Share uint32

// Index is a compact integer wherever it stands.
//
//frame:compact
type Index uint32

// ID is an array with a name.
//
//frame:type pallet_sample::types::Id
type ID [8]byte

// Added: an account has counted.
//
//frame:event 0
type Added struct {
	Who  chain.AccountID
	Step uint32
}

// Moved says that a stake has moved.
//
//frame:event 2
type Moved struct {
	F0 chain.AccountID `rust:"AccountIdOf<T>"`
	F1 units.Rao       `scale:"compact"`
	F2 frame.Outcome
}

// Noted is something.
//
//frame:event 1 name=WasNoted
type Noted struct {
	// Text is what was noted.
	Text []byte `name:"what"`
	IDs  []ID
}

// Error is why the pallet refuses a call.
type Error uint8

// Errors, with their numbers on the wire.
const (
	// TooMuch: the step is larger than MaxStep.
	TooMuch Error = 0
	_       Error = 1 // was TooLittle
	// NotFound means that there is none.
	NotFound Error = 2
)

func (p *Pallet) scaleUp(n uint64) uint64 { return n * uint64(p.MaxStep) }

func (p *Pallet) weigh(n int) frame.Weight { return frame.RefTime(uint64(n)) }

// Add adds step to the sender's count.
//
// Twice.
//
//frame:call 0
//frame:weight frame.RefTime(10_000_000).Reads(1).Writes(2)
//frame:compact step
func (p *Pallet) Add(origin frame.Origin, step uint32) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	if step > p.MaxStep {
		return TooMuch
	}
	p.Count.Put(who, p.Count.Get(who)+step)
	p.Last.Put(who)
	p.cache += p.limit
	return nil
}

// Batch runs calls.
//
//frame:call 3 name=batch_all
//frame:weight p.weigh(len(calls)).Add(c.Info().Call)
//frame:class c.Info().Class
//frame:pays No
//frame:rust calls=Vec<<T as Config>::RuntimeCall>, info=BTreeMap<u16, (u32, u64)>
func (p *Pallet) Batch(origin frame.Origin, calls []frame.Call, c frame.Call, info []frame.Pair[uint16, Point]) (frame.PostInfo, error) {
	for _, call := range calls {
		if _, err := frame.Dispatch(call, origin); err != nil {
			return frame.Used(p.weigh(1)), err
		}
	}
	return frame.PostInfo{}, nil
}

// SetAll takes one of everything.
//
//frame:call 1
//frame:weight frame.RefTime(1)
//frame:class Operational
func (p *Pallet) SetAll(origin frame.Origin, to chain.MultiAddress, netUID NetUID, record Record, names *Names, share Share, id ID, choice Choice, wide scale.U256, shares []Share, matrix [][2]NetUID, indices []Index) error {
	return origin.Root()
}

// Nothing has no arguments.
//
//frame:call 2
//frame:weight frame.Weight{RefTime: 5}
//frame:class Mandatory
func (pallet *Pallet) Nothing(_ frame.Origin) error { return nil }
