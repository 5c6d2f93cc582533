package aura

import (
	"errors"
	"math"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

//go:generate go run ../frame/gen

// MaxAuthorities is how many authorities there may be.
const MaxAuthorities = 32

// Pallet is the Aura pallet.
type Pallet struct {
	Constants
	Storage

	// AllowMultipleBlocksPerSlot lets a slot stay the same from block to block.
	AllowMultipleBlocksPerSlot bool
	// Now is the time of the block, in milliseconds since 1970: that of pallet timestamp.
	Now func() uint64
	// IsDisabled tells whether the authority with that index must not make blocks. Nil where nobody is ever disabled.
	IsDisabled func(index uint32) bool
}

// Constants are set by the runtime.
type Constants struct {
	// How long a slot is, in milliseconds. It must not change while the chain runs.
	SlotDuration uint64 `rust:"T::Moment"`
}

// Storage is all that the pallet keeps.
type Storage struct {
	// Who makes blocks, in the order of their turns. At most MaxAuthorities.
	Authorities frame.Value[Authorities]
	// The slot of this block.
	CurrentSlot frame.Value[Slot]
}

// AuthorityID is the sr25519 public key of a block author.
type AuthorityID [32]byte

// AppendScale appends the key.
func (a AuthorityID) AppendScale(dst []byte) []byte { return append(dst, a[:]...) }

// DecodeScale reads the key.
func (a *AuthorityID) DecodeScale(d *scale.Decoder) { *a = d.Array32() }

// Authorities are the block authors in the order of their turns.
//
//frame:type bounded_collections::bounded_vec::BoundedVec
//frame:bound 32
type Authorities []AuthorityID

// Slot counts slots from 1970.
type Slot uint64

// AppendScale appends a u64.
func (s Slot) AppendScale(dst []byte) []byte { return scale.AppendU64(dst, uint64(s)) }

// DecodeScale reads a u64.
func (s *Slot) DecodeScale(d *scale.Decoder) { *s = Slot(d.U64()) }

// OnInitialize takes the slot from the header and sees that it goes forward: a block in which it does not is invalid. Cost: two reads, one
// write.
func (p *Pallet) OnInitialize(chain.BlockNumber) frame.Weight {
	slot, ok := SlotOf(system.CurrentDigest())
	if !ok {
		return frame.Weight{}.Reads(1)
	}
	current := p.CurrentSlot.Get()
	if p.AllowMultipleBlocksPerSlot {
		if slot < current {
			panic(frame.Panic("Slot must not decrease"))
		}
	} else if slot <= current {
		panic(frame.Panic("Slot must increase"))
	}
	p.CurrentSlot.Put(slot)
	if p.IsDisabled != nil {
		if index, ok := p.authorOf(slot); ok && p.IsDisabled(index) {
			panic(frame.Panic("Validator with index " + decimal(index) + " is disabled and should not be attempting to author blocks."))
		}
	}
	return frame.Weight{}.Reads(2).Writes(1)
}

// OnTimestampSet sees that the time of the block lies in its slot: a block in which it does not is invalid.
func (p *Pallet) OnTimestampSet(now uint64) {
	if p.SlotDuration == 0 {
		panic(frame.Panic("Aura slot duration cannot be zero."))
	}
	if p.CurrentSlot.Get() != Slot(now/p.SlotDuration) {
		panic(frame.Panic("Timestamp slot must match `CurrentSlot`. This likely means that the configured block time in the node and/or rest of the runtime is " +
			"not compatible with Aura's `SlotDuration`"))
	}
}

// OnRuntimeUpgrade counts the current slot anew from the time, as the new runtime may have slots of another length.
func (p *Pallet) OnRuntimeUpgrade() frame.Weight {
	slot := Slot(p.Now() / p.SlotDuration)
	if p.CurrentSlot.Get() == slot {
		return frame.Weight{}.Reads(2)
	}
	p.CurrentSlot.Put(slot)
	return frame.Weight{}.Reads(2).Writes(1)
}

// IntegrityTest sees that slots have a length.
func (p *Pallet) IntegrityTest() error {
	if p.SlotDuration == 0 {
		return errNoSlotDuration
	}
	return nil
}

// TryState sees that slots can go on, and that the time lies in the slot.
func (p *Pallet) TryState(chain.BlockNumber) error {
	slot, ok := SlotOf(system.CurrentDigest())
	if !ok {
		slot = p.CurrentSlot.Get()
	}
	if !p.AllowMultipleBlocksPerSlot && slot == math.MaxUint64 {
		return errLastSlot
	}
	if now := p.Now(); now != 0 && slot != Slot(now/p.SlotDuration) {
		return errOtherSlot
	}
	return nil
}

var (
	errNoSlotDuration = errors.New("aura: slots have no length")
	errLastSlot       = errors.New("aura: no slot can follow the current one")
	errOtherSlot      = errors.New("aura: the time does not lie in the current slot")
)

// SlotOf returns the slot that the first pre-runtime item of Aura in a digest names, and false where there is none or it is no slot.
func SlotOf(digest []chain.DigestItem) (Slot, bool) {
	for _, item := range digest {
		if item.Kind == chain.DigestPreRuntime && item.Engine == chain.EngineAura {
			d := scale.NewDecoder(item.Data)
			slot := Slot(d.U64())
			return slot, d.Err() == nil
		}
	}
	return 0, false
}

// FindAuthor returns the index of the authority whose turn the digest's slot is, and false where the digest has no slot or there are no
// authorities.
func (p *Pallet) FindAuthor(digest []chain.DigestItem) (index uint32, ok bool) {
	slot, ok := SlotOf(digest)
	if !ok {
		return 0, false
	}
	return p.authorOf(slot)
}

// Author returns the key of the author of this block, and false where that is not known.
func (p *Pallet) Author() (AuthorityID, bool) {
	index, ok := p.FindAuthor(system.CurrentDigest())
	if !ok {
		return AuthorityID{}, false
	}
	return p.Authorities.Get()[index], true
}

func (p *Pallet) authorOf(slot Slot) (index uint32, ok bool) {
	n := len(p.Authorities.Get())
	if n == 0 {
		return 0, false
	}
	return uint32(uint64(slot) % uint64(n)), true
}

// IsMember tells whether the key is that of an authority.
func (p *Pallet) IsMember(id AuthorityID) bool {
	for _, a := range p.Authorities.Get() {
		if a == id {
			return true
		}
	}
	return false
}

// Kinds of consensus logs, as the node decodes them: sp_consensus_aura::ConsensusLog.
const (
	logAuthoritiesChange = 1
	logOnDisabled        = 2
)

// ChangeAuthorities puts other authorities in place, from the next block on, and tells the node. It does nothing for an empty list. More
// than MaxAuthorities are a bug of the caller.
func (p *Pallet) ChangeAuthorities(authorities Authorities) {
	if len(authorities) == 0 {
		return
	}
	if len(authorities) > MaxAuthorities {
		panic("BUG: more Aura authorities than the runtime allows")
	}
	p.Authorities.Put(authorities)
	system.DepositLog(chain.DigestItem{
		Kind:   chain.DigestConsensus,
		Engine: chain.EngineAura,
		Data:   scale.AppendSlice([]byte{logAuthoritiesChange}, authorities),
	})
}

// NoteDisabled tells the node that the authority with that index is disabled.
func (p *Pallet) NoteDisabled(index uint32) {
	system.DepositLog(chain.DigestItem{
		Kind:   chain.DigestConsensus,
		Engine: chain.EngineAura,
		Data:   scale.AppendU32([]byte{logOnDisabled}, index),
	})
}

// decimal writes a number for a panic, which must not drag a formatter into the runtime.
func decimal(n uint32) string {
	var text [10]byte
	i := len(text)
	for {
		i--
		text[i] = '0' + byte(n%10)
		if n /= 10; n == 0 {
			return string(text[i:])
		}
	}
}
