package balances_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/describe"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// surface is what pallet 5 of Subtensor at spec 425 shows in metadata: opentensor/subtensor 14bc6f9f, pallet-balances 42.0.0. Calls with their
// arguments, events with their fields, in the order of their indices.
const surface = `{
"storage": ["TotalIssuance","InactiveIssuance","Account","Locks","Reserves","Holds","Freezes"],
"defaults": ["0000000000000000","0000000000000000","00000000000000000000000000000000000000000000000000000000000000000000000000000080","00","00","00","00"],
"calls": ["0 transfer_allow_death dest value","2 force_transfer source dest value","3 transfer_keep_alive dest value","4 transfer_all dest keep_alive",
"5 force_unreserve who amount","6 upgrade_accounts who","8 force_set_balance who new_free","9 force_adjust_total_issuance direction delta","10 burn value keep_alive"],
"events": ["0 Endowed account free_balance","1 DustLost account amount","2 Transfer from to amount","3 BalanceSet who free","4 Reserved who amount",
"5 Unreserved who amount","6 ReserveRepatriated from to amount destination_status","7 Deposit who amount","8 Withdraw who amount","9 Slashed who amount",
"10 Minted who amount","11 Burned who amount","12 Suspended who amount","13 Restored who amount","14 Upgraded who","15 Issued amount","16 Rescinded amount",
"17 Locked who amount","18 Unlocked who amount","19 Frozen who amount","20 Thawed who amount","21 TotalIssuanceForced old new"],
"errors": ["0 VestingBalance","1 LiquidityRestrictions","2 InsufficientBalance","3 ExistentialDeposit","4 Expendability","5 ExistingVestingSchedule",
"6 DeadAccount","7 TooManyReserves","8 TooManyHolds","9 TooManyFreezes","10 IssuanceDeactivated","11 DeltaZero"],
"constants": ["ExistentialDeposit f401000000000000","MaxLocks 32000000","MaxReserves 32000000","MaxFreezes 32000000"]
}`

// The pallet describes itself as surface has it, with the constants of Subtensor.
func TestSurface(t *testing.T) {
	var want map[string][]string
	if err := json.Unmarshal([]byte(surface), &want); err != nil {
		t.Fatal(err)
	}
	install(500)
	b.MaxLocks, b.MaxReserves, b.MaxFreezes = 50, 50, 50
	m, err := describe.Build(describe.Runtime{Pallets: []frame.Pallet{&sys, &b, &pay}})
	if err != nil {
		t.Fatal(err)
	}
	p := m.Pallets[1]
	got := map[string][]string{}
	for _, e := range p.Storage.Entries {
		got["storage"] = append(got["storage"], e.Name)
		got["defaults"] = append(got["defaults"], hex(e.Default))
	}
	variants := func(kind string, id *metadata.TypeID, fields bool) {
		for _, v := range m.Types[*id].Def.Variants {
			line := fmt.Sprint(v.Index, " ", v.Name)
			for _, f := range v.Fields {
				line += " " + *f.Name
			}
			got[kind] = append(got[kind], line)
		}
	}
	variants("calls", p.Calls, true)
	variants("events", p.Event, true)
	variants("errors", p.Error, false)
	for _, c := range p.Constants {
		got["constants"] = append(got["constants"], c.Name+" "+hex(c.Value))
	}
	for kind := range want {
		if !slices.Equal(got[kind], want[kind]) {
			t.Errorf("%s:\n got %q\nwant %q", kind, got[kind], want[kind])
		}
	}
}

