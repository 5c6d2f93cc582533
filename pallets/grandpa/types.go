package grandpa

import (
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// AuthorityID is the ed25519 public key of an authority.
type AuthorityID [32]byte

// AppendScale appends the key.
func (a AuthorityID) AppendScale(dst []byte) []byte { return append(dst, a[:]...) }

// DecodeScale reads the key.
func (a *AuthorityID) DecodeScale(d *scale.Decoder) { *a = d.Array32() }

// Authority is one authority with the weight of its vote.
//
//frame:tuple
type Authority struct {
	ID     AuthorityID
	Weight uint64
}

// Authorities are authorities in the order of their indices.
type Authorities []Authority

// BoundedAuthorities are Authorities as they are stored. More of them than MaxAuthorities are kept and read all the same.
//
//frame:type bounded_collections::weak_bounded_vec::WeakBoundedVec
type BoundedAuthorities []Authority

// Stall says how a change is to be forced.
//
//frame:tuple
type Stall struct {
	FurtherWait chain.BlockNumber // blocks until the change is in force
	Median      chain.BlockNumber // the last block that was finalised as far as one knows
}

// StoredPendingChange is a change of authorities that is not in force yet.
//
//frame:type pallet_grandpa::StoredPendingChange<N=chain.BlockNumber, Limit>
type StoredPendingChange struct {
	// The block in which the change was scheduled.
	ScheduledAt chain.BlockNumber `rust:"N"`
	// The number of blocks after which it is in force.
	Delay chain.BlockNumber `rust:"N"`
	// Who votes then.
	NextAuthorities BoundedAuthorities `rust:"BoundedAuthorityList<Limit>"`
	// For forced changes: the last block that was finalized, as far as one knows.
	Forced *chain.BlockNumber `rust:"Option<N>"`
}

// StateKind is the kind of a StoredState. The numbers are those on the wire.
type StateKind uint8

// Whether the authorities are voting.
const (
	Live          StateKind = 0
	PendingPause  StateKind = 1
	PausedState   StateKind = 2
	PendingResume StateKind = 3
)

// StoredState says whether the authorities are voting. The zero value is the state at genesis.
type StoredState struct {
	Kind        StateKind
	ScheduledAt chain.BlockNumber // of pending ones: when it was scheduled
	Delay       chain.BlockNumber // of pending ones: after how many blocks it is in force
}

// AppendScale appends the state.
func (s StoredState) AppendScale(dst []byte) []byte {
	dst = append(dst, byte(s.Kind))
	if s.Kind == PendingPause || s.Kind == PendingResume {
		dst = scale.AppendU32(dst, uint32(s.ScheduledAt))
		dst = scale.AppendU32(dst, uint32(s.Delay))
	}
	return dst
}

// DecodeScale reads a state.
func (s *StoredState) DecodeScale(d *scale.Decoder) {
	s.Kind = StateKind(d.U8())
	switch s.Kind {
	case Live, PausedState:
	case PendingPause, PendingResume:
		s.ScheduledAt = chain.BlockNumber(d.U32())
		s.Delay = chain.BlockNumber(d.U32())
	default:
		d.FailVariant("grandpa state", uint8(s.Kind))
	}
}

// Void is a type without values: nothing decodes as one.
type Void struct{}

// AppendScale appends nothing, as there is nothing to append.
func (Void) AppendScale(dst []byte) []byte { return dst }

// DecodeScale always fails.
func (*Void) DecodeScale(d *scale.Decoder) {
	d.Fail(d.Offset(), "void", scale.ErrInvalid, "the type has no values")
}

// Vote is what an authority signs, in the first round for Prevote and the second for Precommit of finality_grandpa.
type Vote struct {
	TargetHash   hash.H256
	TargetNumber chain.BlockNumber
	Signature    [64]byte // ed25519
}

func (v Vote) append(dst []byte) []byte {
	dst = scale.AppendU32(append(dst, v.TargetHash[:]...), uint32(v.TargetNumber))
	return append(dst, v.Signature[:]...)
}

func (v *Vote) decode(d *scale.Decoder) {
	v.TargetHash = d.Array32()
	v.TargetNumber = chain.BlockNumber(d.U32())
	d.Read(v.Signature[:])
}

// EquivocationProof says that an authority has cast two votes in one round of a set.
type EquivocationProof struct {
	SetID         uint64
	Precommit     bool // else they are prevotes
	Round         uint64
	Identity      AuthorityID
	First, Second Vote
}

// AppendScale appends the proof.
func (e EquivocationProof) AppendScale(dst []byte) []byte {
	dst = scale.AppendU64(dst, e.SetID)
	dst = scale.AppendBool(dst, e.Precommit)
	dst = scale.AppendU64(dst, e.Round)
	dst = append(dst, e.Identity[:]...)
	return e.Second.append(e.First.append(dst))
}

// DecodeScale reads a proof.
func (e *EquivocationProof) DecodeScale(d *scale.Decoder) {
	e.SetID = d.U64()
	switch kind := d.U8(); kind {
	case 0, 1:
		e.Precommit = kind == 1
	default:
		d.FailVariant("equivocation", kind)
	}
	e.Round = d.U64()
	e.Identity = d.Array32()
	e.First.decode(d)
	e.Second.decode(d)
}
