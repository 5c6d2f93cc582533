package balances

import (
	"encoding/binary"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
	"github.com/gotensor/gotensor/testnet/native"
)

// The pallets as the original's tests compose them.
var (
	sys = system.Pallet{MaxConsumers: 16}
	b   = Pallet{Constants: Constants{ExistentialDeposit: 1, MaxLocks: 100, MaxReserves: 2, MaxFreezes: 3}, MaxHolds: 3, FreezeReasons: 3}
)

// The identifiers of the original's tests.
var (
	foo, bar, baz    = frame.HoldReason{Reason: 0}, frame.HoldReason{Reason: 1}, frame.HoldReason{Reason: 2}
	ice, snow, frost = frame.FreezeReason{Reason: 0}, frame.FreezeReason{Reason: 1}, frame.FreezeReason{Reason: 2}
	named0, named1   = ID{0}, ID{1}
	named2           = ID{2}
)

// acct returns the account that the original's tests call by the number.
func acct(n uint64) (id chain.AccountID) {
	binary.LittleEndian.PutUint64(id[:], n)
	return id
}

// world is the state of one test.
type world struct {
	*testing.T
	*native.Ext
}

// build returns a state at block 1 as the original's ExtBuilder makes it: with ed as existential deposit, and where monied is set with money in
// accounts 1, 2, 3, 4 and 12.
func build(t testing.TB, ed units.Rao, monied bool) *native.Ext {
	b.ExistentialDeposit = ed
	b.MaxReserves, b.MaxHolds, b.MaxFreezes = 2, 3, 3
	b.DustRemoval, b.DoneSlash = nil, nil
	frame.Install(nil, frame.Entry{Index: 0, Name: "System", Pallet: &sys}, frame.Entry{Index: 5, Name: "Balances", Pallet: &b})
	ext := native.New(t)
	ext.Run(func() {
		var endowments []Endowment
		if monied {
			for _, n := range []uint64{1, 2, 3, 4, 12} {
				endowments = append(endowments, Endowment{acct(n), units.Rao(n%10) * 10 * ed})
			}
			endowments[4].Free = 10 * ed
		}
		if err := b.Endow(endowments); err != nil {
			t.Fatal(err)
		}
		system.SetNumber(1)
	})
	return ext
}

func TestSmoke(t *testing.T) {
	ext := build(t, 10, true)
	ext.Run(func() {
		if _, err := b.Transfer(acct(1), acct(5), 50, Expendable); err != nil {
			t.Fatal(err)
		}
		if b.FreeBalance(acct(1)) != 50 || b.FreeBalance(acct(5)) != 50 {
			t.Fatal(b.FreeBalance(acct(1)), b.FreeBalance(acct(5)))
		}
		if err := b.TryState(0); err != nil {
			t.Fatal(err)
		}
		for _, e := range system.EventRecords() {
			t.Logf("%x", e.Event)
		}
	})
}
