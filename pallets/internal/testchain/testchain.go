// Package testchain is the small chain on which the tests of pallets run that hold calls: System, Balances with an existential deposit of
// one, and the pallets in hand, over a real state. Accounts are numbers, as in the original tests.
package testchain

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
	"github.com/gotensor/gotensor/testnet/native"
)

// Indices of the pallets that are always there: those of Subtensor.
const (
	System   = 0
	Balances = 5
)

// Chain is a chain in block 1.
type Chain struct {
	*native.Ext
	Balances *balances.Pallet
	Runtime  *frame.Runtime
}

// Weights are limits of a block that nothing in a test reaches.
func weights() system.BlockWeights {
	return system.BlockWeights{MaxBlock: frame.MaxWeight}
}

// New returns a chain with money in accounts by their numbers. allow is the base filter, or nil; entries are the pallets in hand.
func New(t testing.TB, allow func(frame.Call) bool, money map[uint64]units.Rao, entries ...frame.Entry) *Chain {
	t.Helper()
	c := &Chain{Ext: native.New(t), Balances: &balances.Pallet{
		Constants: balances.Constants{ExistentialDeposit: 1, MaxLocks: 50, MaxReserves: 50, MaxFreezes: 50},
		MaxHolds:  4,
	}}
	sys := &system.Pallet{Constants: system.Constants{BlockWeights: weights(), BlockHashCount: 2400}, MaxConsumers: 16}
	all := []frame.Entry{{Index: System, Name: "System", Pallet: sys}, {Index: Balances, Name: "Balances", Pallet: c.Balances}}
	c.Runtime = frame.Install(allow, append(all, entries...)...)
	var endowments []balances.Endowment
	for n := range uint64(1000) { // in ascending order
		if free, ok := money[n]; ok {
			endowments = append(endowments, balances.Endowment{Who: ID(n), Free: free})
		}
	}
	c.Run(func() {
		if err := c.Balances.Endow(endowments); err != nil {
			t.Fatal(err)
		}
		system.SetNumber(1)
	})
	c.Next()
	t.Cleanup(func() { c.tryState(t) })
	return c
}

// tryState checks the invariants of all pallets at the end of each test.
func (c *Chain) tryState(t testing.TB) {
	if t.Failed() || frame.Current() != c.Runtime {
		return
	}
	c.Run(func() {
		for _, p := range c.Runtime.Pallets() {
			if p, ok := p.(frame.StateTrier); ok {
				if err := p.TryState(system.Number()); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// ID returns the account with the number n: its bytes little-endian, then zeros.
func ID(n uint64) (id chain.AccountID) {
	binary.LittleEndian.PutUint64(id[:], n)
	return id
}

// IDs returns accounts by their numbers.
func IDs(ns ...uint64) (ids []chain.AccountID) {
	for _, n := range ns {
		ids = append(ids, ID(n))
	}
	return ids
}

// Address returns the address of the account with the number n.
func Address(n uint64) chain.MultiAddress { return chain.AddressOf(ID(n)) }

// Signed returns the origin of the account with the number n.
func Signed(n uint64) frame.Origin { return frame.SignedBy(ID(n)) }

// Free returns the free balance of the account with the number n.
func (c *Chain) Free(n uint64) units.Rao { return c.Balances.FreeBalance(ID(n)) }

// Reserved returns the reserved balance of the account with the number n.
func (c *Chain) Reserved(n uint64) units.Rao { return c.Balances.ReservedBalance(ID(n)) }

// Transfer is the call that moves value to the account with the number n.
func Transfer(n uint64, value units.Rao) frame.Call {
	return &balances.TransferAllowDeathCall{Dest: Address(n), Value: value}
}

// KeepAlive is Transfer that leaves the sender alive.
func KeepAlive(n uint64, value units.Rao) frame.Call {
	return &balances.TransferKeepAliveCall{Dest: Address(n), Value: value}
}

// Noop expects that f fails with want and changes nothing, events included.
func Noop(t testing.TB, f func() error, want error) {
	t.Helper()
	before := host.Root(1)
	if err := f(); err != want {
		t.Fatalf("expected error %v, got %v", want, err)
	}
	if host.Root(1) != before {
		t.Fatalf("a call that failed with %v changed the state", want)
	}
}

// Last returns the last n events, encoded.
func Last(n int) [][]byte {
	records := system.EventRecords()
	var events [][]byte
	for _, r := range records[max(0, len(records)-n):] {
		events = append(events, r.Event)
	}
	return events
}

// Encode encodes events.
func Encode(events ...frame.Event) (encoded [][]byte) {
	for _, e := range events {
		encoded = append(encoded, e.AppendEvent(nil))
	}
	return encoded
}

// Has tells whether the block has the event.
func Has(e frame.Event) bool {
	want := e.AppendEvent(nil)
	for _, r := range system.EventRecords() {
		if bytes.Equal(r.Event, want) {
			return true
		}
	}
	return false
}

// Count returns how many events the block has that begin as e does: pallet and number.
func Count(e frame.Event) (n int) {
	want := e.AppendEvent(nil)[:2]
	for _, r := range system.EventRecords() {
		if bytes.HasPrefix(r.Event, want) {
			n++
		}
	}
	return n
}

// CallFiltered is the error of a call that a filter stops.
var CallFiltered = frame.Module(System, 5)

// SetFree makes the free balance of who what is given; the issuance follows.
func (c *Chain) SetFree(who chain.AccountID, free units.Rao) {
	made, left := c.Balances.MakeFreeBalanceBe(who, free)
	c.Balances.DropPositive(made)
	c.Balances.DropNegative(left)
}
