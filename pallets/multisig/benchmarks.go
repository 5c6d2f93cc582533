//go:build !wasm

package multisig

import (
	"slices"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/benchmark"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/chain"
)

// Benchmarks implements benchmark.Benchmarked: as many signatories as there may be, a call of 10,000 bytes.
func (p *Pallet) Benchmarks() []benchmark.Case {
	const size = 10_000
	// others returns as many other signatories as there may be, in order.
	others := func(e *benchmark.Env) (list []chain.AccountID) {
		for n := range int(p.MaxSignatories) - 1 {
			list = append(list, e.Account(n))
		}
		slices.SortFunc(list, compare)
		return list
	}
	account := func(e *benchmark.Env, threshold uint16) chain.AccountID {
		id, err := p.account(e.Caller, others(e), threshold)
		if err != nil {
			panic("BUG: signatories of a benchmark: " + err.Error())
		}
		return id
	}
	// open begins an operation that as many of the others have approved, for the call or the hash alone, and returns when.
	open := func(e *benchmark.Env, threshold uint16, callHash [32]byte, approved int, depositor chain.AccountID) Timepoint {
		m := Multisig{Now(), p.deposit(threshold), depositor, slices.Clone(others(e)[:approved])}
		if depositor == e.Caller {
			place, _ := slices.BinarySearchFunc(m.Approvals, e.Caller, compare)
			m.Approvals = slices.Insert(m.Approvals, place, e.Caller)
		}
		e.Fund(depositor, 100*m.Deposit)
		if err := p.Currency.Reserve(depositor, m.Deposit); err != nil {
			panic("BUG: deposit of a benchmark: " + err.Error())
		}
		p.Multisigs.Put(account(e, threshold), callHash, m)
		return m.When
	}
	callHash := func(e *benchmark.Env) [32]byte { return host.Blake2_256(frame.AppendCall(nil, e.Noop(size))) }
	stored := func(threshold uint16, want func(m Multisig, ok bool) bool) func(e *benchmark.Env) bool {
		return func(e *benchmark.Env) bool {
			m, ok := p.Multisigs.Get(account(e, threshold), callHash(e))
			return want(m, ok)
		}
	}
	created := stored(2, func(m Multisig, ok bool) bool { return ok && len(m.Approvals) == 1 })
	all := uint16(p.MaxSignatories)
	approved := stored(all, func(m Multisig, ok bool) bool { return ok && len(m.Approvals) == int(all)-1 })
	gone := stored(all, func(m Multisig, ok bool) bool { return !ok })
	return []benchmark.Case{
		{Call: "as_multi_threshold_1", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &AsMultiThreshold1Call{others(e), e.Noop(size)}, e.Signed()
		}},
		{Call: "as_multi/create", Check: created, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &AsMultiCall{2, others(e), nil, e.Noop(size), frame.Weight{}}, e.Signed()
		}},
		{Call: "as_multi/approve", Check: approved, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			at := open(e, all, callHash(e), int(all)-2, e.Account(0))
			return &AsMultiCall{all, others(e), &at, e.Noop(size), frame.Weight{}}, e.Signed()
		}},
		{Call: "as_multi/complete", Check: gone, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			at := open(e, all, callHash(e), int(all)-1, e.Account(0))
			call := e.Noop(size)
			return &AsMultiCall{all, others(e), &at, call, call.Info().Call}, e.Signed()
		}},
		{Call: "approve_as_multi/create", Check: created, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &ApproveAsMultiCall{2, others(e), nil, callHash(e), frame.Weight{}}, e.Signed()
		}},
		{Call: "approve_as_multi/approve", Check: approved, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			at := open(e, all, callHash(e), int(all)-2, e.Account(0))
			return &ApproveAsMultiCall{all, others(e), &at, callHash(e), frame.Weight{}}, e.Signed()
		}},
		{Call: "cancel_as_multi", Check: gone, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			at := open(e, all, callHash(e), int(all)-2, e.Caller)
			return &CancelAsMultiCall{all, others(e), at, callHash(e)}, e.Signed()
		}},
		{Call: "poke_deposit", Check: stored(all, func(m Multisig, ok bool) bool { return ok && m.Deposit == p.deposit(all) }),
			Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
				open(e, all, callHash(e), int(all)-2, e.Caller)
				m, _ := p.Multisigs.Get(account(e, all), callHash(e))
				m.Deposit-- // as if the constants had been lower
				p.Multisigs.Put(account(e, all), callHash(e), m)
				return &PokeDepositCall{all, others(e), callHash(e)}, e.Signed()
			}},
	}
}
