//go:build !wasm

package balances

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/benchmark"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// Benchmarks implements benchmark.Benchmarked. Recipients are new, and where a sender may die there is a case in which it does.
func (p *Pallet) Benchmarks() []benchmark.Case {
	some := 10 * p.ExistentialDeposit
	free := func(n int, want units.Rao) func(e *benchmark.Env) bool {
		return func(e *benchmark.Env) bool { return p.FreeBalance(e.Account(n)) == want }
	}
	// dying returns an account that a payment of rest would end.
	dying := func(e *benchmark.Env) (who chain.AccountID, rest units.Rao) {
		e.Fund(e.Account(1), some)
		return e.Account(1), some - p.ExistentialDeposit + 1
	}
	gone := func(e *benchmark.Env) bool { return !system.AccountExists(e.Account(1)) }
	return []benchmark.Case{
		{Call: "transfer_allow_death", Check: free(0, some), Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &TransferAllowDeathCall{e.Address(0), some}, e.Signed()
		}},
		{Call: "transfer_allow_death/death", Check: gone, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			who, rest := dying(e)
			return &TransferAllowDeathCall{e.Address(0), rest}, frame.SignedBy(who)
		}},
		{Call: "transfer_keep_alive", Check: free(0, some), Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &TransferKeepAliveCall{e.Address(0), some}, e.Signed()
		}},
		{Call: "force_transfer", Check: gone, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			who, rest := dying(e)
			return &ForceTransferCall{chain.AddressOf(who), e.Address(0), rest}, frame.Root()
		}},
		{Call: "transfer_all", Check: gone, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			who, _ := dying(e)
			return &TransferAllCall{e.Address(0), false}, frame.SignedBy(who)
		}},
		{Call: "transfer_all/keep_alive", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &TransferAllCall{e.Address(0), true}, e.Signed()
		}},
		{Call: "force_unreserve", Check: func(e *benchmark.Env) bool { return p.ReservedBalance(e.Account(0)) == 0 },
			Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
				e.Fund(e.Account(0), 2*some)
				if err := p.Reserve(e.Account(0), some); err != nil {
					panic("BUG: reserve of a benchmark: " + err.Error())
				}
				return &ForceUnreserveCall{e.Address(0), some}, frame.Root()
			}},
		{Call: "upgrade_accounts", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			list := make([]chain.AccountID, 1000)
			for n := range list {
				list[n] = e.Account(n)
				e.Fund(list[n], 2*some)
				err := system.TryMutateExists(list[n], func(a *system.AccountData, _ bool) (bool, error) {
					a.Free, a.Reserved, a.Flags = a.Free-some, some, system.AccountData{}.Flags // as an earlier version left it
					return true, nil
				})
				if err != nil {
					panic("BUG: account of a benchmark: " + err.Error())
				}
			}
			return &UpgradeAccountsCall{list}, e.Signed()
		}},
		{Call: "force_set_balance/creating", Check: free(0, some), Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &ForceSetBalanceCall{e.Address(0), some}, frame.Root()
		}},
		{Call: "force_set_balance/killing", Check: gone, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			who, _ := dying(e)
			return &ForceSetBalanceCall{chain.AddressOf(who), 0}, frame.Root()
		}},
		{Call: "force_adjust_total_issuance", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &ForceAdjustTotalIssuanceCall{Increase, some}, frame.Root()
		}},
		{Call: "burn/allow_death", Check: gone, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			who, rest := dying(e)
			return &BurnCall{rest, false}, frame.SignedBy(who)
		}},
		{Call: "burn/keep_alive", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &BurnCall{some, true}, e.Signed()
		}},
	}
}
