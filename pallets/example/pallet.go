// Package example is a pallet to learn from: a guest book. docs/pallet-tutorial.md builds a smaller one step by step.
//
// Everybody may leave one line in the book, so many in a period of blocks; root opens and closes it.
//
//	Sign ──► Entries[who] = text, at which block     Recent + 1, until the period ends (OnInitialize)
//	Erase ─► Entries[who] is gone
//
// # Invariants
//
//   - An account has at most one entry, of 1 to MaxLength bytes.
//   - Recent is at most MaxRecent.
//
// It does not read what guests write, and an entry costs them nothing but the fee: a pallet that is to live on a chain would take a deposit.
package example

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/json"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
)

//go:generate go run ../frame/gen

// Pallet is the guest book.
type Pallet struct {
	Constants
	Storage
}

// Constants are set by the runtime.
type Constants struct {
	// MaxLength is how many bytes an entry may have.
	MaxLength uint32
	// MaxRecent is how many entries a period takes.
	MaxRecent uint32
	// Period is how many blocks a period has.
	Period chain.BlockNumber
}

// Storage is all that the pallet keeps.
type Storage struct {
	// Whether the book takes entries.
	Open frame.Value[bool] `default:"true"`
	// How many entries were made in this period of blocks.
	Recent frame.Value[uint32]
	// What each guest wrote. Blake2_128Concat, as users choose accounts. Size: one entry for each account that wants one.
	Entries frame.CountedMap[frame.Blake2_128Concat, chain.AccountID, Entry]
}

// Entry is what a guest wrote.
//
//frame:type pallet_example::Entry<Number=chain.BlockNumber>
type Entry struct {
	Text Text              `rust:"BoundedVec<u8, T::MaxLength>"`
	At   chain.BlockNumber `rust:"Number"`
}

// Text is what an entry says, in at most MaxLength bytes.
//
//frame:type bounded_collections::bounded_vec::BoundedVec
//frame:bound p.MaxLength
type Text []byte

// Signed: a guest has made an entry, or another one in its place.
//
//frame:event 0
type Signed struct {
	Who chain.AccountID
	// How many entries there are now.
	Entries uint32
}

// Erased: a guest has taken the entry back.
//
//frame:event 1
type Erased struct {
	Who chain.AccountID
}

// Switched: the book was opened or closed.
//
//frame:event 2
type Switched struct {
	Open bool
}

// Error is why the pallet refuses a call.
type Error uint8

// Errors, with their numbers on the wire: never change or reuse one.
const (
	// Closed: the book takes no entries. Wait until root opens it.
	Closed Error = 0
	// Empty: the text has no bytes.
	Empty Error = 1
	// TooMany: the period has all the entries that it takes. Wait for the next one.
	TooMany Error = 2
	// NotFound: the account has no entry.
	NotFound Error = 3
)

// Sign makes an entry for the sender, or puts another text in place of the one that is there.
//
//frame:call 0
//frame:weight weightSign(len(text))
func (p *Pallet) Sign(origin frame.Origin, text Text) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	if !p.Open.Get() {
		return Closed
	}
	if len(text) == 0 {
		return Empty
	}
	recent := p.Recent.Get()
	if recent >= p.MaxRecent {
		return TooMany
	}
	p.Recent.Put(recent + 1)
	p.Entries.Put(who, Entry{Text: text, At: system.Number()})
	system.Deposit(Signed{Who: who, Entries: p.Entries.Count()})
	return nil
}

// weightSign is the weight of a text of so many bytes.
func weightSign(length int) frame.Weight {
	return frame.RefTime(12_000_000 + 500*uint64(length)).Reads(5).Writes(3)
}

// Erase takes the sender's entry back. The period counts it still.
//
//frame:call 1
//frame:weight frame.RefTime(9_000_000).Reads(2).Writes(2)
func (p *Pallet) Erase(origin frame.Origin) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	if !p.Entries.Has(who) {
		return NotFound
	}
	p.Entries.Remove(who)
	system.Deposit(Erased{Who: who})
	return nil
}

// SetOpen opens or closes the book. For root.
//
//frame:call 2
//frame:weight frame.RefTime(5_000_000).Writes(1)
//frame:class Operational
//frame:pays No
func (p *Pallet) SetOpen(origin frame.Origin, open bool) error {
	if err := origin.Root(); err != nil {
		return err
	}
	p.Open.Put(open)
	system.Deposit(Switched{Open: open})
	return nil
}

// OnInitialize begins a new period where one ends. Cost: one write, once in a period.
func (p *Pallet) OnInitialize(n chain.BlockNumber) frame.Weight {
	if n%p.Period != 0 {
		return frame.RefTime(1_000_000)
	}
	p.Recent.Kill()
	return frame.RefTime(2_000_000).Writes(1)
}

// BuildGenesis reads {"open": true}. Error: *json.Error that names what is wrong.
func (p *Pallet) BuildGenesis(config []byte) error {
	if config == nil {
		return nil
	}
	v, err := json.Parse(config)
	if err != nil || v.Field("open").IsNull() {
		return err
	}
	open, err := v.Field("open").Bool()
	if err != nil {
		return json.At("open", err)
	}
	p.Open.Put(open)
	return nil
}
