package balances_test

import (
	"testing"

	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

func mint(n uint64, amount units.Rao) { _, _ = b.MintInto(a(n), amount) }

func hold(reason frame.HoldReason, n uint64, amount units.Rao) error {
	return b.Hold(reason, a(n), amount)
}

func force0(x *check, n uint64, amount units.Rao) {
	x.Helper()
	x.ok(b.ForceSetBalance(frame.Root(), to(n), amount))
}

// TestDispatchable has the expectations of substrate/frame/balances/src/tests/dispatchable_tests.rs and those of tests/mod.rs, pallet-balances
// 42.0.0. check_whitelist of the latter is about benchmarks; what it says of keys is here.
func TestDispatchable(t *testing.T) {
	adjust := func(direction balances.AdjustmentDirection, delta units.Rao) error {
		return b.ForceAdjustTotalIssuance(frame.Root(), direction, delta)
	}
	transferAll := func(held units.Rao, keep bool, left, arrived units.Rao) func(x *check) {
		return func(x *check) {
			force0(x, 1, 200+held)
			if held != 0 {
				x.ok(hold(foo, 1, held))
			}
			force0(x, 2, 0)
			x.ok(b.TransferAll(by(1), to(2), keep))
			eq(x, total(1), left)
			eq(x, total(2), arrived)
		}
	}
	run(t, "dispatchable_tests", []vector{
		{name: "default_indexing_on_new_accounts_should_not_work2", ed: 10, rich: true, run: func(x *check) {
			x.noop(frame.TokenBelowMinimum, func() error { return b.TransferAllowDeath(by(1), to(5), 9) })
			eq(x, free(1), 100)
		}},
		{name: "dust_account_removal_should_work", ed: 100, rich: true, run: func(x *check) {
			system.IncAccountNonce(a(2))
			eq(x, system.AccountNonce(a(2)), 1)
			eq(x, total(2), 2000)
			x.ok(b.TransferAllowDeath(by(2), to(5), 1901))
			eq(x, total(2), 0)
			eq(x, total(5), 1901)
			eq(x, system.AccountNonce(a(2)), 0)
		}},
		{name: "balance_transfer_works", ed: 1, run: func(x *check) {
			mint(1, 111)
			x.ok(b.TransferAllowDeath(by(1), to(2), 69))
			eq(x, total(1), 42)
			eq(x, total(2), 69)
		}},
		{name: "force_transfer_works", ed: 1, run: func(x *check) {
			mint(1, 111)
			x.noop(frame.BadOrigin, func() error { return b.ForceTransfer(by(2), to(1), to(2), 69) })
			x.ok(b.ForceTransfer(frame.Root(), to(1), to(2), 69))
			eq(x, total(1), 42)
			eq(x, total(2), 69)
		}},
		{name: "balance_transfer_when_on_hold_should_not_work", ed: 1, run: func(x *check) {
			mint(1, 111)
			x.ok(hold(foo, 1, 69))
			x.noop(frame.TokenFundsUnavailable, func() error { return b.TransferAllowDeath(by(1), to(2), 69) })
		}},
		{name: "transfer_keep_alive_works", ed: 1, run: func(x *check) {
			mint(1, 100)
			x.noop(frame.TokenNotExpendable, func() error { return b.TransferKeepAlive(by(1), to(2), 100) })
			eq(x, total(1), 100)
			eq(x, total(2), 0)
		}},
		{name: "transfer_keep_alive_all_free_succeed", ed: 100, run: func(x *check) {
			force0(x, 1, 300)
			x.ok(hold(foo, 1, 100))
			x.ok(b.TransferKeepAlive(by(1), to(2), 100))
			eq(x, total(1), 200)
			eq(x, total(2), 100)
		}},
		{name: "transfer_all_works_1", ed: 100, run: transferAll(0, false, 0, 200)},
		{name: "transfer_all_works_2", ed: 100, run: transferAll(0, true, 100, 100)},
		{name: "transfer_all_works_3", ed: 100, run: transferAll(10, false, 110, 100)},
		{name: "transfer_all_works_4", ed: 100, run: transferAll(10, true, 110, 100)},
		{name: "set_balance_handles_killing_account", ed: 1, run: func(x *check) {
			mint(1, 111)
			x.ok(system.IncConsumers(a(1)))
			x.noop(frame.ConsumerRemaining, func() error { return b.ForceSetBalance(frame.Root(), to(1), 0) })
		}},
		{name: "set_balance_handles_total_issuance", ed: 1, run: func(x *check) {
			before := b.TotalIssuance()
			force0(x, 1337, 69)
			eq(x, b.TotalIssuance(), before+69)
			eq(x, total(1337), 69)
			eq(x, free(1337), 69)
		}},
		{name: "upgrade_accounts_should_work", ed: 1, rich: true, broken: true, run: func(x *check) {
			system.IncProviders(a(7))
			x.ok(system.TryMutateExists(a(7), func(d *system.AccountData, _ bool) (bool, error) {
				*d = system.AccountData{Free: 5, Reserved: 5}
				return true, nil
			}))
			eq(x, data(7).Flags.Hi, 0)
			eq(x, system.Providers(a(7)), 1)
			eq(x, system.Consumers(a(7)), 0)
			post, err := b.UpgradeAccounts(by(1), []chain.AccountID{a(7)})
			x.ok(err)
			if post.Pays != frame.No {
				x.Error("upgrade of all accounts costs a fee")
			}
			eq(x, data(7).Flags, system.NewLogic)
			eq(x, system.Providers(a(7)), 1)
			eq(x, system.Consumers(a(7)), 1)
			b.Unreserve(a(7), 5)
			x.ok(move(7, 1, 10))
			eq(x, total(7), 0)
			eq(x, system.Providers(a(7)), 0)
			eq(x, system.Consumers(a(7)), 0)
		}},
		{name: "force_adjust_total_issuance_example", ed: 1, broken: true, run: func(x *check) {
			force0(x, 1, 64)
			eq(x, b.TotalIssuance(), 64)
			x.ok(adjust(balances.Increase, 32))
			eq(x, b.TotalIssuance(), 96)
			x.noop(frame.BadOrigin, func() error { return b.ForceAdjustTotalIssuance(by(1), balances.Increase, 32) })
		}},
		{name: "force_adjust_total_issuance_works", ed: 1, broken: true, run: func(x *check) {
			force0(x, 1337, 64)
			x.ok(adjust(balances.Increase, 32))
			eq(x, b.TotalIssuance(), 96)
			x.last(balances.TotalIssuanceForced{Old: 64, New: 96})
			x.ok(adjust(balances.Decrease, 64))
			eq(x, b.TotalIssuance(), 32)
			x.last(balances.TotalIssuanceForced{Old: 96, New: 32})
		}},
		{name: "force_adjust_total_issuance_saturates", ed: 1, broken: true, run: func(x *check) {
			force0(x, 1337, 64)
			eq(x, b.TotalIssuance(), 64)
			x.ok(adjust(balances.Increase, most))
			x.ok(adjust(balances.Increase, 123))
			eq(x, b.TotalIssuance(), most)
			x.ok(adjust(balances.Decrease, most))
			x.ok(adjust(balances.Decrease, 123))
			eq(x, b.TotalIssuance(), 0)
		}},
		{name: "force_adjust_total_issuance_rejects_zero_delta", ed: 1, run: func(x *check) {
			x.noop(balances.DeltaZero, func() error { return adjust(balances.Increase, 0) })
			x.noop(balances.DeltaZero, func() error { return adjust(balances.Decrease, 0) })
		}},
		{name: "force_adjust_total_issuance_rejects_more_than_inactive", ed: 1, broken: true, run: func(x *check) {
			force0(x, 1337, 64)
			b.Deactivate(16)
			eq(x, b.TotalIssuance(), 64)
			eq(x, b.ActiveIssuance(), 48)
			x.ok(adjust(balances.Decrease, 40))
			x.ok(adjust(balances.Decrease, 8))
			eq(x, b.TotalIssuance(), 16)
			eq(x, b.ActiveIssuance(), 0)
			x.noop(balances.IssuanceDeactivated, func() error { return adjust(balances.Decrease, 1) })
			x.ok(adjust(balances.Increase, 10))
			eq(x, b.TotalIssuance(), 26)
			eq(x, b.ActiveIssuance(), 10)
		}},
		{name: "burn_works", ed: 1, run: func(x *check) {
			force0(x, 1, 37)
			x.noop(frame.TokenFundsUnavailable, func() error { return b.Burn(by(1), 38, false) })
			x.ok(b.Burn(by(1), 1, false))
			x.last(balances.Burned{Who: a(1), Amount: 1})
			eq(x, b.TotalIssuance(), 36)
			eq(x, total(1), 36)
			x.noop(frame.TokenFundsUnavailable, func() error { return b.Burn(by(1), 38, true) })
			x.ok(b.Burn(by(1), 36, false))
			x.last(balances.Burned{Who: a(1), Amount: 36})
			eq(x, b.TotalIssuance(), 0)
			eq(x, total(1), 0)
		}},
		{name: "weights_sane", ed: 1, run: func(x *check) {
			eq(x, (&balances.TransferAllowDeathCall{Dest: to(10), Value: 4}).Info().Call, frame.Weight{RefTime: 48_834_000 + 25_000_000 + 100_000_000, ProofSize: 3_593})
			eq(x, (&balances.ForceUnreserveCall{Who: to(10), Amount: 4}).Info().Call, frame.Weight{RefTime: 15_515_000 + 25_000_000 + 100_000_000, ProofSize: 3_593})
		}},
		{name: "check_whitelist", ed: 1, run: func(x *check) {
			for key, want := range map[*frame.Value[units.Rao]]string{
				&b.Storage.InactiveIssuance: "c2261276cc9d1f8598ea4b6a74b15c2f1ccde6872881f893a21de93dfe970cd5",
				&b.Storage.TotalIssuance:    "c2261276cc9d1f8598ea4b6a74b15c2f57c875e4cff74148e4628f264b974c80",
			} {
				eq(x, hex(key.Key()), want)
			}
		}},
	})
}

// TestGeneral has the expectations of general_tests.rs, pallet-balances 42.0.0.
func TestGeneral(t *testing.T) {
	// hypothetically takes back what f does.
	hypothetically := func(f func()) {
		host.Begin()
		f()
		host.Rollback()
	}
	run(t, "general_tests", []vector{
		{name: "regression_historic_acc_does_not_evaporate_reserve", ed: 1, broken: true, run: func(x *check) {
			valid := func() {
				x.Helper()
				var sum units.Rao
				for _, account := range system.Accounts() {
					sum += account.Data.Free + account.Data.Reserved
				}
				eq(x, b.TotalIssuance(), sum)
			}
			b.SetBalance(a(0), 100)
			valid()
			x.ok(hold(foo, 0, 10))
			system.DecConsumers(a(0))
			eq(x, system.AccountOf(a(0)), system.AccountInfo{Providers: 1, Data: system.AccountData{Free: 90, Reserved: 10, Flags: system.NewLogic}})
			valid()
			x.noop(frame.ConsumerRemaining, func() error { return dispatch(&balances.TransferAllowDeathCall{Dest: to(1), Value: 90}, by(0)) })
			x.noop(frame.ConsumerRemaining, func() error { return dispatch(&balances.TransferAllCall{Dest: to(1)}, by(0)) })
			hypothetically(func() {
				x.ok(b.TransferKeepAlive(by(0), to(1), 40))
				eq(x, system.Consumers(a(0)), 1)
				valid()
			})
			hypothetically(func() {
				x.ok(b.TransferAll(by(0), to(1), true))
				eq(x, system.Consumers(a(0)), 1)
				valid()
			})
			hypothetically(func() {
				x.ok(first(b.Release(foo, a(0), 10, exact)))
				eq(x, system.Consumers(a(0)), 0)
				x.ok(b.TransferKeepAlive(by(0), to(1), 40))
				eq(x, system.Consumers(a(0)), 0)
				valid()
			})
			hypothetically(func() {
				x.ok(first(b.Release(foo, a(0), 5, exact)))
				eq(x, system.Consumers(a(0)), 1)
				x.ok(b.TransferKeepAlive(by(0), to(1), 40))
				eq(x, system.Consumers(a(0)), 1)
				valid()
			})
		}},
		{name: "try_state_works (holds)", ed: 1, broken: true, run: func(x *check) {
			b.Holds.Put(a(1), make(balances.HoldList, b.MaxHolds+1))
			set(1, 10)
			eq(x, b.TryState(0), balances.ErrTooManyHolds)
		}},
		{name: "try_state_works (freezes)", ed: 1, broken: true, run: func(x *check) {
			b.Freezes.Put(a(1), make(balances.FreezeList, b.MaxFreezes+1))
			set(1, 10)
			eq(x, b.TryState(0), balances.ErrTooManyFrozen)
		}},
	})
}

// dispatch runs a call as blocks do: all or nothing.
func dispatch(call frame.Call, origin frame.Origin) error {
	_, err := frame.Dispatch(call, origin)
	return err
}

// TestReentrancy has the expectations of reentrancy_tests.rs, pallet-balances 42.0.0: dust goes to an account.
func TestReentrancy(t *testing.T) {
	trap := func(x *check) {
		b.DustRemoval = func(dust balances.Credit) {
			if err := b.Resolve(a(1), dust); err != nil {
				x.Error(err)
			}
		}
		force0(x, 1, 1000)
		force0(x, 2, 500)
	}
	tail := func(x *check, events, receiver uint64) {
		x.Helper()
		eq(x, uint64(len(system.EventRecords())), events)
		x.has(balances.Transfer{From: a(2), To: a(receiver), Amount: 450})
		x.has(balances.DustLost{Account: a(2), Amount: 50})
		x.has(balances.Deposit{Who: a(1), Amount: 50})
	}
	run(t, "reentrancy_tests", []vector{
		{name: "transfer_dust_removal_tst1_should_work", ed: 100, run: func(x *check) {
			trap(x)
			x.ok(b.TransferAllowDeath(by(2), to(3), 450))
			eq(x, free(2), 0)
			eq(x, free(3), 450)
			eq(x, free(1), 1050)
			tail(x, 14, 3)
		}},
		{name: "transfer_dust_removal_tst2_should_work", ed: 100, run: func(x *check) {
			trap(x)
			x.ok(b.TransferAllowDeath(by(2), to(1), 450))
			eq(x, free(2), 0)
			eq(x, free(1), 1500)
			tail(x, 12, 1)
		}},
		{name: "repatriating_reserved_balance_dust_removal_should_work", ed: 100, run: func(x *check) {
			trap(x)
			x.ok(b.TransferAllowDeath(by(2), to(1), 450))
			eq(x, reserved(2), 0)
			eq(x, free(2), 0)
			eq(x, reserved(1), 0)
			eq(x, free(1), 1500)
			tail(x, 12, 1)
		}},
		{name: "emit_events_with_no_existential_deposit_suicide_with_dust", ed: 2, run: func(x *check) {
			force0(x, 1, 100)
			x.events(system.NewAccount{Account: a(1)}, balances.Endowed{Account: a(1), FreeBalance: 100}, balances.Issued{Amount: 100},
				balances.BalanceSet{Who: a(1), Free: 100})
			credit, err := b.Withdraw(a(1), 98, bestEffort, protect, force)
			x.ok(err)
			eq(x, credit, 98)
			b.DropCredit(credit)
			x.events(balances.Withdraw{Who: a(1), Amount: 98})
			credit, err = b.Withdraw(a(1), 1, bestEffort, expendable, force)
			x.ok(err)
			eq(x, credit, 1)
			b.DropCredit(credit)
			x.events(system.KilledAccount{Account: a(1)}, balances.DustLost{Account: a(1), Amount: 1}, balances.Withdraw{Who: a(1), Amount: 1})
		}},
	})
}

// TestConsumerLimit has the expectations of consumer_limit_tests.rs, which came after pallet-balances 42.0.0: what an account does whose consumers
// are all taken. Of lock_behavior_when_consumer_limit_fully_exhausted is here what 42.0.0 does, where locks obey the limit.
func TestConsumerLimit(t *testing.T) {
	full := func(x *check) {
		set(1, 100)
		for range sys.MaxConsumers {
			x.ok(system.IncConsumers(a(1)))
		}
		eq(x, system.Consumers(a(1)), sys.MaxConsumers)
	}
	run(t, "consumer_limit_tests", []vector{
		{name: "lock_behavior_when_consumer_limit_fully_exhausted", ed: 1, rich: true, run: func(x *check) {
			full(x)
			x.noop(frame.TooManyConsumers, func() error { return system.IncConsumers(a(1)) })
			lock(lock1, 1, 20, all)
			eq(x, len(b.Locks.Get(a(1))), 1)
			eq(x, b.BalanceLocked(lock1, a(1)), 20)
			eq(x, data(1).Frozen, 0) // later versions: 20
		}},
		{name: "freeze_behavior_when_consumer_limit_fully_exhausted", ed: 1, rich: true, run: func(x *check) {
			full(x)
			x.noop(frame.TooManyConsumers, func() error { return b.SetFreeze(freezeFoo, a(1), 20) })
			eq(x, b.BalanceFrozen(freezeFoo, a(1)), 0)
			eq(x, data(1).Frozen, 0)
		}},
		{name: "hold_behavior_when_consumer_limit_fully_exhausted", ed: 1, rich: true, run: func(x *check) {
			full(x)
			x.fails(frame.Transaction(func() error { return hold(foo, 1, 50) }), frame.TooManyConsumers)
		}},
		{name: "reserve_behavior_when_consumer_limit_fully_exhausted", ed: 1, rich: true, run: func(x *check) {
			full(x)
			x.noop(frame.TooManyConsumers, func() error { return b.Reserve(a(1), 20) })
		}},
	})
}