// Bytes of everything that is stored or sent. A change here is a change of the chain's format and needs a migration.
func TestGolden(t *testing.T) {
	install(500)
	who := strings.Repeat("00", 31)
	for _, c := range []struct {
		value scale.Encodable
		want  string
	}{
		{balances.BalanceLocks{{ID: lock1, Amount: 0x0102, Reasons: balances.All}}, "04" + "3120202020202020" + "0201000000000000" + "02"},
		{balances.ReserveList{{ID: namedFoo, Amount: 1}, {ID: namedBar, Amount: 2}}, "08" + "0000000000000000" + "0100000000000000" + "0100000000000000" + "0200000000000000"},
		{balances.HoldList{{ID: frame.HoldReason{Pallet: 14, Reason: 0}, Amount: 3}}, "04" + "0e00" + "0300000000000000"},
		{balances.FreezeList{{ID: frame.FreezeReason{Pallet: 9, Reason: 1}, Amount: 3}}, "04" + "0901" + "0300000000000000"},
		{balances.StatusReserved, "01"},
		{balances.Decrease, "01"},
		{&balances.TransferAllowDeathCall{Dest: to(7), Value: 1 << 30}, "0500" + "00" + "07" + who + "0300000040"},
		{&balances.ForceTransferCall{Source: to(7), Dest: to(8), Value: 1}, "0502" + "00" + "07" + who + "00" + "08" + who + "04"},
		{&balances.TransferKeepAliveCall{Dest: to(7), Value: 63}, "0503" + "00" + "07" + who + "fc"},
		{&balances.TransferAllCall{Dest: to(7), KeepAlive: true}, "0504" + "00" + "07" + who + "01"},
		{&balances.ForceUnreserveCall{Who: to(7), Amount: 5}, "0505" + "00" + "07" + who + "0500000000000000"},
		{&balances.UpgradeAccountsCall{Who: []chain.AccountID{a(7)}}, "0506" + "04" + "07" + who},
		{&balances.ForceSetBalanceCall{Who: to(7), NewFree: 64}, "0508" + "00" + "07" + who + "0101"},
		{&balances.ForceAdjustTotalIssuanceCall{Direction: balances.Decrease, Delta: 1}, "0509" + "01" + "04"},
		{&balances.BurnCall{Value: 1, KeepAlive: true}, "050a" + "04" + "01"},
	} {
		encoded := scale.Marshal(c.value)
		if got := hex(encoded); got != c.want {
			t.Errorf("%T: got %s, want %s", c.value, got, c.want)
		}
		if call, ok := c.value.(frame.Call); ok {
			d := scale.NewDecoder(encoded)
			again := frame.DecodeCall(d)
			if err := d.Finish(); err != nil || hex(scale.Marshal(again)) != c.want {
				t.Errorf("%T: read back %v, %v", call, again, err)
			}
		}
	}
	for _, c := range []struct {
		event frame.Event
		want  string
	}{
		{balances.Endowed{Account: a(7), FreeBalance: 1}, "0500" + "07" + who + "0100000000000000"},
		{balances.ReserveRepatriated{From: a(7), To: a(8), Amount: 2, DestinationStatus: balances.StatusReserved}, "0506" + "07" + who + "08" + who + "0200000000000000" + "01"},
		{balances.Upgraded{Who: a(7)}, "050e" + "07" + who},
		{balances.TotalIssuanceForced{Old: 1, New: 2}, "0515" + "0100000000000000" + "0200000000000000"},
	} {
		if got := hex(c.event.AppendEvent(nil)); got != c.want {
			t.Errorf("%T: got %s, want %s", c.event, got, c.want)
		}
	}
	if got := frame.AsDispatchError(balances.DeltaZero); got != frame.Module(5, 11) {
		t.Error(got)
	}
}

