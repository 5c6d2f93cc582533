package balances_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/payment"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
	"github.com/gotensor/gotensor/testnet/native"
)

// The pallets as the original's tests compose them: substrate/frame/balances/src/tests/mod.rs.
var (
	sys = system.Pallet{MaxConsumers: 16}
	b   balances.Pallet
	c   = b.Currency()
	pay = payment.Pallet{
		WeightToFee: func(w frame.Weight) units.Rao { return units.Rao(w.RefTime) },
		LengthToFee: payment.LengthToRao,
		OnCharge:    payment.Tao{Balances: &b, Author: func() (chain.AccountID, bool) { return chain.AccountID{}, false }},
	}
)

// The names of the original's tests, and short ones for what they use much.
const (
	expendable, protect, preserve = balances.Expendable, balances.Protect, balances.Preserve
	polite, force                 = balances.Polite, balances.Force
	exact, bestEffort             = balances.Exact, balances.BestEffort
	keepAlive, allowDeath         = balances.KeepAlive, balances.AllowDeath
	most                          = ^units.Rao(0)
)

var (
	foo, bar, baz                = frame.HoldReason{Reason: 0}, frame.HoldReason{Reason: 1}, frame.HoldReason{Reason: 2}
	freezeFoo, freezeBar         = frame.FreezeReason{Reason: 0}, frame.FreezeReason{Reason: 1}
	namedFoo, namedBar, namedBaz = balances.ID{0}, balances.ID{1}, balances.ID{2}
	lock1, lock2                 = balances.ID([]byte("1       ")), balances.ID([]byte("2       "))
)

// a returns the account that the original's tests call by the number.
func a(n uint64) (id chain.AccountID) {
	binary.LittleEndian.PutUint64(id[:], n)
	return id
}

// to returns the address of an account.
func to(n uint64) chain.MultiAddress { return chain.AddressOf(a(n)) }

// by returns the origin of an account.
func by(n uint64) frame.Origin { return frame.SignedBy(a(n)) }

// install composes the pallets.
func install(ed units.Rao) {
	b = balances.Pallet{
		Constants: balances.Constants{ExistentialDeposit: ed, MaxLocks: 100, MaxReserves: 2, MaxFreezes: 3},
		MaxHolds:  3, FreezeReasons: 3,
	}
	c = b.Currency()
	sys.BlockWeights = system.SensibleBlockWeights(frame.Weight{RefTime: 1024, ProofSize: 1 << 62}, 75)
	frame.Install(nil, frame.Entry{Index: 0, Name: "System", Pallet: &sys}, frame.Entry{Index: 5, Name: "Balances", Pallet: &b},
		frame.Entry{Index: 6, Name: "TransactionPayment", Pallet: &pay})
}

// build returns the state of the original's ExtBuilder at block 1.
func build(t testing.TB, ed units.Rao, monied bool) *native.Ext {
	install(ed)
	ext := native.New(t)
	ext.Run(func() {
		if monied {
			err := b.Endow([]balances.Endowment{{Who: a(1), Free: 10 * ed}, {Who: a(2), Free: 20 * ed}, {Who: a(3), Free: 30 * ed}, {Who: a(4), Free: 40 * ed}, {Who: a(12), Free: 10 * ed}})
			if err != nil {
				t.Fatal(err)
			}
		}
		system.SetNumber(1)
	})
	return ext
}

// check counts what a test expects.
type check struct {
	*testing.T
	expectations int
}

func eq[T comparable](x *check, got, want T) {
	x.Helper()
	x.expectations++
	if got != want {
		x.Errorf("got %v, want %v", got, want)
	}
}

func (x *check) ok(err error) {
	x.Helper()
	x.expectations++
	if err != nil {
		x.Errorf("got %v, want success", err)
	}
}

// ok1 is ok for functions with a value.
func ok1[T any](x *check, v T, err error) T {
	x.Helper()
	x.ok(err)
	return v
}

func (x *check) fails(err, want error) {
	x.Helper()
	x.expectations++
	if err == nil || frame.AsDispatchError(err) != frame.AsDispatchError(want) {
		x.Errorf("got error %v, want %v", err, want)
	}
}

// noop expects an error and an unchanged state.
func (x *check) noop(want error, f func() error) {
	x.Helper()
	x.same(func() { x.fails(f(), want) })
}

// same expects an unchanged state.
func (x *check) same(f func()) {
	x.Helper()
	before := host.Root(1)
	f()
	if host.Root(1) != before {
		x.Errorf("the state changed")
	}
}

