package timestamp

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

//go:generate go run ../frame/gen

// Pallet is the timestamp pallet.
type Pallet struct {
	Constants
	Storage

	// OnTimestampSet is told the time as soon as it is set: by it consensus compares the block's slot. Nil where nobody listens.
	OnTimestampSet func(now uint64)
}

// Constants are set by the runtime.
type Constants struct {
	// The least that the time must go forward from block to block, in milliseconds: half of what blocks should be apart.
	MinimumPeriod uint64 `rust:"T::Moment"`
}

// Storage is all that the pallet keeps.
type Storage struct {
	// The time of this block, in milliseconds since 1970; before the block has set it, that of the block before.
	Now frame.Value[uint64]
	// Whether this block has set its time. It is gone at the end of each block.
	DidUpdate frame.Value[bool]
}

// Set sets the time of the block, in milliseconds since 1970. An inherent: each block holds it exactly once.
//
// The time must be at least MinimumPeriod after that of the block before; a block in which it is not is invalid.
//
//frame:call 0
//frame:weight weightSet
//frame:class Mandatory
//frame:compact now
//frame:rust now=T::Moment
func (p *Pallet) Set(origin frame.Origin, now uint64) error {
	if err := origin.None(); err != nil {
		return err
	}
	if p.DidUpdate.Exists() {
		panic(frame.Panic("Timestamp must be updated only once in the block"))
	}
	if before := p.Now.Get(); before != 0 && now < before+p.MinimumPeriod {
		panic(frame.Panic("Timestamp must increment by at least <MinimumPeriod> between sequential blocks"))
	}
	p.Now.Put(now)
	p.DidUpdate.Put(true)
	if p.OnTimestampSet != nil {
		p.OnTimestampSet(now)
	}
	return nil
}

// OnInitialize answers for what OnFinalize costs.
func (p *Pallet) OnInitialize(chain.BlockNumber) frame.Weight { return weightOnFinalize }

// OnFinalize sees that the block has set its time: a block that has not is invalid. Cost: one read, one write.
func (p *Pallet) OnFinalize(chain.BlockNumber) {
	if !p.DidUpdate.Take() {
		panic(frame.Panic("Timestamp must be updated once in the block"))
	}
}

// maxDrift is how far ahead of the importer's clock a block may be, in milliseconds.
const maxDrift = 30_000

// Errors of the inherent, as clients decode them: sp_timestamp::InherentError. Both are fatal.
const (
	inherentTooEarly       = 0 // less than MinimumPeriod after the block before
	inherentTooFarInFuture = 1 // more than maxDrift ahead of the importer's clock
)

// InherentID implements frame.InherentProvider.
func (p *Pallet) InherentID() [8]byte { return [8]byte([]byte("timstap0")) }

// CreateInherent returns the call that sets the time to the author's, or to the earliest that is allowed. data is an encoded u64 of
// milliseconds; an author who gives none makes no block, so that is a panic.
func (p *Pallet) CreateInherent(data []byte) frame.Call {
	return &SetCall{Now: max(authorTime(data), p.Now.Get()+p.MinimumPeriod)}
}

// CheckInherent compares the time of a block with the importer's, data. Other calls are fine.
func (p *Pallet) CheckInherent(c frame.Call, data []byte) *frame.InherentError {
	set, ok := c.(*SetCall)
	if !ok {
		return nil
	}
	if set.Now > authorTime(data)+maxDrift {
		return &frame.InherentError{Fatal: true, Data: []byte{inherentTooFarInFuture}}
	}
	if set.Now < p.Now.Get()+p.MinimumPeriod {
		return &frame.InherentError{Fatal: true, Data: []byte{inherentTooEarly}}
	}
	return nil
}

// IsInherent tells whether the call sets the time.
func (p *Pallet) IsInherent(c frame.Call) bool {
	_, ok := c.(*SetCall)
	return ok
}

// authorTime reads the inherent data.
func authorTime(data []byte) uint64 {
	if data == nil {
		panic(frame.Panic("Timestamp inherent data must be provided"))
	}
	d := scale.NewDecoder(data)
	now := d.U64()
	if d.Err() != nil {
		panic(frame.Panic("Timestamp inherent data not correctly encoded"))
	}
	return now
}
