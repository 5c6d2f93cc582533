package balances_test

import (
	"testing"

	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/units"
)

func held(n uint64) units.Rao { return b.BalanceOnHold(foo, a(n)) }

func decrease(n uint64, amount units.Rao, precision balances.Precision) (units.Rao, error) {
	return b.DecreaseBalance(a(n), amount, precision, expendable, polite)
}

func increase(n uint64, amount units.Rao, precision balances.Precision) (units.Rao, error) {
	return b.IncreaseBalance(a(n), amount, precision)
}

// decreases expects success and how much it was.
func decreases(x *check, n uint64, amount units.Rao, precision balances.Precision, want units.Rao) {
	x.Helper()
	got, err := decrease(n, amount, precision)
	eq(x, [2]any{got, err}, [2]any{want, error(nil)})
}

func increases(x *check, n uint64, amount units.Rao, precision balances.Precision, want units.Rao) {
	x.Helper()
	got, err := increase(n, amount, precision)
	eq(x, [2]any{got, err}, [2]any{want, error(nil)})
}

func freeze(x *check, id frame.FreezeReason, amount units.Rao) {
	x.Helper()
	x.ok(b.SetFreeze(id, a(1), amount))
}

// reducible expects what account 1 can be reduced by: politely and with force, each for expendable, protect, preserve.
func reducible(x *check, want ...units.Rao) {
	x.Helper()
	for i, w := range want {
		eq(x, b.ReducibleBalance(a(1), []balances.Preservation{expendable, protect, preserve}[i%3], []balances.Fortitude{polite, force}[i/3]), w)
	}
}