// first returns the error of a function with a value.
func first[T any](_ T, err error) error { return err }

func encoded(events []frame.Event) (list []string) {
	for _, e := range events {
		list = append(list, fmt.Sprintf("%x", e.AppendEvent(nil)))
	}
	return list
}

func deposited() (list []string) {
	for _, e := range system.EventRecords() {
		list = append(list, fmt.Sprintf("%x", e.Event))
	}
	return list
}

// events expects these events since the last call, and no others.
func (x *check) events(want ...frame.Event) {
	x.Helper()
	x.expectations++
	if got := deposited(); !slices.Equal(got, encoded(want)) {
		x.Errorf("got events\n%s\nwant\n%s", got, encoded(want))
	}
	system.ResetEvents()
}

// has expects the event among others.
func (x *check) has(want frame.Event) {
	x.Helper()
	x.expectations++
	if !slices.Contains(deposited(), encoded([]frame.Event{want})[0]) {
		x.Errorf("no event %#v", want)
	}
}

// last expects the event as the last.
func (x *check) last(want frame.Event) {
	x.Helper()
	x.expectations++
	if got := deposited(); len(got) == 0 || got[len(got)-1] != encoded([]frame.Event{want})[0] {
		x.Errorf("last event is not %#v", want)
	}
}

// vector is one test of the original with what it expects.
type vector struct {
	name string
	ed   units.Rao
	rich bool // ExtBuilder.monied
	run  func(x *check)
	// broken says that the test leaves a state behind of which TryState complains: it writes parts of it by hand.
	broken bool
}

// The numbers of the line that TestMain prints.
var expectations, tests atomic.Int64

func run(t *testing.T, file string, vectors []vector) {
	if len(vectors) == 0 {
		t.Fatal("no vectors")
	}
	for _, v := range vectors {
		t.Run(file+"/"+v.name, func(t *testing.T) {
			x := &check{T: t}
			build(t, v.ed, v.rich).Run(func() {
				v.run(x)
				if err := b.TryState(0); err != nil != v.broken {
					t.Errorf("state afterwards: got %v, broken %v", err, v.broken)
				}
			})
			if x.expectations == 0 {
				t.Error("no expectations")
			}
			expectations.Add(int64(x.expectations))
			tests.Add(1)
		})
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if tests.Load() > 0 {
		fmt.Printf("VECTORS: %d expectations of %d tests of pallet_balances; left out: the second account store, which the original runs each test with too\n", expectations.Load(), tests.Load())
	}
	os.Exit(code)
}

// data returns the balances of an account.
func data(n uint64) system.AccountData { return system.AccountDataOf(a(n)) }

func free(n uint64) units.Rao     { return b.FreeBalance(a(n)) }
func reserved(n uint64) units.Rao { return b.ReservedBalance(a(n)) }
func total(n uint64) units.Rao    { return b.TotalBalance(a(n)) }

// give is deposit_creating with its debt made good, as dropping it does.
func give(n uint64, amount units.Rao) { b.DropPositive(b.DepositCreating(a(n), amount)) }

// set is make_free_balance_be with its imbalance dropped.
func set(n uint64, amount units.Rao) {
	made, left := b.MakeFreeBalanceBe(a(n), amount)
	b.DropPositive(made)
	b.DropNegative(left)
}

// slash is slash with its credit dropped.
func slash(n uint64, amount units.Rao) (taken, left units.Rao) {
	credit, left := c.Slash(a(n), amount)
	b.DropNegative(credit)
	return units.Rao(credit), left
}

func slashReserved(n uint64, amount units.Rao) (taken, left units.Rao) {
	credit, left := b.SlashReserved(a(n), amount)
	b.DropNegative(credit)
	return units.Rao(credit), left
}

func slashNamed(id balances.ID, n uint64, amount units.Rao) (left units.Rao) {
	credit, left := b.SlashReservedNamed(id, a(n), amount)
	b.DropNegative(credit)
	return left
}

// transfer is Currency's transfer.
func transfer(from, dest uint64, value units.Rao, existence balances.ExistenceRequirement) error {
	return c.Transfer(a(from), a(dest), value, existence)
}

// move is fungible's transfer.
func move(from, dest uint64, value units.Rao) error {
	return first(b.Transfer(a(from), a(dest), value, expendable))
}

func hex(v []byte) string { return fmt.Sprintf("%x", v) }
