package multisig

import (
	"testing"

	"github.com/gotensor/gotensor/internal/vectors"
	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	tc "github.com/gotensor/gotensor/pallets/internal/testchain"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// newChain is the chain of the original tests: deposits of one, at most three signatories, a filter that lets transfers and remarks through.
func newChain(t testing.TB) (*tc.Chain, *Pallet) {
	t.Helper()
	p := &Pallet{Constants: Constants{DepositBase: 1, DepositFactor: 1, MaxSignatories: 3}}
	allow := func(c frame.Call) bool {
		pallet, call := c.CallIndex()
		return pallet == tc.Balances || pallet == tc.System && call == 0
	}
	c := tc.New(t, allow, map[uint64]units.Rao{1: 10, 2: 10, 3: 10, 4: 5, 5: 2}, frame.Entry{Index: 13, Name: "Multisig", Pallet: p})
	p.Currency = c.Balances
	return c, p
}

// run makes a Test of a function on a fresh chain.
func run(f func(v *vectors.Test, c *tc.Chain, p *Pallet)) func(v *vectors.Test) {
	return func(v *vectors.Test) {
		c, p := newChain(v)
		c.Run(func() { f(v, c, p) })
	}
}

// The original's tests, by name. Source: paritytech/polkadot-sdk substrate/frame/multisig/src/tests.rs (pallet-multisig 41.0.0).
func TestVectors(t *testing.T) {
	s := vectors.New(t, "pallet_multisig")
	zero := frame.Weight{}
	hashOfCall := func(c frame.Call) [32]byte { return host.Blake2_256(frame.AppendCall(nil, c)) }
	now := func() *Timepoint { at := Now(); return &at }
	multi := func(threshold uint16) chain.AccountID { return Account(tc.IDs(1, 2, 3), threshold) }
	ok := func(_ frame.PostInfo, err error) error { return err }
	// fund gives each of 1, 2 and 3's accounts' money to the common one: five each.
	fund := func(v *vectors.Test, c *tc.Chain, threshold uint16) {
		for n := uint64(1); n <= 3; n++ {
			v.Ok(c.Balances.TransferAllowDeath(tc.Signed(n), chain.AddressOf(multi(threshold)), 5))
		}
	}
	noop := func(v *vectors.Test, f func() (frame.PostInfo, error), want error) {
		v.Helper()
		tc.Noop(v, func() error { return ok(f()) }, want)
		v.True(true, "nothing changed")
	}

	s.Test("multisig_deposit_is_taken_and_returned", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		fund(v, c, 2)
		call := tc.Transfer(6, 15)
		v.Ok(ok(p.AsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, call, zero)))
		v.Equal(c.Free(1), units.Rao(2))
		v.Equal(c.Reserved(1), units.Rao(3))
		v.Ok(ok(p.AsMulti(tc.Signed(2), 2, tc.IDs(1, 3), now(), call, call.Info().Call)))
		v.Equal(c.Free(1), units.Rao(5))
		v.Equal(c.Reserved(1), units.Rao(0))
	}))
	s.Test("cancel_multisig_returns_deposit", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		hash := hashOfCall(tc.Transfer(6, 15))
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(1), 3, tc.IDs(2, 3), nil, hash, zero)))
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(2), 3, tc.IDs(1, 3), now(), hash, zero)))
		v.Equal(c.Free(1), units.Rao(6))
		v.Equal(c.Reserved(1), units.Rao(4))
		v.Ok(p.CancelAsMulti(tc.Signed(1), 3, tc.IDs(2, 3), Now(), hash))
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Reserved(1), units.Rao(0))
	}))
	s.Test("timepoint_checking_works", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		fund(v, c, 2)
		call := tc.Transfer(6, 15)
		hash := hashOfCall(call)
		noop(v, func() (frame.PostInfo, error) {
			return p.ApproveAsMulti(tc.Signed(2), 2, tc.IDs(1, 3), now(), hash, zero)
		}, UnexpectedTimepoint)
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, hash, zero)))
		noop(v, func() (frame.PostInfo, error) { return p.AsMulti(tc.Signed(2), 2, tc.IDs(1, 3), nil, call, zero) }, NoTimepoint)
		later := Timepoint{Now().Height, 1}
		noop(v, func() (frame.PostInfo, error) { return p.AsMulti(tc.Signed(2), 2, tc.IDs(1, 3), &later, call, zero) }, WrongTimepoint)
	}))
	s.Test("multisig_2_of_3_works", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		fund(v, c, 2)
		call := tc.Transfer(6, 15)
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, hashOfCall(call), zero)))
		v.Equal(c.Free(6), units.Rao(0))
		v.Ok(ok(p.AsMulti(tc.Signed(2), 2, tc.IDs(1, 3), now(), call, call.Info().Call)))
		v.Equal(c.Free(6), units.Rao(15))
	}))
	s.Test("multisig_3_of_3_works", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		fund(v, c, 3)
		call := tc.Transfer(6, 15)
		hash := hashOfCall(call)
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(1), 3, tc.IDs(2, 3), nil, hash, zero)))
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(2), 3, tc.IDs(1, 3), now(), hash, zero)))
		v.Equal(c.Free(6), units.Rao(0))
		v.Ok(ok(p.AsMulti(tc.Signed(3), 3, tc.IDs(1, 2), now(), call, call.Info().Call)))
		v.Equal(c.Free(6), units.Rao(15))
	}))
	s.Test("cancel_multisig_works", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		hash := hashOfCall(tc.Transfer(6, 15))
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(1), 3, tc.IDs(2, 3), nil, hash, zero)))
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(2), 3, tc.IDs(1, 3), now(), hash, zero)))
		noop(v, func() (frame.PostInfo, error) {
			return frame.PostInfo{}, p.CancelAsMulti(tc.Signed(2), 3, tc.IDs(1, 3), Now(), hash)
		}, NotOwner)
		v.Ok(p.CancelAsMulti(tc.Signed(1), 3, tc.IDs(2, 3), Now(), hash))
	}))
	s.Test("multisig_2_of_3_as_multi_works", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		fund(v, c, 2)
		call := tc.Transfer(6, 15)
		v.Ok(ok(p.AsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, call, zero)))
		v.Equal(c.Free(6), units.Rao(0))
		v.Ok(ok(p.AsMulti(tc.Signed(2), 2, tc.IDs(1, 3), now(), call, call.Info().Call)))
		v.Equal(c.Free(6), units.Rao(15))
	}))
	s.Test("multisig_2_of_3_as_multi_with_many_calls_works", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		fund(v, c, 2)
		call1, call2 := tc.Transfer(6, 10), tc.Transfer(7, 5)
		v.Ok(ok(p.AsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, call1, zero)))
		v.Ok(ok(p.AsMulti(tc.Signed(2), 2, tc.IDs(1, 3), nil, call2, zero)))
		v.Ok(ok(p.AsMulti(tc.Signed(3), 2, tc.IDs(1, 2), now(), call1, call1.Info().Call)))
		v.Ok(ok(p.AsMulti(tc.Signed(3), 2, tc.IDs(1, 2), now(), call2, call2.Info().Call)))
		v.Equal(c.Free(6), units.Rao(10))
		v.Equal(c.Free(7), units.Rao(5))
	}))
	s.Test("multisig_2_of_3_cannot_reissue_same_call", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		fund(v, c, 2)
		call := tc.Transfer(6, 10)
		v.Ok(ok(p.AsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, call, zero)))
		v.Ok(ok(p.AsMulti(tc.Signed(2), 2, tc.IDs(1, 3), now(), call, call.Info().Call)))
		v.Equal(c.Balances.FreeBalance(multi(2)), units.Rao(5))
		v.Ok(ok(p.AsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, call, zero)))
		v.Ok(ok(p.AsMulti(tc.Signed(3), 2, tc.IDs(1, 2), now(), call, call.Info().Call)))
		v.Equal(tc.Last(1), tc.Encode(MultisigExecuted{tc.ID(3), Now(), multi(2), hashOfCall(call), frame.OutcomeOf(frame.TokenFundsUnavailable)}))
	}))
	s.Test("minimum_threshold_check_works", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		call := tc.Transfer(6, 15)
		for threshold := range uint16(2) {
			noop(v, func() (frame.PostInfo, error) { return p.AsMulti(tc.Signed(1), threshold, tc.IDs(2), nil, call, zero) }, MinimumThreshold)
		}
	}))
	s.Test("too_many_signatories_fails", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		noop(v, func() (frame.PostInfo, error) {
			return p.AsMulti(tc.Signed(1), 2, tc.IDs(2, 3, 4), nil, tc.Transfer(6, 15), zero)
		}, TooManySignatories)
	}))
	s.Test("duplicate_approvals_are_ignored", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		hash := hashOfCall(tc.Transfer(6, 15))
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, hash, zero)))
		noop(v, func() (frame.PostInfo, error) {
			return p.ApproveAsMulti(tc.Signed(1), 2, tc.IDs(2, 3), now(), hash, zero)
		}, AlreadyApproved)
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(2), 2, tc.IDs(1, 3), now(), hash, zero)))
		noop(v, func() (frame.PostInfo, error) {
			return p.ApproveAsMulti(tc.Signed(3), 2, tc.IDs(1, 2), now(), hash, zero)
		}, AlreadyApproved)
	}))
	s.Test("multisig_1_of_3_works", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		fund(v, c, 1)
		call := tc.Transfer(6, 15)
		noop(v, func() (frame.PostInfo, error) {
			return p.ApproveAsMulti(tc.Signed(1), 1, tc.IDs(2, 3), nil, hashOfCall(call), zero)
		}, MinimumThreshold)
		noop(v, func() (frame.PostInfo, error) { return p.AsMulti(tc.Signed(1), 1, tc.IDs(2, 3), nil, call, zero) }, MinimumThreshold)
		v.Ok(ok(p.AsMultiThreshold1(tc.Signed(1), tc.IDs(2, 3), call)))
		v.Equal(tc.Last(1), tc.Encode(MultisigExecuted{tc.ID(1), Now(), multi(1), hashOfCall(call), frame.Outcome{}}))
		v.Equal(c.Free(6), units.Rao(15))
	}))
	s.Test("multisig_filters", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		call := &AsMultiThreshold1Call{tc.IDs(2), &system.SetCodeCall{}}
		noop(v, func() (frame.PostInfo, error) { return frame.DispatchBypassFilter(call, tc.Signed(1)) }, tc.CallFiltered)
	}))
	s.Test("weight_check_works", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		fund(v, c, 2)
		call := tc.Transfer(6, 15)
		v.Ok(ok(p.AsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, call, zero)))
		v.Equal(c.Free(6), units.Rao(0))
		noop(v, func() (frame.PostInfo, error) { return p.AsMulti(tc.Signed(2), 2, tc.IDs(1, 3), now(), call, zero) }, MaxWeightTooLow)
	}))
	s.Test("multisig_handles_no_preimage_after_all_approve", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		fund(v, c, 3)
		call := tc.Transfer(6, 15)
		hash := hashOfCall(call)
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(1), 3, tc.IDs(2, 3), nil, hash, zero)))
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(2), 3, tc.IDs(1, 3), now(), hash, zero)))
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(3), 3, tc.IDs(1, 2), now(), hash, zero)))
		v.Equal(c.Free(6), units.Rao(0))
		v.Ok(ok(p.AsMulti(tc.Signed(3), 3, tc.IDs(1, 2), now(), call, call.Info().Call)))
		v.Equal(c.Free(6), units.Rao(15))
	}))

	poke := func(p *Pallet, who uint64, threshold uint16, others []chain.AccountID, hash [32]byte) func() (frame.PostInfo, error) {
		return func() (frame.PostInfo, error) { return p.PokeDeposit(tc.Signed(who), threshold, others, hash) }
	}
	transferHash := func() [32]byte { return hashOfCall(tc.Transfer(6, 15)) }
	s.Test("poke_deposit_fails_for_threshold_less_than_two", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		noop(v, poke(p, 1, 0, tc.IDs(2), transferHash()), MinimumThreshold)
		noop(v, poke(p, 1, 1, tc.IDs(2), transferHash()), MinimumThreshold)
	}))
	s.Test("poke_deposit_fails_for_too_incorrect_number_of_signatories", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		noop(v, poke(p, 1, 2, nil, transferHash()), TooFewSignatories)
		noop(v, poke(p, 1, 2, tc.IDs(2, 3, 4, 5), transferHash()), TooManySignatories)
	}))
	s.Test("poke_deposit_fails_for_signatories_out_of_order", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, transferHash(), zero)))
		noop(v, poke(p, 1, 2, tc.IDs(3, 2), transferHash()), SignatoriesOutOfOrder)
	}))
	s.Test("poke_deposit_fails_for_non_existent_multisig", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		noop(v, poke(p, 1, 2, tc.IDs(2, 3), [32]byte{}), NotFound)
	}))
	s.Test("poke_deposit_fails_for_non_owner", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, transferHash(), zero)))
		noop(v, poke(p, 2, 2, tc.IDs(1, 3), transferHash()), NotOwner)
	}))
	s.Test("poke_deposit_charges_fee_when_deposit_unchanged", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, transferHash(), zero)))
		deposit, free := c.Reserved(1), c.Free(1)
		post, err := p.PokeDeposit(tc.Signed(1), 2, tc.IDs(2, 3), transferHash())
		v.Ok(err)
		v.Equal(post.Pays, frame.Yes)
		v.Equal(c.Reserved(1), deposit)
		v.True(c.Free(1) <= free, "no more is free than before")
		v.Equal(tc.Count(DepositPoked{}), 0)
	}))
	s.Test("poke_deposit_works_when_deposit_increases", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, transferHash(), zero)))
		deposit, free := c.Reserved(1), c.Free(1)
		v.Equal(deposit, units.Rao(3))
		p.DepositBase, p.DepositFactor = 3, 2
		post, err := p.PokeDeposit(tc.Signed(1), 2, tc.IDs(2, 3), transferHash())
		v.Ok(err)
		v.Equal(post.Pays, frame.No)
		v.Equal(c.Reserved(1), units.Rao(7))
		v.Equal(c.Free(1), free-4)
		v.True(tc.Has(DepositPoked{tc.ID(1), transferHash(), deposit, 7}), "event DepositPoked")
	}))
	s.Test("poke_deposit_works_when_deposit_decreases", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		p.DepositBase, p.DepositFactor = 3, 2
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, transferHash(), zero)))
		deposit, free := c.Reserved(1), c.Free(1)
		v.Equal(deposit, units.Rao(7))
		p.DepositBase, p.DepositFactor = 1, 1
		post, err := p.PokeDeposit(tc.Signed(1), 2, tc.IDs(2, 3), transferHash())
		v.Ok(err)
		v.Equal(post.Pays, frame.No)
		v.Equal(c.Reserved(1), units.Rao(3))
		v.Equal(c.Free(1), free+4)
		v.True(tc.Has(DepositPoked{tc.ID(1), transferHash(), deposit, 3}), "event DepositPoked")
	}))
	s.Test("poke_deposit_handles_insufficient_balance", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(ok(p.ApproveAsMulti(tc.Signed(4), 2, tc.IDs(2, 3), nil, transferHash(), zero)))
		p.DepositBase, p.DepositFactor = 3, 3
		noop(v, poke(p, 4, 2, tc.IDs(2, 3), transferHash()), balances.InsufficientBalance)
	}))
	s.Done()
}