// Each call has the weight that was measured for it. Source: substrate/frame/balances/src/weights.rs, SubstrateWeight, pallet-balances 42.0.0;
// one read costs 25,000,000 and one write 100,000,000.
func TestWeights(t *testing.T) {
	install(500)
	for _, c := range []struct {
		call       frame.Call
		time       uint64
		proof      uint64
		reads, wrs uint64
	}{
		{&balances.TransferAllowDeathCall{}, 48_834_000, 3_593, 1, 1},
		{&balances.ForceTransferCall{}, 49_519_000, 6_196, 2, 2},
		{&balances.TransferKeepAliveCall{}, 39_051_000, 3_593, 1, 1},
		{&balances.TransferAllCall{}, 48_209_000, 3_593, 1, 1},
		{&balances.ForceUnreserveCall{}, 15_515_000, 3_593, 1, 1},
		{&balances.UpgradeAccountsCall{}, 14_674_000, 990, 0, 0},
		{&balances.UpgradeAccountsCall{Who: make([]chain.AccountID, 3)}, 14_674_000 + 3*14_648_188, 990 + 3*2_603, 3, 3},
		{&balances.ForceSetBalanceCall{}, 19_206_000, 3_593, 1, 1},
		{&balances.ForceAdjustTotalIssuanceCall{}, 5_351_000, 0, 0, 0},
		{&balances.BurnCall{KeepAlive: true}, 30_219_000, 0, 0, 0}, // measured as burn_allow_death; see doc.go
		{&balances.BurnCall{}, 20_720_000, 0, 0, 0},
	} {
		want := frame.DispatchInfo{Call: frame.Weight{RefTime: c.time + c.reads*25_000_000 + c.wrs*100_000_000, ProofSize: c.proof}}
		if got := c.call.Info(); got != want {
			t.Errorf("%T: got %+v, want %+v", c.call, got, want)
		}
	}
}

// Bounds of lists hold where they are read: holds, freezes and reserves that are too long read as none, locks read as they are.
func TestBounds(t *testing.T) {
	build(t, 1, false).Run(func() {
		b.Locks.Put(a(1), make(balances.BalanceLocks, 70))
		b.Reserves.Put(a(1), make(balances.ReserveList, 51))
		b.Freezes.Put(a(1), make(balances.FreezeList, 51))
		b.Holds.Put(a(1), make(balances.HoldList, 5))
		if n := len(b.Locks.Get(a(1))); n != 70 {
			t.Errorf("%d locks", n)
		}
		if b.Reserves.Get(a(1)) != nil || b.Freezes.Get(a(1)) != nil || b.Holds.Get(a(1)) != nil {
			t.Error("a list beyond its bound was read")
		}
	})
}

func TestGenesis(t *testing.T) {
	ext := build(t, 500, false)
	alice := "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
	ext.Unchanged(func() {
		for config, want := range map[string]string{
			`[`:                                    `JSON at byte 1: expected a value`,
			`{"balances":1}`:                       `balances: expected an array, got 1`,
			`{"balances":[[1]]}`:                   `balances[0]: expected an array of 2, got [1]`,
			`{"balances":[[1,2]]}`:                 `balances[0][0]: expected an address, got 1`,
			`{"balances":[["` + alice + `","x"]]}`: `balances[0][1]: expected an integer of at most 64 bits, got "x"`,
			`{"balances":[["` + alice + `",499]]}`: `balances[0]: balance below the existential deposit`,
			`{"balances":[["` + alice + `",500],["` + alice + `",500]]}`:                                                     `balances[1]: account is there twice`,
			`{"balances":[],"devAccounts":[10,1000,null]}`:                                                                   `devAccounts: expected null: keys are not derived here`,
			`{"balances":[["` + alice + `",18446744073709551615],["5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty",500]]}`: `balances[1]: the balances up to here exceed 64 bits`,
		} {
			if err := b.BuildGenesis([]byte(config)); err == nil || err.Error() != want {
				t.Errorf("%s:\n got %v\nwant %s", config, err, want)
			}
		}
	})
	ext.Run(func() {
		for _, config := range []string{``, `{}`, `{"balances":null}`} {
			if err := b.BuildGenesis([]byte(config)); (err != nil) != (config == "") {
				t.Errorf("%q: %v", config, err)
			}
		}
		if err := b.BuildGenesis(nil); err != nil {
			t.Error(err)
		}
		if err := b.BuildGenesis([]byte(`{"balances":[["` + alice + `",1000000000]],"devAccounts":null}`)); err != nil {
			t.Fatal(err)
		}
		who, _ := chain.ParseAccountID(alice)
		if got := system.AccountOf(who); got != (system.AccountInfo{Providers: 1, Data: system.AccountData{Free: units.Tao, Flags: system.NewLogic}}) {
			t.Errorf("%+v", got)
		}
		if got := b.TotalIssuance(); got != units.Tao {
			t.Error(got)
		}
		if err := b.TryState(0); err != nil {
			t.Error(err)
		}
	})
}

