package preimage

import (
	"errors"

	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/units"
)

//go:generate go run ../frame/gen

// MaxSize is how many bytes a preimage may have.
const MaxSize = 4 << 20

// maxUpdates is how many hashes one EnsureUpdated takes.
const maxUpdates = 1024

// Pallet is the preimage pallet.
type Pallet struct {
	Storage

	// Currency holds the deposits.
	Currency Currency
	// BaseDeposit is held for each preimage, and ByteDeposit for each of its bytes.
	BaseDeposit, ByteDeposit units.Rao
}

// Currency is what the pallet needs of balances.
type Currency interface {
	Hold(reason frame.HoldReason, who chain.AccountID, amount units.Rao) error
	Release(reason frame.HoldReason, who chain.AccountID, amount units.Rao, precision balances.Precision) (units.Rao, error)
	Unreserve(who chain.AccountID, value units.Rao) (left units.Rao)
}

// Storage is all that the pallet keeps.
type Storage struct {
	// What is known of a preimage, in the form of earlier versions. Empty on chains that did not have them.
	StatusFor frame.OptionMap[frame.Identity, hash.H256, OldRequestStatus]
	// What is known of a preimage: who paid for it, and how often it is requested.
	RequestStatusFor frame.OptionMap[frame.Identity, hash.H256, RequestStatus]
	// The preimages by hash and length.
	PreimageFor frame.OptionMap[frame.Identity, Key, Bytes]
}

// NotePreimage stores bytes under their hash.
//
// A deposit that grows with the length is held until they are removed again; none, and no fee either, where the chain has requested
// them or root stores them.
//
//frame:call 0
//frame:weight weightNotePreimage(len(bytes))
func (p *Pallet) NotePreimage(origin frame.Origin, bytes []byte) (frame.PostInfo, error) {
	who, signed, err := origin.SignedOrRoot()
	if err != nil {
		return frame.PostInfo{}, err
	}
	var depositor *chain.AccountID
	if signed {
		depositor = &who
	}
	requested, _, err := p.note(bytes, depositor)
	if err != nil {
		return frame.PostInfo{}, err
	}
	if requested || !signed {
		return frame.PostInfo{Pays: frame.No}, nil
	}
	return frame.PostInfo{}, nil
}

// UnnotePreimage removes a preimage that is not requested, and gives its deposit back. For who stored it, and root.
//
//frame:call 1
//frame:weight weightUnnotePreimage
//frame:rust hash=T::Hash
func (p *Pallet) UnnotePreimage(origin frame.Origin, hash hash.H256) error {
	who, signed, err := origin.SignedOrRoot()
	if err != nil {
		return err
	}
	if !signed {
		return p.unnote(hash, nil)
	}
	return p.unnote(hash, &who)
}

// RequestPreimage asks for a preimage to be stored, so that whoever stores it pays neither deposit nor fee, and keeps it from being removed.
// For root.
//
//frame:call 2
//frame:weight weightRequestPreimage
//frame:rust hash=T::Hash
func (p *Pallet) RequestPreimage(origin frame.Origin, hash hash.H256) error {
	if err := origin.Root(); err != nil {
		return err
	}
	p.Request(hash)
	return nil
}

// UnrequestPreimage takes back one request. For root, and not more often than it was requested.
//
//frame:call 3
//frame:weight weightUnrequestPreimage
//frame:rust hash=T::Hash
func (p *Pallet) UnrequestPreimage(origin frame.Origin, hash hash.H256) error {
	if err := origin.Root(); err != nil {
		return err
	}
	return p.unrequest(hash)
}

