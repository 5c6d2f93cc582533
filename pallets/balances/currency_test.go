package balances_test

import (
	"testing"

	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/payment"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// charge is validate_and_prepare of ChargeTransactionPayment for a call of weight 1 and length 1 by account 1.
func charge(tip uint64) error {
	ext := payment.Charge{Pallet: &pay}
	pay.BlockLength = system.BlockLengthOf(5<<20, 75)
	ext.Decode(scale.NewDecoder(scale.AppendCompact(nil, tip)))
	tx := &frame.Tx{Origin: by(1), Call: &balances.TransferAllowDeathCall{Dest: to(0)}, Info: frame.DispatchInfo{Call: frame.RefTime(1)}, Len: 1}
	if _, err := ext.Validate(tx); err != nil {
		return err
	}
	return ext.Prepare(tx)
}

func lock(id balances.ID, n uint64, amount units.Rao, reasons balances.WithdrawReasons) {
	b.SetLock(id, a(n), amount, reasons)
}

func extend(id balances.ID, n uint64, amount units.Rao, reasons balances.WithdrawReasons) {
	b.ExtendLock(id, a(n), amount, reasons)
}

const all, none = balances.WithdrawAll, balances.WithdrawReasons(0)

// TestCurrency has the expectations of substrate/frame/balances/src/tests/currency_tests.rs, pallet-balances 42.0.0. The original runs each
// with both of its account stores; the chain has one.
func TestCurrency(t *testing.T) {
	run(t, "currency_tests", []vector{
		{name: "ed_should_work", ed: 1, run: func(x *check) {
			x.ok(b.ForceSetBalance(frame.Root(), to(1), 1000))
			x.noop(frame.TokenNotExpendable, func() error { return transfer(1, 10, 1000, keepAlive) })
			x.ok(transfer(1, 10, 1000, allowDeath))
		}},
		{name: "set_lock_with_amount_zero_removes_lock", ed: 1, rich: true, run: func(x *check) {
			lock(lock1, 1, most, all)
			lock(lock1, 1, 0, all)
			x.ok(transfer(1, 2, 1, allowDeath))
		}},
		{name: "set_lock_with_withdraw_reasons_empty_removes_lock", ed: 1, rich: true, run: func(x *check) {
			lock(lock1, 1, most, all)
			lock(lock1, 1, most, none)
			x.ok(transfer(1, 2, 1, allowDeath))
		}},
		{name: "basic_locking_should_work", ed: 1, rich: true, run: func(x *check) {
			eq(x, free(1), 10)
			lock(lock1, 1, 9, all)
			x.noop(frame.TokenFrozen, func() error { return transfer(1, 2, 5, allowDeath) })
		}},
		{name: "inspect_lock_should_work", ed: 1, rich: true, run: func(x *check) {
			lock(lock1, 1, 10, all)
			lock(lock2, 1, 10, all)
			lock(lock1, 2, 20, all)
			eq(x, b.BalanceLocked(lock1, a(1)), 10)
			eq(x, b.BalanceLocked(lock2, a(1)), 10)
			eq(x, b.BalanceLocked(lock1, a(2)), 20)
			eq(x, b.BalanceLocked(lock2, a(2)), 0)
			eq(x, b.BalanceLocked(lock1, a(3)), 0)
		}},
		{name: "account_should_be_reaped", ed: 1, rich: true, run: func(x *check) {
			eq(x, free(1), 10)
			x.ok(transfer(1, 2, 10, allowDeath))
			eq(x, system.Providers(a(1)), 0)
			eq(x, system.Consumers(a(1)), 0)
			eq(x, system.AccountExists(a(1)), false)
		}},
		{name: "reap_failed_due_to_provider_and_consumer", ed: 1, rich: true, run: func(x *check) {
			x.ok(system.IncConsumers(a(1)))
			eq(x, system.CanDecProvider(a(1)), false)
			x.noop(frame.TokenFrozen, func() error { return transfer(1, 2, 10, allowDeath) })
			eq(x, system.AccountExists(a(1)), true)
			eq(x, free(1), 10)

			eq(x, system.IncProviders(a(1)), false)
			eq(x, system.Providers(a(1)), 2)
			eq(x, system.CanDecProvider(a(1)), true)
			x.ok(transfer(1, 2, 10, allowDeath))
			eq(x, system.Providers(a(1)), 1)
			eq(x, system.AccountExists(a(1)), true)
			eq(x, free(1), 0)
		}},
		{name: "partial_locking_should_work", ed: 1, rich: true, run: func(x *check) {
			lock(lock1, 1, 5, all)
			x.ok(transfer(1, 2, 1, allowDeath))
		}},
		{name: "lock_removal_should_work", ed: 1, rich: true, run: func(x *check) {
			lock(lock1, 1, most, all)
			eq(x, system.Consumers(a(1)), 1)
			b.RemoveLock(lock1, a(1))
			eq(x, system.Consumers(a(1)), 0)
			x.ok(transfer(1, 2, 1, allowDeath))
		}},
		{name: "lock_replacement_should_work", ed: 1, rich: true, run: func(x *check) {
			lock(lock1, 1, most, all)
			eq(x, system.Consumers(a(1)), 1)
			lock(lock1, 1, 5, all)
			eq(x, system.Consumers(a(1)), 1)
			x.ok(transfer(1, 2, 1, allowDeath))
		}},
		{name: "double_locking_should_work", ed: 1, rich: true, run: func(x *check) {
			lock(lock1, 1, 5, all)
			eq(x, system.Consumers(a(1)), 1)
			lock(lock2, 1, 5, all)
			eq(x, system.Consumers(a(1)), 1)
			x.ok(transfer(1, 2, 1, allowDeath))
		}},
		{name: "combination_locking_should_work", ed: 1, rich: true, run: func(x *check) {
			eq(x, system.Consumers(a(1)), 0)
			lock(lock1, 1, most, none)
			eq(x, system.Consumers(a(1)), 0)
			lock(lock2, 1, 0, all)
			eq(x, system.Consumers(a(1)), 0)
			x.ok(transfer(1, 2, 1, allowDeath))
		}},
		{name: "lock_value_extension_should_work", ed: 1, rich: true, run: func(x *check) {
			lock(lock1, 1, 5, all)
			eq(x, system.Consumers(a(1)), 1)
			x.noop(frame.TokenFrozen, func() error { return transfer(1, 2, 6, allowDeath) })
			extend(lock1, 1, 2, all)
			eq(x, system.Consumers(a(1)), 1)
			x.noop(frame.TokenFrozen, func() error { return transfer(1, 2, 6, allowDeath) })
			extend(lock1, 1, 8, all)
			eq(x, system.Consumers(a(1)), 1)
			x.noop(frame.TokenFrozen, func() error { return transfer(1, 2, 3, allowDeath) })
		}},
		{name: "lock_should_work_reserve", ed: 1, rich: true, run: func(x *check) {
			pay.NextFeeMultiplier.Put(payment.One)
			lock(lock1, 1, 10, balances.WithdrawReserve)
			x.noop(frame.TokenFrozen, func() error { return transfer(1, 2, 1, allowDeath) })
			x.noop(balances.LiquidityRestrictions, func() error { return b.Reserve(a(1), 1) })
			eq(x, charge(1) != nil, true)
			eq(x, charge(0) != nil, true)
		}},
		{name: "lock_should_work_tx_fee", ed: 1, rich: true, run: func(x *check) {
			lock(lock1, 1, 10, balances.WithdrawTransactionPayment)
			x.noop(frame.TokenFrozen, func() error { return transfer(1, 2, 1, allowDeath) })
			x.noop(balances.LiquidityRestrictions, func() error { return b.Reserve(a(1), 1) })
			eq(x, charge(1) != nil, true)
			eq(x, charge(0) != nil, true)
		}},
		{name: "lock_block_number_extension_should_work", ed: 1, rich: true, run: func(x *check) {
			lock(lock1, 1, 10, all)
			x.noop(frame.TokenFrozen, func() error { return transfer(1, 2, 6, allowDeath) })
			extend(lock1, 1, 10, all)
			x.noop(frame.TokenFrozen, func() error { return transfer(1, 2, 6, allowDeath) })
			system.SetNumber(2)
			extend(lock1, 1, 10, all)
			x.noop(frame.TokenFrozen, func() error { return transfer(1, 2, 3, allowDeath) })
		}},
		{name: "lock_reasons_extension_should_work", ed: 1, rich: true, run: func(x *check) {
			lock(lock1, 1, 10, balances.WithdrawTransfer)
			x.noop(frame.TokenFrozen, func() error { return transfer(1, 2, 6, allowDeath) })
			extend(lock1, 1, 10, none)
			x.noop(frame.TokenFrozen, func() error { return transfer(1, 2, 6, allowDeath) })
			extend(lock1, 1, 10, balances.WithdrawReserve)
			x.noop(frame.TokenFrozen, func() error { return transfer(1, 2, 6, allowDeath) })
		}},
		{name: "reserved_balance_should_prevent_reclaim_count", ed: 256, rich: true, run: func(x *check) {
			system.IncAccountNonce(a(2))
			eq(x, total(2), 256*20)
			eq(x, system.Providers(a(2)), 1)
			system.IncProviders(a(2))
			eq(x, system.Providers(a(2)), 2)
			x.ok(b.Reserve(a(2), 256*19+1))
			eq(x, system.Providers(a(2)), 1)
			eq(x, free(2), 255)
			eq(x, total(2), 256*20)
			eq(x, system.AccountNonce(a(2)), 1)
			x.ok(b.TransferAllowDeath(by(4), to(5), 256+0x69))
			eq(x, total(5), 256+0x69)
			_, left := slashReserved(2, 256*19+1)
			eq(x, left, 0)
			x.ok(system.DecProviders(a(2)))
			eq(x, system.Providers(a(2)), 0)
			eq(x, system.AccountNonce(a(2)), 0)
			eq(x, total(2), 0)
			x.ok(b.TransferAllowDeath(by(4), to(6), 256+0x69))
			eq(x, total(6), 256+0x69)
		}},
		{name: "reward_should_work", ed: 1, rich: true, run: func(x *check) {
			eq(x, total(1), 10)
			debt, err := b.DepositIntoExisting(a(1), 10)
			x.ok(err)
			b.DropPositive(debt)
			x.events(balances.Deposit{Who: a(1), Amount: 10}, balances.Issued{Amount: 10})
			eq(x, total(1), 20)
			eq(x, b.TotalIssuance(), 120)
		}},
		{name: "balance_works", ed: 1, run: func(x *check) {
			give(1, 42)
			x.has(balances.Deposit{Who: a(1), Amount: 42})
			eq(x, free(1), 42)
			eq(x, reserved(1), 0)
			eq(x, total(1), 42)
			eq(x, free(2), 0)
			eq(x, reserved(2), 0)
			eq(x, total(2), 0)
		}},
		{name: "reserving_balance_should_work", ed: 1, run: func(x *check) {
			give(1, 111)
			eq(x, total(1), 111)
			eq(x, free(1), 111)
			eq(x, reserved(1), 0)
			x.ok(b.Reserve(a(1), 69))
			eq(x, total(1), 111)
			eq(x, free(1), 42)
			eq(x, reserved(1), 69)
		}},
		{name: "deducting_balance_should_work", ed: 1, run: func(x *check) {
			give(1, 111)
			x.ok(b.Reserve(a(1), 69))
			eq(x, free(1), 42)
		}},
		{name: "refunding_balance_should_work", ed: 1, broken: true, run: func(x *check) {
			give(1, 42)
			x.ok(b.Mutate(a(1), func(a *system.AccountData) { a.Reserved = 69 }))
			b.Unreserve(a(1), 69)
			eq(x, free(1), 111)
			eq(x, reserved(1), 0)
		}},
		{name: "slashing_balance_should_work", ed: 1, run: func(x *check) {
			give(1, 112)
			x.ok(b.Reserve(a(1), 69))
			_, left := slash(1, 42)
			eq(x, left, 0)
			eq(x, free(1), 1)
			eq(x, reserved(1), 69)
			eq(x, b.TotalIssuance(), 70)
		}},
		{name: "withdrawing_balance_should_work", ed: 1, run: func(x *check) {
			give(2, 111)
			credit, _ := c.Withdraw(a(2), 11, keepAlive)
			b.DropNegative(credit)
			x.has(balances.Withdraw{Who: a(2), Amount: 11})
			eq(x, free(2), 100)
			eq(x, b.TotalIssuance(), 100)
		}},
		{name: "withdrawing_balance_should_fail_when_not_expendable", ed: 1, run: func(x *check) {
			b.ExistentialDeposit = 10
			give(2, 20)
			x.ok(b.Reserve(a(2), 5))
			x.noop(balances.Expendability, func() error { return first(c.Withdraw(a(2), 6, keepAlive)) })
			credit, err := c.Withdraw(a(2), 5, keepAlive)
			x.ok(err)
			b.DropNegative(credit)
		}},
		{name: "slashing_incomplete_balance_should_work", ed: 1, run: func(x *check) {
			give(1, 42)
			x.ok(b.Reserve(a(1), 21))
			_, left := slash(1, 69)
			eq(x, left, 49)
			eq(x, free(1), 1)
			eq(x, reserved(1), 21)
			eq(x, b.TotalIssuance(), 22)
		}},
		{name: "unreserving_balance_should_work", ed: 1, run: func(x *check) {
			give(1, 111)
			x.ok(b.Reserve(a(1), 110))
			b.Unreserve(a(1), 41)
			eq(x, reserved(1), 69)
			eq(x, free(1), 42)
		}},
		{name: "slashing_reserved_balance_should_work", ed: 1, run: func(x *check) {
			give(1, 112)
			x.ok(b.Reserve(a(1), 111))
			_, left := slashReserved(1, 42)
			eq(x, left, 0)
			eq(x, reserved(1), 69)
			eq(x, free(1), 1)
			eq(x, b.TotalIssuance(), 70)
		}},
		{name: "slashing_incomplete_reserved_balance_should_work", ed: 1, run: func(x *check) {
			give(1, 111)
			x.ok(b.Reserve(a(1), 42))
			_, left := slashReserved(1, 69)
			eq(x, left, 27)
			eq(x, free(1), 69)
			eq(x, reserved(1), 0)
			eq(x, b.TotalIssuance(), 69)
		}},
		{name: "repatriating_reserved_balance_should_work", ed: 1, run: func(x *check) {
			give(1, 111)
			give(2, 1)
			x.ok(b.Reserve(a(1), 110))
			eq(x, repatriate(x, 1, 2, 41, balances.StatusFree), 0)
			x.last(balances.ReserveRepatriated{From: a(1), To: a(2), Amount: 41, DestinationStatus: balances.StatusFree})
			eq(x, reserved(1), 69)
			eq(x, free(1), 1)
			eq(x, reserved(2), 0)
			eq(x, free(2), 42)
		}},
		{name: "transferring_reserved_balance_should_work", ed: 1, run: func(x *check) {
			give(1, 111)
			give(2, 1)
			x.ok(b.Reserve(a(1), 110))
			eq(x, repatriate(x, 1, 2, 41, balances.StatusReserved), 0)
			eq(x, reserved(1), 69)
			eq(x, free(1), 1)
			eq(x, reserved(2), 41)
			eq(x, free(2), 1)
		}},
		{name: "transferring_reserved_balance_to_yourself_should_work", ed: 1, run: func(x *check) {
			give(1, 110)
			x.ok(b.Reserve(a(1), 50))
			eq(x, repatriate(x, 1, 1, 50, balances.StatusFree), 0)
			eq(x, free(1), 110)
			eq(x, reserved(1), 0)
			x.ok(b.Reserve(a(1), 50))
			eq(x, repatriate(x, 1, 1, 60, balances.StatusFree), 10)
			eq(x, free(1), 110)
			eq(x, reserved(1), 0)
		}},
		{name: "transferring_reserved_balance_to_nonexistent_should_fail", ed: 1, run: func(x *check) {
			give(1, 111)
			x.ok(b.Reserve(a(1), 110))
			x.noop(balances.DeadAccount, func() error {
				return first(b.RepatriateReserved(a(1), a(2), 42, balances.StatusFree))
			})
		}},
		{name: "transferring_incomplete_reserved_balance_should_work", ed: 1, run: func(x *check) {
			give(1, 110)
			give(2, 1)
			x.ok(b.Reserve(a(1), 41))
			eq(x, repatriate(x, 1, 2, 69, balances.StatusFree), 28)
			eq(x, reserved(1), 0)
			eq(x, free(1), 69)
			eq(x, reserved(2), 0)
			eq(x, free(2), 42)
		}},
		{name: "transferring_too_high_value_should_not_panic", ed: 1, broken: true, run: func(x *check) {
			set(1, most)
			set(2, 1)
			x.fails(transfer(1, 2, most, allowDeath), frame.Overflow)
			eq(x, free(1), most)
			eq(x, free(2), 1)
		}},
		{name: "account_create_on_free_too_low_with_other", ed: 100, run: func(x *check) {
			give(1, 100)
			eq(x, b.TotalIssuance(), 100)
			give(2, 50)
			eq(x, free(2), 0)
			eq(x, b.TotalIssuance(), 100)
		}},
		{name: "account_create_on_free_too_low", ed: 100, run: func(x *check) {
			give(2, 50)
			eq(x, free(2), 0)
			eq(x, b.TotalIssuance(), 0)
		}},
		{name: "account_removal_on_free_too_low", ed: 100, run: func(x *check) {
			eq(x, b.TotalIssuance(), 0)
			give(1, 110)
			give(2, 110)
			eq(x, free(1), 110)
			eq(x, free(2), 110)
			eq(x, b.TotalIssuance(), 220)
			x.ok(b.TransferAllowDeath(by(1), to(2), 20))
			eq(x, free(1), 0)
			eq(x, free(2), 130)
			eq(x, b.TotalIssuance(), 130)
		}},
		{name: "burn_must_work", ed: 1, rich: true, run: func(x *check) {
			before := b.TotalIssuance()
			debt := c.Burn(10)
			eq(x, b.TotalIssuance(), before-10)
			b.DropPositive(debt)
			eq(x, b.TotalIssuance(), before)
		}},
		{name: "cannot_set_genesis_value_below_ed", ed: 11, run: func(x *check) {
			err := b.Endow([]balances.Endowment{{Who: a(1), Free: 10}})
			eq(x, err != nil && err.Error() == "balances[0]: balance below the existential deposit", true)
		}},
		{name: "cannot_set_genesis_value_twice", ed: 1, run: func(x *check) {
			err := b.Endow([]balances.Endowment{{Who: a(1), Free: 10}, {Who: a(2), Free: 20}, {Who: a(1), Free: 15}})
			eq(x, err != nil && err.Error() == "balances[2]: account is there twice", true)
		}},
		{name: "existential_deposit_respected_when_reserving", ed: 100, run: func(x *check) {
			x.ok(b.ForceSetBalance(frame.Root(), to(1), 101))
			eq(x, free(1), 101)
			eq(x, reserved(1), 0)
			x.ok(b.Reserve(a(1), 1))
			eq(x, free(1), 100)
			eq(x, reserved(1), 1)
			x.noop(frame.ConsumerRemaining, func() error { return b.Reserve(a(1), 1) })
		}},
		{name: "slash_fails_when_account_needed", ed: 50, run: func(x *check) {
			x.ok(b.ForceSetBalance(frame.Root(), to(1), 52))
			x.ok(b.Reserve(a(1), 1))
			eq(x, free(1), 51)
			eq(x, reserved(1), 1)
			slashes(x, 1, 1, 1, 0)
			eq(x, free(1), 50)
			eq(x, reserved(1), 1)
			slashes(x, 1, 1, 0, 1)
			eq(x, free(1), 50)
			eq(x, reserved(1), 1)
		}},
		{name: "account_deleted_when_just_dust", ed: 50, run: func(x *check) {
			x.ok(b.ForceSetBalance(frame.Root(), to(1), 50))
			eq(x, free(1), 50)
			slashes(x, 1, 1, 1, 0)
			eq(x, free(1), 0)
		}},
		{name: "emit_events_with_reserve_and_unreserve", ed: 1, run: func(x *check) {
			give(1, 100)
			system.SetNumber(2)
			x.ok(b.Reserve(a(1), 10))
			x.last(balances.Reserved{Who: a(1), Amount: 10})
			system.SetNumber(3)
			eq(x, b.Unreserve(a(1), 5), 0)
			x.last(balances.Unreserved{Who: a(1), Amount: 5})
			system.SetNumber(4)
			eq(x, b.Unreserve(a(1), 6), 1)
			x.last(balances.Unreserved{Who: a(1), Amount: 5})
		}},
		{name: "emit_events_with_changing_locks", ed: 1, run: func(x *check) {
			give(1, 100)
			system.ResetEvents()
			first, second := balances.ID([]byte("LOCK_000")), balances.ID([]byte("LOCK_001"))
			lock(first, 1, 10, balances.WithdrawTransfer)
			x.events(balances.Locked{Who: a(1), Amount: 10})
			lock(first, 1, 15, balances.WithdrawTransfer)
			x.events(balances.Locked{Who: a(1), Amount: 5})
			lock(second, 1, 20, balances.WithdrawTransactionPayment)
			x.events(balances.Locked{Who: a(1), Amount: 5})
			lock(first, 1, 17, balances.WithdrawTransactionPayment)
			x.events()
			lock(second, 1, 15, balances.WithdrawTransfer)
			x.events(balances.Unlocked{Who: a(1), Amount: 3})
			b.RemoveLock(first, a(1))
			x.events(balances.Unlocked{Who: a(1), Amount: 2})
			b.RemoveLock(second, a(1))
			x.events(balances.Unlocked{Who: a(1), Amount: 15})
		}},
		{name: "emit_events_with_existential_deposit", ed: 100, run: func(x *check) {
			x.ok(b.ForceSetBalance(frame.Root(), to(1), 100))
			x.events(system.NewAccount{Account: a(1)}, balances.Endowed{Account: a(1), FreeBalance: 100}, balances.Issued{Amount: 100},
				balances.BalanceSet{Who: a(1), Free: 100})
			slashes(x, 1, 1, 1, 0)
			x.events(system.KilledAccount{Account: a(1)}, balances.DustLost{Account: a(1), Amount: 99}, balances.Slashed{Who: a(1), Amount: 1},
				balances.Rescinded{Amount: 1})
		}},
		{name: "emit_events_with_no_existential_deposit_suicide", ed: 1, run: func(x *check) {
			set(1, 100)
			x.events(balances.BalanceSet{Who: a(1), Free: 100}, system.NewAccount{Account: a(1)},
				balances.Endowed{Account: a(1), FreeBalance: 100}, balances.Issued{Amount: 100})
			slashes(x, 1, 100, 100, 0)
			x.events(system.KilledAccount{Account: a(1)}, balances.Slashed{Who: a(1), Amount: 100}, balances.Rescinded{Amount: 100})
		}},
		{name: "slash_over_works", ed: 100, run: func(x *check) {
			set(1, 1000)
			slashes(x, 1, 1300, 1000, 300)
			eq(x, system.AccountExists(a(1)), false)
		}},
		{name: "slash_full_works", ed: 100, run: func(x *check) {
			set(1, 1000)
			slashes(x, 1, 1000, 1000, 0)
			eq(x, system.AccountExists(a(1)), false)
			x.has(balances.Slashed{Who: a(1), Amount: 1000})
		}},
		{name: "slash_partial_works", ed: 100, run: func(x *check) {
			set(1, 1000)
			slashes(x, 1, 900, 900, 0)
			eq(x, system.AccountExists(a(1)), true)
			x.has(balances.Slashed{Who: a(1), Amount: 900})
		}},
		{name: "slash_dusting_works", ed: 100, run: func(x *check) {
			set(1, 1000)
			slashes(x, 1, 950, 950, 0)
			eq(x, system.AccountExists(a(1)), false)
			x.has(balances.Slashed{Who: a(1), Amount: 950})
		}},
		{name: "slash_does_not_take_from_reserve", ed: 100, run: func(x *check) {
			set(1, 1000)
			x.ok(b.Reserve(a(1), 100))
			slashes(x, 1, 900, 800, 100)
			eq(x, reserved(1), 100)
			x.has(balances.Slashed{Who: a(1), Amount: 800})
		}},
		{name: "slash_consumed_slash_full_works", ed: 100, run: func(x *check) {
			set(1, 1000)
			x.ok(system.IncConsumers(a(1)))
			slashes(x, 1, 900, 900, 0)
			eq(x, system.AccountExists(a(1)), true)
		}},
		{name: "slash_consumed_slash_over_works", ed: 100, run: func(x *check) {
			set(1, 1000)
			x.ok(system.IncConsumers(a(1)))
			slashes(x, 1, 1000, 900, 100)
			eq(x, system.AccountExists(a(1)), true)
		}},
		{name: "slash_consumed_slash_partial_works", ed: 100, run: func(x *check) {
			set(1, 1000)
			x.ok(system.IncConsumers(a(1)))
			slashes(x, 1, 800, 800, 0)
			eq(x, system.AccountExists(a(1)), true)
		}},
		{name: "slash_on_non_existent_works", ed: 100, run: func(x *check) {
			slashes(x, 12345, 1300, 0, 1300)
		}},
		{name: "slash_reserved_slash_partial_works", ed: 100, run: func(x *check) {
			set(1, 1000)
			x.ok(b.Reserve(a(1), 900))
			slashesReserved(x, 1, 800, 800, 0)
			eq(x, system.Consumers(a(1)), 1)
			eq(x, reserved(1), 100)
			eq(x, free(1), 100)
		}},
		{name: "slash_reserved_slash_everything_works", ed: 100, run: func(x *check) {
			set(1, 1000)
			x.ok(b.Reserve(a(1), 900))
			eq(x, system.Consumers(a(1)), 1)
			slashesReserved(x, 1, 900, 900, 0)
			eq(x, system.Consumers(a(1)), 0)
			eq(x, system.AccountExists(a(1)), true)
		}},
		{name: "slash_reserved_overslash_does_not_touch_free_balance", ed: 100, run: func(x *check) {
			set(1, 1000)
			x.ok(b.Reserve(a(1), 800))
			slashesReserved(x, 1, 900, 800, 100)
			eq(x, free(1), 200)
		}},
		{name: "slash_reserved_on_non_existent_works", ed: 100, run: func(x *check) {
			slashesReserved(x, 12345, 1300, 0, 1300)
		}},
		{name: "operations_on_dead_account_should_not_change_state", ed: 1, run: func(x *check) {
			eq(x, system.AccountExists(a(1337)), false)
			x.same(func() { eq(x, b.Unreserve(a(1337), 42), 42) })
			x.noop(balances.InsufficientBalance, func() error { return b.Reserve(a(1337), 42) })
			x.same(func() { slashesReserved(x, 1337, 42, 0, 42) })
			x.noop(balances.DeadAccount, func() error {
				return first(b.RepatriateReserved(a(1337), a(1338), 42, balances.StatusFree))
			})
			x.same(func() { slashes(x, 1337, 42, 0, 42) })
		}},
		{name: "zero_ed_is_prohibited", ed: 0, run: func(x *check) {
			eq(x, b.IntegrityTest(), balances.ErrZeroDeposit)
		}},
		{name: "named_reserve_should_work", ed: 1, run: func(x *check) {
			// holds expects the reserved balance of account 1, and what of it is under the first two names.
			holds := func(reservedWant, foo, bar units.Rao) {
				x.Helper()
				eq(x, reserved(1), reservedWant)
				eq(x, b.ReservedBalanceNamed(namedFoo, a(1)), foo)
				eq(x, b.ReservedBalanceNamed(namedBar, a(1)), bar)
			}
			give(1, 111)
			x.noop(balances.InsufficientBalance, func() error { return b.ReserveNamed(namedFoo, a(1), 112) })
			x.ok(b.ReserveNamed(namedFoo, a(1), 12))
			holds(12, 12, 0)
			x.ok(b.ReserveNamed(namedFoo, a(1), 2))
			holds(14, 14, 0)
			x.ok(b.ReserveNamed(namedBar, a(1), 23))
			holds(37, 14, 23)
			x.ok(b.Reserve(a(1), 34))
			holds(71, 14, 23)
			eq(x, total(1), 111)
			eq(x, free(1), 40)
			x.noop(balances.TooManyReserves, func() error { return b.ReserveNamed(namedBaz, a(1), 2) })

			eq(x, b.UnreserveNamed(namedFoo, a(1), 10), 0)
			holds(61, 4, 23)
			eq(x, b.UnreserveNamed(namedFoo, a(1), 5), 1)
			holds(57, 0, 23)
			eq(x, b.UnreserveNamed(namedBar, a(1), 3), 0)
			holds(54, 0, 20)
			eq(x, total(1), 111)
			eq(x, free(1), 57)

			x.ok(b.ReserveNamed(namedFoo, a(1), 10))
			eq(x, slashNamed(namedFoo, 1, 25), 15)
			holds(54, 0, 20)
			eq(x, total(1), 101)
			eq(x, slashNamed(namedBar, 1, 5), 0)
			holds(49, 0, 15)
			eq(x, total(1), 96)

			give(2, 100)
			eq(x, repatriateNamed(x, namedBar, 1, 2, 10, balances.StatusReserved), 0)
			eq(x, b.ReservedBalanceNamed(namedBar, a(1)), 5)
			eq(x, b.ReservedBalanceNamed(namedBar, a(2)), 10)
			eq(x, reserved(2), 10)
			eq(x, repatriateNamed(x, namedBar, 2, 1, 11, balances.StatusReserved), 1)
			eq(x, b.ReservedBalanceNamed(namedBar, a(1)), 15)
			eq(x, b.ReservedBalanceNamed(namedBar, a(2)), 0)
			eq(x, reserved(2), 0)
			eq(x, repatriateNamed(x, namedBar, 1, 2, 10, balances.StatusFree), 0)
			eq(x, b.ReservedBalanceNamed(namedBar, a(1)), 5)
			eq(x, b.ReservedBalanceNamed(namedBar, a(2)), 0)
			eq(x, free(2), 110)
			eq(x, repatriateNamed(x, namedBar, 1, 1, 10, balances.StatusReserved), 5)
			eq(x, b.ReservedBalanceNamed(namedBar, a(1)), 5)
			eq(x, free(1), 47)
			eq(x, repatriateNamed(x, namedBar, 1, 1, 15, balances.StatusFree), 10)
			eq(x, b.ReservedBalanceNamed(namedBar, a(1)), 0)
			eq(x, free(1), 52)
		}},
		{name: "reserve_must_succeed_if_can_reserve_does", ed: 1, run: func(x *check) {
			give(1, 1)
			give(2, 2)
			eq(x, b.CanReserve(a(1), 1), b.Reserve(a(1), 1) == nil)
			eq(x, b.CanReserve(a(2), 1), b.Reserve(a(2), 1) == nil)
		}},
		{name: "reserved_named_to_yourself_should_work", ed: 1, run: func(x *check) {
			give(1, 110)
			x.ok(b.ReserveNamed(namedFoo, a(1), 50))
			eq(x, repatriateNamed(x, namedFoo, 1, 1, 50, balances.StatusFree), 0)
			eq(x, free(1), 110)
			eq(x, b.ReservedBalanceNamed(namedFoo, a(1)), 0)
			x.ok(b.ReserveNamed(namedFoo, a(1), 50))
			eq(x, repatriateNamed(x, namedFoo, 1, 1, 60, balances.StatusFree), 10)
			eq(x, free(1), 110)
			eq(x, b.ReservedBalanceNamed(namedFoo, a(1)), 0)
		}},
		{name: "ensure_reserved_named_should_work", ed: 1, run: func(x *check) {
			give(1, 111)
			for _, value := range []units.Rao{15, 10, 20} {
				x.ok(b.EnsureReservedNamed(namedFoo, a(1), value))
				eq(x, b.ReservedBalanceNamed(namedFoo, a(1)), value)
			}
		}},
		{name: "unreserve_all_named_should_work", ed: 1, run: func(x *check) {
			give(1, 111)
			x.ok(b.ReserveNamed(namedFoo, a(1), 15))
			eq(x, b.UnreserveAllNamed(namedFoo, a(1)), 15)
			eq(x, b.ReservedBalanceNamed(namedFoo, a(1)), 0)
			eq(x, free(1), 111)
			eq(x, b.UnreserveAllNamed(namedFoo, a(1)), 0)
		}},
		{name: "slash_all_reserved_named_should_work", ed: 1, run: func(x *check) {
			give(1, 111)
			x.ok(b.ReserveNamed(namedFoo, a(1), 15))
			credit := b.SlashAllReservedNamed(namedFoo, a(1))
			eq(x, credit, 15)
			b.DropNegative(credit)
			eq(x, b.ReservedBalanceNamed(namedFoo, a(1)), 0)
			eq(x, free(1), 96)
			eq(x, b.SlashAllReservedNamed(namedFoo, a(1)), 0)
		}},
		{name: "repatriate_all_reserved_named_should_work", ed: 1, run: func(x *check) {
			give(1, 111)
			give(2, 10)
			give(3, 10)
			x.ok(b.ReserveNamed(namedFoo, a(1), 15))
			x.ok(b.RepatriateAllReservedNamed(namedFoo, a(1), a(2), balances.StatusReserved))
			eq(x, b.ReservedBalanceNamed(namedFoo, a(1)), 0)
			eq(x, b.ReservedBalanceNamed(namedFoo, a(2)), 15)
			x.ok(b.RepatriateAllReservedNamed(namedFoo, a(2), a(3), balances.StatusFree))
			eq(x, b.ReservedBalanceNamed(namedFoo, a(2)), 0)
			eq(x, free(3), 25)
		}},
		{name: "freezing_and_locking_should_work", ed: 1, rich: true, run: func(x *check) {
			freeze := func(amount units.Rao) { x.ok(b.SetFreeze(freezeFoo, a(1), amount)) }
			eq(x, system.Consumers(a(1)), 0)
			freeze(4)
			eq(x, system.Consumers(a(1)), 1)
			lock(lock1, 1, 5, all)
			eq(x, system.Consumers(a(1)), 1)
			eq(x, data(1).Frozen, 5)
			freeze(6)
			eq(x, data(1).Frozen, 6)
			freeze(4)
			eq(x, data(1).Frozen, 5)
			lock(lock1, 1, 3, all)
			eq(x, data(1).Frozen, 4)
			lock(lock1, 1, 5, all)
			eq(x, data(1).Frozen, 5)
			b.RemoveLock(lock1, a(1))
			eq(x, data(1).Frozen, 4)
			eq(x, system.Consumers(a(1)), 1)
			freeze(0)
			eq(x, data(1).Frozen, 0)
			eq(x, system.Consumers(a(1)), 0)
		}},
		{name: "self_transfer_noop", ed: 100, run: func(x *check) {
			eq(x, b.TotalIssuance(), 0)
			give(1, 100)
			x.events(balances.Deposit{Who: a(1), Amount: 100}, system.NewAccount{Account: a(1)},
				balances.Endowed{Account: a(1), FreeBalance: 100}, balances.Issued{Amount: 100})
			eq(x, free(1), 100)
			eq(x, b.TotalIssuance(), 100)
			x.same(func() {
				for i := range units.Rao(200) {
					eq(x, b.TransferAllowDeath(by(1), to(1), i) == nil, i <= 100)
					x.events()
					eq(x, free(1), 100)
					eq(x, b.TotalIssuance(), 100)
				}
			})
		}},
	})
}

// repatriate expects success and returns what could not be moved.
func repatriate(x *check, from, dest uint64, value units.Rao, status balances.BalanceStatus) units.Rao {
	x.Helper()
	left, err := b.RepatriateReserved(a(from), a(dest), value, status)
	return ok1(x, left, err)
}

func repatriateNamed(x *check, id balances.ID, from, dest uint64, value units.Rao, status balances.BalanceStatus) units.Rao {
	x.Helper()
	left, err := b.RepatriateReservedNamed(id, a(from), a(dest), value, status)
	return ok1(x, left, err)
}

// slashes expects what a slash takes and leaves.
func slashes(x *check, n uint64, value, taken, left units.Rao) {
	x.Helper()
	gotTaken, gotLeft := slash(n, value)
	eq(x, [2]units.Rao{gotTaken, gotLeft}, [2]units.Rao{taken, left})
}

func slashesReserved(x *check, n uint64, value, taken, left units.Rao) {
	x.Helper()
	gotTaken, gotLeft := slashReserved(n, value)
	eq(x, [2]units.Rao{gotTaken, gotLeft}, [2]units.Rao{taken, left})
}