// What an account of an older version goes through when it is touched: it gets the consumer reference that its reserved balance needs, and where it
// has no provider, which no version has left behind, one with the money for it.
func TestUpgrade(t *testing.T) {
	for name, c := range map[string]struct {
		before, after system.AccountInfo
	}{
		"nothing reserved": {
			system.AccountInfo{Providers: 1, Data: system.AccountData{Free: 900}},
			system.AccountInfo{Providers: 1, Data: system.AccountData{Free: 900, Flags: system.NewLogic}}},
		"reserved": {
			system.AccountInfo{Providers: 1, Nonce: 3, Data: system.AccountData{Free: 900, Reserved: 5}},
			system.AccountInfo{Providers: 1, Nonce: 3, Consumers: 1, Data: system.AccountData{Free: 900, Reserved: 5, Flags: system.NewLogic}}},
		"reserved and frozen": { // had its reference before
			system.AccountInfo{Providers: 1, Consumers: 1, Data: system.AccountData{Free: 900, Reserved: 5, Frozen: 7}},
			system.AccountInfo{Providers: 1, Consumers: 1, Data: system.AccountData{Free: 900, Reserved: 5, Frozen: 7, Flags: system.NewLogic}}},
		"reserved without provider": {
			system.AccountInfo{Sufficients: 1, Data: system.AccountData{Reserved: 5}},
			system.AccountInfo{Sufficients: 1, Providers: 1, Consumers: 1, Data: system.AccountData{Free: 500, Reserved: 5, Flags: system.NewLogic}}},
	} {
		t.Run(name, func(t *testing.T) {
			build(t, 500, false).Run(func() {
				system.UpdateAccount(a(1), c.before)
				if !b.EnsureUpgraded(a(1)) || b.EnsureUpgraded(a(1)) {
					t.Error("an account is upgraded once")
				}
				if got := system.AccountOf(a(1)); got != c.after {
					t.Errorf("got %+v, want %+v", got, c.after)
				}
				if got := deposited(); len(got) != 1 || got[0] != encoded([]frame.Event{balances.Upgraded{Who: a(1)}})[0] {
					t.Errorf("events %s", got)
				}
			})
		})
	}
}

// upgrade_accounts costs a fee unless nine of ten accounts needed it.
func TestUpgradeFee(t *testing.T) {
	for _, c := range []struct {
		old, all uint64
		pays     frame.Pays
	}{{0, 0, frame.Yes}, {0, 1, frame.Yes}, {1, 1, frame.No}, {8, 9, frame.Yes}, {9, 10, frame.No}, {89, 100, frame.Yes}, {90, 100, frame.No}} {
		build(t, 500, false).Run(func() {
			var who []chain.AccountID
			for n := range c.all {
				info := system.AccountInfo{Providers: 1, Data: system.AccountData{Free: 900}}
				if n >= c.old {
					info.Data.Flags = system.NewLogic
				}
				system.UpdateAccount(a(n), info)
				who = append(who, a(n))
			}
			if post, err := b.UpgradeAccounts(by(1), who); err != nil || post.Pays != c.pays || post.HasActual {
				t.Errorf("%d of %d: %+v, %v", c.old, c.all, post, err)
			}
		})
	}
}