// TestFungible has the expectations of substrate/frame/balances/src/tests/fungible_tests.rs, pallet-balances 42.0.0.
func TestFungible(t *testing.T) {
	run(t, "fungible_tests", []vector{
		{name: "inspect_trait_reducible_balance_basic_works", ed: 10, run: func(x *check) {
			b.SetBalance(a(1), 100)
			reducible(x, 100, 90, 90, 100, 90, 90)
		}},
		{name: "inspect_trait_reducible_balance_other_provide_works", ed: 10, run: func(x *check) {
			b.SetBalance(a(1), 100)
			system.IncProviders(a(1))
			reducible(x, 100, 100, 90, 100, 100, 90)
		}},
		{name: "inspect_trait_reducible_balance_frozen_works", ed: 10, run: func(x *check) {
			b.SetBalance(a(1), 100)
			freeze(x, freezeFoo, 50)
			reducible(x, 50, 50, 50, 90, 90, 90)
		}},
		{name: "unbalanced_trait_set_balance_works", ed: 1, broken: true, run: func(x *check) {
			eq(x, free(1337), 0)
			x.ok(first(b.WriteBalance(a(1337), 100)))
			eq(x, free(1337), 100)
			x.ok(hold(foo, 1337, 60))
			eq(x, free(1337), 40)
			eq(x, b.TotalBalanceOnHold(a(1337)), 60)
			eq(x, held(1337), 60)
			x.noop(balances.InsufficientBalance, func() error { return first(b.WriteBalance(a(1337), 0)) })
			x.ok(first(b.WriteBalance(a(1337), 1)))
			eq(x, free(1337), 1)
			eq(x, held(1337), 60)
			x.ok(first(b.Release(foo, a(1337), 60, exact)))
			eq(x, held(1337), 0)
			eq(x, b.TotalBalanceOnHold(a(1337)), 0)
		}},
		{name: "unbalanced_trait_set_total_issuance_works", ed: 1, broken: true, run: func(x *check) {
			eq(x, b.TotalIssuance(), 0)
			b.SetTotalIssuance(100)
			eq(x, b.TotalIssuance(), 100)
		}},
		{name: "unbalanced_trait_decrease_balance_simple_works", ed: 1, broken: true, run: func(x *check) {
			x.ok(first(b.WriteBalance(a(1337), 100)))
			eq(x, free(1337), 100)
			x.ok(hold(foo, 1337, 50))
			eq(x, free(1337), 50)
			x.ok(first(decrease(1337, 20, exact)))
			eq(x, free(1337), 30)
		}},
		{name: "unbalanced_trait_decrease_balance_works_1", ed: 1, run: func(x *check) {
			x.ok(first(b.WriteBalance(a(1337), 100)))
			eq(x, free(1337), 100)
			x.noop(frame.TokenFundsUnavailable, func() error { return first(decrease(1337, 101, exact)) })
			decreases(x, 1337, 100, exact, 100)
			eq(x, free(1337), 0)
		}},
		{name: "unbalanced_trait_decrease_balance_works_2", ed: 1, broken: true, run: func(x *check) {
			x.ok(first(b.WriteBalance(a(1337), 100)))
			x.ok(hold(foo, 1337, 60))
			eq(x, free(1337), 40)
			eq(x, b.TotalBalanceOnHold(a(1337)), 60)
			x.noop(frame.TokenFundsUnavailable, func() error { return first(decrease(1337, 40, exact)) })
			decreases(x, 1337, 39, exact, 39)
			eq(x, free(1337), 1)
			eq(x, b.TotalBalanceOnHold(a(1337)), 60)
		}},
		{name: "unbalanced_trait_decrease_balance_at_most_works_1", ed: 1, run: func(x *check) {
			x.ok(first(b.WriteBalance(a(1337), 100)))
			eq(x, free(1337), 100)
			decreases(x, 1337, 101, bestEffort, 100)
			eq(x, free(1337), 0)
		}},
		{name: "unbalanced_trait_decrease_balance_at_most_works_2", ed: 1, run: func(x *check) {
			x.ok(first(b.WriteBalance(a(1337), 99)))
			decreases(x, 1337, 99, bestEffort, 99)
			eq(x, free(1337), 0)
		}},
		{name: "unbalanced_trait_decrease_balance_at_most_works_3", ed: 1, broken: true, run: func(x *check) {
			x.ok(first(b.WriteBalance(a(1337), 100)))
			x.ok(hold(foo, 1337, 60))
			eq(x, free(1337), 40)
			eq(x, b.TotalBalanceOnHold(a(1337)), 60)
			decreases(x, 1337, 0, bestEffort, 0)
			eq(x, free(1337), 40)
			eq(x, b.TotalBalanceOnHold(a(1337)), 60)
			decreases(x, 1337, 10, bestEffort, 10)
			eq(x, free(1337), 30)
			decreases(x, 1337, 200, bestEffort, 29)
			eq(x, free(1337), 1)
			eq(x, b.TotalBalanceOnHold(a(1337)), 60)
		}},
		{name: "unbalanced_trait_increase_balance_works", ed: 1, broken: true, run: func(x *check) {
			x.noop(frame.TokenBelowMinimum, func() error { return first(increase(1337, 0, exact)) })
			increases(x, 1337, 1, exact, 1)
			x.noop(frame.Overflow, func() error { return first(increase(1337, most, exact)) })
		}},
		{name: "unbalanced_trait_increase_balance_at_most_works", ed: 1, broken: true, run: func(x *check) {
			increases(x, 1337, 0, bestEffort, 0)
			increases(x, 1337, 1, bestEffort, 1)
			increases(x, 1337, most, bestEffort, most-1)
		}},
		{name: "freezing_and_holds_should_overlap", ed: 1, rich: true, run: func(x *check) {
			freeze(x, freezeFoo, 10)
			x.ok(hold(foo, 1, 9))
			eq(x, data(1).Free, 1)
			eq(x, system.Consumers(a(1)), 1)
			eq(x, data(1).Free, 1)
			eq(x, data(1).Frozen, 10)
			eq(x, data(1).Reserved, 9)
			eq(x, b.TotalBalanceOnHold(a(1)), 9)
		}},
		{name: "frozen_hold_balance_cannot_be_moved_without_force", ed: 1, rich: true, run: func(x *check) {
			freeze(x, freezeFoo, 10)
			x.ok(hold(foo, 1, 9))
			eq(x, b.ReducibleTotalBalanceOnHold(a(1), force), 9)
			eq(x, b.ReducibleTotalBalanceOnHold(a(1), polite), 0)
			x.noop(frame.TokenFrozen, func() error {
				return first(b.TransferOnHold(foo, a(1), a(2), 1, exact, balances.Free, polite))
			})
			x.ok(first(b.TransferOnHold(foo, a(1), a(2), 1, exact, balances.Free, force)))
		}},
		{name: "frozen_hold_balance_best_effort_transfer_works", ed: 1, rich: true, run: func(x *check) {
			freeze(x, freezeFoo, 5)
			x.ok(hold(foo, 1, 9))
			eq(x, b.ReducibleTotalBalanceOnHold(a(1), force), 9)
			eq(x, b.ReducibleTotalBalanceOnHold(a(1), polite), 5)
			x.ok(first(b.TransferOnHold(foo, a(1), a(2), 10, bestEffort, balances.Free, polite)))
			eq(x, total(1), 5)
			eq(x, total(2), 25)
		}},
		{name: "partial_freezing_should_work", ed: 1, rich: true, run: func(x *check) {
			freeze(x, freezeFoo, 5)
			eq(x, system.Consumers(a(1)), 1)
			x.ok(move(1, 2, 5))
			x.noop(frame.TokenFrozen, func() error { return move(1, 2, 1) })
		}},
		{name: "thaw_should_work", ed: 1, rich: true, run: func(x *check) {
			freeze(x, freezeFoo, most)
			x.ok(b.Thaw(freezeFoo, a(1)))
			eq(x, system.Consumers(a(1)), 0)
			eq(x, b.BalanceFrozen(freezeFoo, a(1)), 0)
			eq(x, data(1).Frozen, 0)
			x.ok(move(1, 2, 10))
		}},
		{name: "set_freeze_zero_should_work", ed: 1, rich: true, run: func(x *check) {
			freeze(x, freezeFoo, most)
			freeze(x, freezeFoo, 0)
			eq(x, system.Consumers(a(1)), 0)
			eq(x, b.BalanceFrozen(freezeFoo, a(1)), 0)
			eq(x, data(1).Frozen, 0)
			x.ok(move(1, 2, 10))
		}},
		{name: "set_freeze_should_work", ed: 1, rich: true, run: func(x *check) {
			freeze(x, freezeFoo, most)
			freeze(x, freezeFoo, 5)
			x.ok(move(1, 2, 5))
			x.noop(frame.TokenFrozen, func() error { return move(1, 2, 1) })
		}},
		{name: "extend_freeze_should_work", ed: 1, rich: true, run: func(x *check) {
			freeze(x, freezeFoo, 5)
			x.ok(b.ExtendFreeze(freezeFoo, a(1), 10))
			eq(x, data(1).Frozen, 10)
			eq(x, b.BalanceFrozen(freezeFoo, a(1)), 10)
			x.noop(frame.TokenFrozen, func() error { return move(1, 2, 1) })
		}},
		{name: "double_freezing_should_work", ed: 1, rich: true, run: func(x *check) {
			freeze(x, freezeFoo, 5)
			freeze(x, freezeBar, 5)
			eq(x, system.Consumers(a(1)), 1)
			x.ok(move(1, 2, 5))
			x.noop(frame.TokenFrozen, func() error { return move(1, 2, 1) })
		}},
		{name: "can_hold_entire_balance_when_second_provider", ed: 1, run: func(x *check) {
			b.SetBalance(a(1), 100)
			x.noop(frame.TokenFundsUnavailable, func() error { return hold(foo, 1, 100) })
			system.IncProviders(a(1))
			eq(x, system.Providers(a(1)), 2)
			x.ok(hold(foo, 1, 100))
			eq(x, system.Providers(a(1)), 1)
			x.noop(frame.ConsumerRemaining, func() error { return system.DecProviders(a(1)) })
		}},
		{name: "unholding_frees_hold_slot", ed: 1, run: func(x *check) {
			b.SetBalance(a(1), 100)
			x.ok(hold(foo, 1, 10))
			x.ok(hold(bar, 1, 10))
			x.ok(first(b.Release(foo, a(1), 10, exact)))
			x.ok(hold(baz, 1, 10))
		}},
		{name: "sufficients_work_properly_with_reference_counting", ed: 1, rich: true, run: func(x *check) {
			b.SetBalance(a(1), 100)
			system.IncSufficients(a(1))
			x.ok(move(1, 1337, 100))
			eq(x, free(1), 0)
			x.noop(frame.TokenFundsUnavailable, func() error { return move(1, 1337, 100) })
		}},
		{name: "emit_events_with_changing_freezes", ed: 1, run: func(x *check) {
			b.SetBalance(a(1), 100)
			system.ResetEvents()
			freeze(x, freezeFoo, 10)
			x.events(balances.Frozen{Who: a(1), Amount: 10})
			freeze(x, freezeFoo, 15)
			x.events(balances.Frozen{Who: a(1), Amount: 5})
			freeze(x, freezeBar, 20)
			x.events(balances.Frozen{Who: a(1), Amount: 5})
			freeze(x, freezeFoo, 17)
			x.events()
			freeze(x, freezeBar, 15)
			x.events(balances.Thawed{Who: a(1), Amount: 3})
			x.ok(b.Thaw(freezeFoo, a(1)))
			x.events(balances.Thawed{Who: a(1), Amount: 2})
			x.ok(b.Thaw(freezeBar, a(1)))
			x.events(balances.Thawed{Who: a(1), Amount: 15})
		}},
		{name: "withdraw_precision_exact_works", ed: 1, rich: true, run: func(x *check) {
			freeze(x, freezeFoo, 10)
			eq(x, data(1).Free, 10)
			eq(x, data(1).Frozen, 10)
			x.ok(first(b.Withdraw(a(1), 5, bestEffort, preserve, polite)))
			eq(x, data(1).Free, 10)
			eq(x, data(1).Frozen, 10)
			x.noop(frame.TokenFundsUnavailable, func() error { return first(b.Withdraw(a(1), 5, exact, preserve, polite)) })
		}},
		{name: "freeze_consideration_works", ed: 1, rich: true, run: func(x *check) {
			ticket := func(from, to, want units.Rao) {
				x.Helper()
				if to >= from {
					x.ok(b.IncreaseFrozen(freezeFoo, a(4), to-from))
				} else {
					x.ok(b.DecreaseFrozen(freezeFoo, a(4), from-to))
				}
				eq(x, b.BalanceFrozen(freezeFoo, a(4)), want)
			}
			ticket(0, 0, 0)
			ticket(0, 10, 10)
			ticket(10, 4, 4)
			ticket(0, 15, 4+15)
			ticket(4, 8, 8+15)
			ticket(8, 0, 15)
			ticket(0, 10, 10+15)
			ticket(10, 0, 15)
		}},
		{name: "hold_consideration_works", ed: 1, rich: true, run: func(x *check) {
			ticket := func(from, to, want units.Rao) {
				x.Helper()
				if to >= from {
					x.ok(hold(foo, 4, to-from))
				} else {
					x.ok(first(b.Release(foo, a(4), from-to, bestEffort)))
				}
				eq(x, held(4), want)
			}
			ticket(0, 0, 0)
			ticket(0, 10, 10)
			ticket(10, 4, 4)
			ticket(0, 15, 4+15)
			ticket(4, 8, 8+15)
			ticket(8, 0, 15)
			ticket(0, 10, 10+15)
			ticket(10, 0, 15)
		}},
		{name: "lone_freeze_consideration_works", ed: 1, rich: true, run: func(x *check) {
			frozen := func(amount units.Rao) {
				x.Helper()
				x.ok(b.SetFrozen(freezeFoo, a(4), amount, polite))
				eq(x, b.BalanceFrozen(freezeFoo, a(4)), amount)
			}
			frozen(0)
			frozen(10)
			x.ok(b.IncreaseFrozen(freezeFoo, a(4), 5))
			eq(x, b.BalanceFrozen(freezeFoo, a(4)), 15)
			frozen(4)
			frozen(0)
			frozen(10)
			x.ok(b.Thaw(freezeFoo, a(4)))
			eq(x, b.BalanceFrozen(freezeFoo, a(4)), 0)
		}},
		{name: "lone_hold_consideration_works", ed: 1, rich: true, run: func(x *check) {
			onHold := func(amount units.Rao) {
				x.Helper()
				x.ok(b.SetOnHold(foo, a(4), amount))
				eq(x, held(4), amount)
			}
			onHold(0)
			onHold(10)
			x.ok(hold(foo, 4, 5))
			eq(x, held(4), 15)
			onHold(4)
			onHold(0)
			onHold(10)
			x.ok(first(b.ReleaseAll(foo, a(4), bestEffort)))
			eq(x, held(4), 0)
		}},
	})
}
