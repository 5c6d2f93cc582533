package system

import (
	"errors"

	"github.com/gotensor/gotensor/pallets/frame"
)

// BlockWeights are the limits of a block's weight.
//
//frame:type frame_system::limits::BlockWeights
type BlockWeights struct {
	// What every block costs before anything happens in it.
	BaseBlock frame.Weight
	// How much all extrinsics and hooks may weigh together, reserves aside.
	MaxBlock frame.Weight
	// The limits of each class.
	PerClass WeightsPerClasses `rust:"PerDispatchClass<WeightsPerClass>"`
}

// WeightsPerClasses are the limits of each class.
//
//frame:type frame_support::dispatch::PerDispatchClass<T=WeightsPerClass>
type WeightsPerClasses struct {
	Normal, Operational, Mandatory WeightsPerClass `rust:"T"`
}

// WeightsPerClass are the limits of a class.
//
//frame:type frame_system::limits::WeightsPerClass
type WeightsPerClass struct {
	// What every extrinsic of the class costs beside its call and extensions.
	BaseExtrinsic frame.Weight
	// How much one extrinsic may weigh, base aside. None: no limit.
	MaxExtrinsic *frame.Weight
	// How much all extrinsics of the class may weigh together. None: no limit.
	MaxTotal *frame.Weight
	// How much weight the class gets even where the block is full. None: it may go past the block's limit up to MaxTotal.
	Reserved *frame.Weight
}

// Of returns the limits of a class.
func (w *BlockWeights) Of(class frame.Class) *WeightsPerClass {
	switch class {
	case frame.Normal:
		return &w.PerClass.Normal
	case frame.Operational:
		return &w.PerClass.Operational
	}
	return &w.PerClass.Mandatory
}

// SensibleBlockWeights returns the limits of a block of the weight given, of which normal extrinsics get normalPercent and operational ones
// have the rest in reserve; a tenth is for hooks. Source: frame_system, BlockWeights::with_sensible_defaults; base weights of
// frame_support, weights/block_weights.rs and extrinsic_weights.rs.
func SensibleBlockWeights(block frame.Weight, normalPercent uint64) BlockWeights {
	normal := percent(block, normalPercent)
	reserve := block.Sub(normal)
	start := percent(block, 10)
	base := frame.RefTime(BaseExtrinsicTime)
	maxNormal, maxOperational := normal.Sub(start).Sub(base), block.Sub(start).Sub(base)
	return BlockWeights{
		BaseBlock: frame.RefTime(BaseBlockTime),
		MaxBlock:  block,
		PerClass: WeightsPerClasses{
			Normal:      WeightsPerClass{BaseExtrinsic: base, MaxExtrinsic: &maxNormal, MaxTotal: &normal, Reserved: &frame.Weight{}},
			Operational: WeightsPerClass{BaseExtrinsic: base, MaxExtrinsic: &maxOperational, MaxTotal: &block, Reserved: &reserve},
			Mandatory:   WeightsPerClass{BaseExtrinsic: base},
		},
	}
}

// percent returns n hundredths of w, rounded to the nearest, as Perbill does.
func percent(w frame.Weight, n uint64) frame.Weight {
	return frame.Weight{RefTime: hundredths(w.RefTime, n), ProofSize: hundredths(w.ProofSize, n)}
}

// hundredths returns x·n/100 rounded to the nearest, half downwards; n is at most 100.
func hundredths(x, n uint64) uint64 {
	rest := x % 100 * n
	part := rest / 100
	if rest%100 > 50 {
		part++
	}
	return x/100*n + part
}

// Validate checks that the limits do not contradict each other.
func (w *BlockWeights) Validate() error {
	for class := frame.Normal; class <= frame.Mandatory; class++ {
		c := w.Of(class)
		base := c.BaseExtrinsic
		total, reserved, extrinsic := orMax(c.MaxTotal), orMax(c.Reserved), orMax(c.MaxExtrinsic)
		switch {
		case total != frame.Weight{} && !(allGT(total, w.BaseBlock) && allGT(total, base)):
			return errors.New("block weights: a class's total is not above the base weights")
		case c.MaxExtrinsic != nil && !c.MaxExtrinsic.AllLTE(total.Sub(base)):
			return errors.New("block weights: an extrinsic may weigh more than its class")
		case !allGT(extrinsic, frame.Weight{}):
			return errors.New("block weights: no extrinsic fits its class")
		case reserved != frame.Weight{} && !allGT(reserved, base):
			return errors.New("block weights: a reserve holds no extrinsic")
		case c.MaxTotal != nil && !c.MaxTotal.AllLTE(w.MaxBlock):
			return errors.New("block weights: a class may weigh more than the block")
		case !allGT(w.MaxBlock, base.Add(w.BaseBlock)):
			return errors.New("block weights: no extrinsic fits the block")
		}
	}
	return nil
}

func orMax(w *frame.Weight) frame.Weight {
	if w == nil {
		return frame.MaxWeight
	}
	return *w
}

// allGT tells whether both parts of a are greater than those of b.
func allGT(a, b frame.Weight) bool { return a.RefTime > b.RefTime && a.ProofSize > b.ProofSize }

// BlockLength is how many bytes the extrinsics of a block may have together, by class.
//
//frame:type frame_system::limits::BlockLength
type BlockLength struct {
	// The limits in bytes; that of the class of an extrinsic holds for all extrinsics so far.
	Max LengthPerClass `rust:"PerDispatchClass<u32>"`
}

// LengthPerClass is a length in bytes for each class.
//
//frame:type frame_support::dispatch::PerDispatchClass<T=uint32>
type LengthPerClass struct {
	Normal, Operational, Mandatory uint32 `rust:"T"`
}

// Of returns the limit of a class in bytes.
func (l *BlockLength) Of(class frame.Class) uint32 {
	switch class {
	case frame.Normal:
		return l.Max.Normal
	case frame.Operational:
		return l.Max.Operational
	}
	return l.Max.Mandatory
}

// BlockLengthOf returns the limits of a block of max bytes, of which normal extrinsics get normalPercent.
func BlockLengthOf(max uint32, normalPercent uint64) BlockLength {
	return BlockLength{LengthPerClass{uint32(hundredths(uint64(max), normalPercent)), max, max}}
}

// ConsumedWeight is the weight that a block has used, by class.
//
//frame:type frame_support::dispatch::PerDispatchClass<T=frame.Weight>
type ConsumedWeight struct {
	Normal, Operational, Mandatory frame.Weight `rust:"T"`
}

// Of returns the weight of a class.
func (c *ConsumedWeight) Of(class frame.Class) *frame.Weight {
	switch class {
	case frame.Normal:
		return &c.Normal
	case frame.Operational:
		return &c.Operational
	}
	return &c.Mandatory
}

// Total returns the weight of all classes, saturating.
func (c *ConsumedWeight) Total() frame.Weight { return c.Normal.Add(c.Operational).Add(c.Mandatory) }