// Calls with origins and addresses that they refuse change nothing.
func TestRefused(t *testing.T) {
	nobody := chain.MultiAddress{Kind: chain.AddressRaw, Bytes: []byte{1}}
	root, none := frame.Root(), frame.None()
	build(t, 500, true).Unchanged(func() {
		for i, c := range []struct {
			err  error
			want frame.DispatchError
		}{
			{b.TransferAllowDeath(root, to(2), 1), frame.BadOrigin}, {b.TransferAllowDeath(by(1), nobody, 1), frame.CannotLookup},
			{b.TransferKeepAlive(none, to(2), 1), frame.BadOrigin}, {b.TransferAll(root, to(2), false), frame.BadOrigin},
			{b.TransferAll(by(1), nobody, false), frame.CannotLookup}, {b.ForceTransfer(by(1), to(1), to(2), 1), frame.BadOrigin},
			{b.ForceTransfer(root, nobody, to(2), 1), frame.CannotLookup}, {b.ForceTransfer(root, to(1), nobody, 1), frame.CannotLookup},
			{b.ForceUnreserve(by(1), to(1), 1), frame.BadOrigin}, {b.ForceUnreserve(root, nobody, 1), frame.CannotLookup},
			{first(b.UpgradeAccounts(root, nil)), frame.BadOrigin}, {b.ForceSetBalance(by(1), to(1), 1), frame.BadOrigin},
			{b.ForceSetBalance(root, nobody, 1), frame.CannotLookup}, {b.ForceAdjustTotalIssuance(by(1), balances.Increase, 1), frame.BadOrigin},
			{b.Burn(root, 1, false), frame.BadOrigin}, {b.Burn(none, 1, false), frame.BadOrigin},
		} {
			if c.err == nil || frame.AsDispatchError(c.err) != c.want {
				t.Errorf("%d: got %v, want %v", i, c.err, c.want)
			}
		}
	})
}

// What the original's tests do not touch, by the rules of frame_support's traits.
func TestRest(t *testing.T) {
	build(t, 10, true).Run(func() { // account 1 has 100
		x := &check{T: t}
		eq(x, b.MinimumBalance(), 10)
		eq(x, b.UsableBalance(a(1)), 100)
		eq(x, b.UsableBalanceForFees(a(1)), 90)
		eq(x, b.CanSlash(a(1), 100), true)
		eq(x, b.CanSlash(a(1), 101), false)
		eq(x, b.BalanceFreezable(a(1)), 100)

		x.noop(frame.TokenFundsUnavailable, func() error { return b.SetFrozen(freezeFoo, a(1), 101, polite) })
		x.noop(frame.TokenFundsUnavailable, func() error { return b.EnsureFrozen(freezeFoo, a(1), 101, polite) })
		x.ok(b.SetFrozen(freezeFoo, a(1), 101, force))
		x.ok(b.EnsureFrozen(freezeFoo, a(1), 50, polite))
		eq(x, b.BalanceFrozen(freezeFoo, a(1)), 101)
		x.ok(b.EnsureFrozen(freezeFoo, a(1), 0, force))
		x.noop(frame.Underflow, func() error { return b.DecreaseFrozen(freezeFoo, a(1), 102) })
		x.noop(frame.Overflow, func() error { return b.IncreaseFrozen(freezeFoo, a(1), most) })
		x.ok(b.SetFreeze(freezeFoo, a(1), 20))
		x.ok(b.SetFreeze(freezeBar, a(1), 20))
		x.ok(b.SetFreeze(frame.FreezeReason{Reason: 2}, a(1), 20))
		eq(x, b.CanFreeze(freezeFoo, a(1)), true)
		eq(x, b.CanFreeze(frame.FreezeReason{Reason: 3}, a(1)), false)
		x.noop(balances.TooManyFreezes, func() error { return b.SetFreeze(frame.FreezeReason{Reason: 3}, a(1), 1) })
		x.noop(balances.TooManyFreezes, func() error { return b.ExtendFreeze(frame.FreezeReason{Reason: 3}, a(1), 1) })

		eq(x, b.CanHold(foo, a(1), 90), true)
		eq(x, b.CanHold(foo, a(1), 91), false)
		eq(x, b.CanHold(foo, a(99), 0), false) // nobody
		for i := range uint8(3) {
			x.ok(b.Hold(frame.HoldReason{Reason: i}, a(1), 10))
		}
		x.noop(frame.TokenCannotCreateHold, func() error { return b.Hold(frame.HoldReason{Reason: 3}, a(1), 1) })
		issuance := b.TotalIssuance()
		got, err := b.BurnAllHeld(foo, a(1), exact, force)
		eq(x, [2]any{got, err}, [2]any{units.Rao(10), error(nil)})
		eq(x, b.TotalIssuance(), issuance-10)
		var told []any
		b.DoneSlash = func(reason frame.HoldReason, who chain.AccountID, amount units.Rao) {
			told = append(told, reason, who, amount)
		}
		credit, left := b.SlashHeld(bar, a(1), 15)
		eq(x, [2]any{credit, left}, [2]any{balances.Credit(10), units.Rao(5)})
		if !slices.Equal(told, []any{bar, a(1), units.Rao(10)}) {
			t.Errorf("told %v", told)
		}
		b.DropCredit(credit)

		credit2 := c.Issue(7)
		eq(x, credit2, 7)
		x.last(balances.Issued{Amount: 7})
		b.DropNegative(credit2)
		x.last(balances.Rescinded{Amount: 7})
		eq(x, c.Issue(0), 0)
		eq(x, c.Burn(0), 0)
		x.ok(b.ForceUnreserve(frame.Root(), to(1), 0))
		x.ok(b.Reserve(a(2), 50))
		x.ok(b.ForceUnreserve(frame.Root(), to(2), 60))
		x.last(balances.Unreserved{Who: a(2), Amount: 50})
		eq(x, b.CanReserve(a(2), 190), true)
		eq(x, b.CanReserve(a(2), 191), false)
		eq(x, b.CanReserve(a(2), 201), false)
		eq(x, b.CanReserve(a(77), 0), true)
		x.noop(balances.InsufficientBalance, func() error { return first(c.Withdraw(a(2), 201, allowDeath)) })
		x.noop(balances.DeadAccount, func() error { return first(b.DepositIntoExisting(a(77), 10)) })
		x.noop(frame.Overflow, func() error { return first(b.DepositIntoExisting(a(2), most)) })
	})
}