// EnsureUpdated moves what is known of preimages from the form of earlier versions into that of this one. It costs no fee where at
// least 90 % of them were still to be moved.
//
//frame:call 4
//frame:weight weightEnsureUpdated(len(hashes))
//frame:rust hashes=Vec<T::Hash>
func (p *Pallet) EnsureUpdated(origin frame.Origin, hashes []hash.H256) (frame.PostInfo, error) {
	if _, err := origin.Signed(); err != nil {
		return frame.PostInfo{}, err
	}
	switch {
	case len(hashes) == 0:
		return frame.PostInfo{}, TooFew
	case len(hashes) > maxUpdates:
		return frame.PostInfo{}, TooMany
	}
	updated := 0
	for _, h := range hashes {
		if p.ensureUpdated(h) {
			updated++
		}
	}
	if 10*updated < 9*len(hashes) {
		return frame.PostInfo{}, nil
	}
	return frame.PostInfo{Pays: frame.No}, nil
}

// ensureUpdated moves an entry of StatusFor over to RequestStatusFor, and tells whether there was one.
func (p *Pallet) ensureUpdated(h hash.H256) bool {
	old, ok := p.StatusFor.Take(h)
	if !ok {
		return false
	}
	status := RequestStatus(old)
	if t := old.Ticket; t != nil {
		p.Currency.Unreserve(t.Who, t.Amount)
		if !old.HasLen {
			status.Ticket = nil
		} else if ticket, err := p.hold(t.Who, old.Len); err == nil {
			status.Ticket = ticket
		} else {
			host.Log(1, "runtime::preimage", "no deposit to be had right after it was unreserved")
			return true
		}
	}
	p.RequestStatusFor.Put(h, status)
	return true
}

// hold takes the deposit for so many bytes.
func (p *Pallet) hold(who chain.AccountID, length uint32) (*Ticket, error) {
	amount := units.SaturatingAdd(units.SaturatingMul(p.ByteDeposit, uint64(length)), p.BaseDeposit)
	if err := p.Currency.Hold(p.HoldReason(), who, amount); err != nil {
		return nil, err
	}
	return &Ticket{who, amount}, nil
}

// release gives a deposit back, as much of it as is there.
func (p *Pallet) release(t *Ticket) {
	p.Currency.Release(p.HoldReason(), t.Who, t.Amount, balances.BestEffort)
}

// HoldReason is why deposits are on hold.
func (p *Pallet) HoldReason() frame.HoldReason { return frame.HoldReason{Pallet: p.Index(), Reason: 0} }

// note stores bytes, for a depositor or, where that is nil, for the chain, which also requests them. Errors: TooBig, AlreadyNoted, those of
// the deposit.
func (p *Pallet) note(bytes []byte, depositor *chain.AccountID) (requested bool, h hash.H256, err error) {
	h = host.Blake2_256(bytes)
	if len(bytes) > MaxSize {
		return false, h, TooBig
	}
	length := uint32(len(bytes))
	p.ensureUpdated(h)
	status, known := p.RequestStatusFor.Get(h)
	switch {
	case known && status.Requested:
		status.HasLen, status.Len = true, length
	case known && depositor != nil:
		return false, h, AlreadyNoted
	case known:
		status.Requested, status.Count = true, 1
	case depositor == nil:
		status = RequestStatus{Requested: true, Count: 1, HasLen: true, Len: length}
	default:
		ticket, err := p.hold(*depositor, length)
		if err != nil {
			return false, h, err
		}
		status = RequestStatus{Ticket: ticket, HasLen: true, Len: length}
	}
	p.RequestStatusFor.Put(h, status)
	p.PreimageFor.Put(Key{h, length}, bytes)
	system.Deposit(Noted{Hash: h})
	return status.Requested, h, nil
}

// unnote removes bytes, or where they are requested the deposit alone. owner must be who noted them; nil may always. Errors: NotNoted,
// NotAuthorized, NotRequested.
func (p *Pallet) unnote(h hash.H256, owner *chain.AccountID) error {
	p.ensureUpdated(h)
	status, ok := p.RequestStatusFor.Get(h)
	if !ok {
		return NotNoted
	}
	if status.Ticket == nil {
		if owner != nil {
			return NotAuthorized
		}
		return p.unrequest(h)
	}
	if owner != nil && *owner != status.Ticket.Who {
		return NotAuthorized
	}
	p.release(status.Ticket)
	if status.Requested {
		status.Ticket = nil
		p.RequestStatusFor.Put(h, status)
		return nil
	}
	p.RequestStatusFor.Remove(h)
	p.PreimageFor.Remove(Key{h, status.Len})
	system.Deposit(Cleared{Hash: h})
	return nil
}

// unrequest gives one request up; with the last one bytes without an owner go. Error: NotRequested.
func (p *Pallet) unrequest(h hash.H256) error {
	p.ensureUpdated(h)
	status, ok := p.RequestStatusFor.Get(h)
	if !ok || !status.Requested {
		return NotRequested
	}
	switch {
	case status.Count > 1:
		status.Count--
		p.RequestStatusFor.Put(h, status)
	case !status.HasLen: // the bytes never came
		p.RequestStatusFor.Remove(h)
	case status.Ticket == nil:
		p.PreimageFor.Remove(Key{h, status.Len})
		p.RequestStatusFor.Remove(h)
		system.Deposit(Cleared{Hash: h})
	default: // the owner can have the deposit back
		status.Requested, status.Count = false, 0
		p.RequestStatusFor.Put(h, status)
	}
	return nil
}

// Noted: a preimage was stored.
//
//frame:event 0
type Noted struct {
	Hash hash.H256 `rust:"T::Hash"`
}

// PreimageRequested: a preimage was asked for.
//
//frame:event 1 name=Requested
type PreimageRequested struct {
	Hash hash.H256 `rust:"T::Hash"`
}

// Cleared: a preimage was removed.
//
//frame:event 2
type Cleared struct {
	Hash hash.H256 `rust:"T::Hash"`
}

// Error is why the pallet refuses a call.
type Error uint8

const (
	// TooBig: a preimage has at most 4 MiB.
	TooBig Error = 0
	// AlreadyNoted: the preimage is stored already.
	AlreadyNoted Error = 1
	// NotAuthorized: only who stored the preimage may do this, or root.
	NotAuthorized Error = 2
	// NotNoted: no such preimage is stored.
	NotNoted Error = 3
	// Requested: a preimage that is requested cannot be removed.
	Requested Error = 4
	// NotRequested: the preimage is not requested.
	NotRequested Error = 5
	// TooMany: one call updates at most 1,024 hashes.
	TooMany Error = 6
	// TooFew: there must be at least one hash to update.
	TooFew Error = 7
)

// TryState sees that the bytes of each preimage are there if they are said to be, and that there are no others.
func (p *Pallet) TryState(chain.BlockNumber) error {
	here := 0
	for h, status := range p.RequestStatusFor.All() {
		if status.Requested && status.Count == 0 || !status.Requested && status.Ticket == nil {
			return errStatus
		}
		if status.HasLen {
			here++
			if !p.PreimageFor.Has(Key{h, status.Len}) {
				return errMissing
			}
		}
	}
	for h, status := range p.StatusFor.All() {
		if p.RequestStatusFor.Has(h) {
			return errStatus
		}
		if status.HasLen {
			here++
		}
	}
	for key, bytes := range p.PreimageFor.All() {
		if here--; host.Blake2_256(bytes) != key.Hash || uint32(len(bytes)) != key.Len {
			return errBytes
		}
	}
	if here != 0 {
		return errBytes
	}
	return nil
}

var (
	errStatus  = errors.New("preimage: a request without a count, a preimage without an owner, or both forms of one")
	errMissing = errors.New("preimage: the bytes are not there")
	errBytes   = errors.New("preimage: bytes that are not what their key says, or that nobody has noted")
)

// StorageVersion is the form of what is stored.
func (p *Pallet) StorageVersion() uint16 { return 1 }