// An older function whose money a reference then holds back: its event stays, and the issuance follows what was not moved.
func TestRefusedReference(t *testing.T) {
	needed := func() {
		set(1, 100)
		if err := system.IncConsumers(a(1)); err != nil {
			t.Fatal(err)
		}
		system.ResetEvents()
	}
	build(t, 10, false).Run(func() {
		x := &check{T: t}
		needed()
		x.fails(first(c.Withdraw(a(1), 95, allowDeath)), frame.ConsumerRemaining)
		x.events(balances.Withdraw{Who: a(1), Amount: 95}, balances.Rescinded{Amount: 95})
		eq(x, b.TotalIssuance(), 5)
		eq(x, free(1), 100)
	})
	build(t, 10, false).Run(func() {
		x := &check{T: t}
		needed()
		made, left := b.MakeFreeBalanceBe(a(1), 5)
		eq(x, [2]any{made, left}, [2]any{balances.Positive(0), balances.Negative(0)})
		x.events(balances.BalanceSet{Who: a(1), Free: 5}, balances.Rescinded{Amount: 95})
		eq(x, free(1), 100)
	})
}

// Each invariant, broken by hand, is noticed.
func TestTryState(t *testing.T) {
	account := func(n uint64, f func(a *system.AccountInfo)) {
		info := system.AccountOf(a(n))
		f(&info)
		info.Sufficients++ // it is there, whatever else
		system.UpdateAccount(a(n), info)
	}
	for name, c := range map[string]struct {
		want error
		f    func()
	}{
		"nothing broken":      {nil, func() {}},
		"issuance":            {balances.ErrIssuance, func() { b.SetTotalIssuance(b.TotalIssuance() + 1) }},
		"issuance overflows":  {balances.ErrIssuance, func() { account(1, func(a *system.AccountInfo) { a.Data.Free = most }) }},
		"inactive issuance":   {balances.ErrInactive, func() { b.Storage.InactiveIssuance.Put(b.TotalIssuance() + 1) }},
		"holds":               {balances.ErrReserved, func() { b.Holds.Put(a(1), balances.HoldList{{ID: foo, Amount: 1}}) }},
		"reserves":            {balances.ErrReserved, func() { b.Reserves.Put(a(1), balances.ReserveList{{ID: namedFoo, Amount: 1}}) }},
		"frozen":              {balances.ErrFrozen, func() { account(1, func(a *system.AccountInfo) { a.Data.Frozen = 1 }) }},
		"dust":                {balances.ErrDust, func() { account(1, func(a *system.AccountInfo) { a.Data.Free = 9 }) }},
		"no provider":         {balances.ErrReferences, func() { account(1, func(a *system.AccountInfo) { a.Providers = 0 }) }},
		"no consumer":         {balances.ErrReferences, func() { account(1, func(a *system.AccountInfo) { a.Data.Free -= 10; a.Data.Reserved = 10 }) }},
		"holds of nobody":     {balances.ErrOrphan, func() { b.Holds.Put(a(77), balances.HoldList{{ID: foo, Amount: 1}}) }},
		"freezes of nobody":   {balances.ErrOrphan, func() { b.Freezes.Put(a(77), balances.FreezeList{{ID: freezeFoo, Amount: 1}}) }},
		"locks of nobody":     {balances.ErrOrphan, func() { b.Locks.Put(a(77), balances.BalanceLocks{{ID: lock1, Amount: 1}}) }},
		"reserves of nobody":  {balances.ErrOrphan, func() { b.Reserves.Put(a(77), balances.ReserveList{{ID: namedFoo, Amount: 1}}) }},
		"nothing of nobody":   {nil, func() { b.Reserves.Put(a(77), nil); b.Holds.Put(a(77), nil) }},
		"more holds than can": {balances.ErrTooManyHolds, func() { b.Holds.Put(a(1), make(balances.HoldList, 4)) }},
	} {
		t.Run(name, func(t *testing.T) {
			build(t, 10, true).Run(func() {
				c.f()
				if err := b.TryState(0); err != c.want {
					t.Errorf("got %v, want %v", err, c.want)
				}
			})
		})
	}
	b.FreezeReasons = b.MaxFreezes + 1
	if err := b.IntegrityTest(); err != balances.ErrFreezeReasons {
		t.Error(err)
	}
	install(500)
	if err := b.IntegrityTest(); err != nil {
		t.Error(err)
	}
}

// Arbitrary bytes as what stands in the state: no panic, and what is read is written as it was.
func FuzzStored(f *testing.F) {
	install(500)
	f.Add(scale.Marshal(balances.BalanceLocks{{ID: lock1, Amount: 9}}))
	f.Add(scale.Marshal(balances.HoldList{{ID: foo, Amount: 9}}))
	f.Add([]byte{0xfe, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, raw []byte) {
		stored[balances.BalanceLocks](t, raw)
		stored[balances.ReserveList](t, raw)
		stored[balances.HoldList](t, raw)
		stored[balances.FreezeList](t, raw)
		stored[balances.BalanceStatus](t, raw)
		d := scale.NewDecoder(append([]byte{5}, raw...))
		if c := frame.DecodeCall(d); d.Err() == nil {
			again := scale.NewDecoder(scale.Marshal(c))
			if c2 := frame.DecodeCall(again); again.Finish() != nil || hex(scale.Marshal(c2)) != hex(scale.Marshal(c)) {
				t.Errorf("%x read as %v and written as %x", raw, c, scale.Marshal(c))
			}
		}
	})
}

func stored[T scale.Encodable, P interface {
	*T
	scale.Decodable
}](t *testing.T, raw []byte) {
	d := scale.NewDecoder(raw)
	v := scale.Decode[T, P](d)
	if d.Err() == nil && hex(scale.Marshal(v)) != hex(raw[:d.Offset()]) {
		t.Errorf("%T: %x written as %x", v, raw[:d.Offset()], scale.Marshal(v))
	}
}

// Arbitrary bytes as genesis configuration: what is taken leaves a state that holds the invariants, what is refused leaves none.
func FuzzGenesis(f *testing.F) {
	f.Add([]byte(`{"balances":[["5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",500]],"devAccounts":null}`))
	f.Add([]byte(`{"balances":[["0x0000000000000000000000000000000000000000000000000000000000000001",18446744073709551615]]}`))
	f.Fuzz(func(t *testing.T, config []byte) {
		build(t, 500, false).Run(func() {
			err := b.BuildGenesis(config)
			if err != nil && b.TotalIssuance() != 0 {
				t.Errorf("%q: %v, and wrote", config, err)
			}
			if err := b.TryState(0); err != nil {
				t.Errorf("%q: %v", config, err)
			}
		})
	})
}
