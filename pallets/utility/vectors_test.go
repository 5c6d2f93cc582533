package utility

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

// allow is the base filter of the original tests: transfer_keep_alive is the call that does not pass, and so does the inherent.
func allow(c frame.Call) bool {
	switch c.(type) {
	case *balances.TransferAllowDeathCall, *system.RemarkCall, *tc.Foobar, *tc.Log, *tc.Free:
		return true
	}
	pallet, _ := c.CallIndex()
	return pallet == 11
}

// newChain is the chain of the original tests.
func newChain(t testing.TB, filter func(frame.Call) bool) (*tc.Chain, *Pallet) {
	t.Helper()
	p := &Pallet{Constants: Constants{BatchedCallsLimit: BatchedCallsLimit}}
	c := tc.New(t, filter, map[uint64]units.Rao{1: 10, 2: 10, 3: 10, 4: 10, 5: 2},
		frame.Entry{Index: 11, Name: "Utility", Pallet: p}, frame.Entry{Index: 40, Name: "Example", Pallet: &tc.Example{}})
	return c, p
}

func on(f func(v *vectors.Test, c *tc.Chain, p *Pallet)) func(v *vectors.Test) {
	return func(v *vectors.Test) {
		c, p := newChain(v, allow)
		c.Run(func() { f(v, c, p) })
	}
}

func ok(_ frame.PostInfo, err error) error { return err }

func calls(list ...frame.Call) []frame.Call { return list }

// repeated returns n times the same call.
func repeated(n int, c frame.Call) (list []frame.Call) {
	for range n {
		list = append(list, c)
	}
	return list
}

func as(n uint64) frame.OriginCaller {
	return frame.OriginCaller{Kind: frame.OriginSigned, Who: tc.ID(n)}
}

// The original's tests, by name. Source: opentensor/subtensor pallets/utility/src/tests.rs, which are those of paritytech/polkadot-sdk
// substrate/frame/utility but for the class of batches.
func TestVectors(t *testing.T) {
	s := vectors.New(t, "pallet_subtensor_utility")
	start, end := frame.RefTime(100), frame.RefTime(75)
	diff := start.Sub(end)
	foobar := func(err bool, end *frame.Weight) frame.Call { return &tc.Foobar{Err: err, Start: start, End: end} }
	noop := func(v *vectors.Test, f func() error, want error) {
		v.Helper()
		tc.Noop(v, f, want)
		v.True(true, "nothing changed")
	}
	// dispatched runs a call of the outermost kind and returns what it was expected to weigh and what it did.
	dispatched := func(c frame.Call) (info frame.DispatchInfo, actual frame.Weight, err error) {
		info = c.Info()
		post, err := frame.Dispatch(c, tc.Signed(1))
		return info, post.Weight(info), err
	}
	// refuse dispatches a call that fails and changes nothing, and expects its error and weight.
	refuse := func(v *vectors.Test, c frame.Call, want error, actual frame.Weight) {
		v.Helper()
		var post frame.PostInfo
		noop(v, func() (err error) { post, err = frame.Dispatch(c, tc.Signed(1)); return err }, want)
		v.Equal(post, frame.Used(actual))
	}

	s.Test("as_derivative_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		sub := DerivativeAccount(tc.ID(1), 0)
		v.Ok(c.Balances.TransferAllowDeath(tc.Signed(1), chain.AddressOf(sub), 5))
		v.Fails(ok(p.AsDerivative(tc.Signed(1), 1, tc.Transfer(6, 3))), frame.TokenFundsUnavailable)
		v.Ok(ok(p.AsDerivative(tc.Signed(1), 0, tc.Transfer(2, 3))))
		v.Equal(c.Balances.FreeBalance(sub), units.Rao(2))
		v.Equal(c.Free(2), units.Rao(13))
	}))
	s.Test("as_derivative_handles_weight_refund", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		derivative := func(inner frame.Call) frame.Call { return &AsDerivativeCall{0, inner} }
		info, actual, err := dispatched(derivative(foobar(false, nil)))
		v.Ok(err)
		v.Equal(actual, info.Call)
		info, actual, err = dispatched(derivative(foobar(false, &end)))
		v.Ok(err)
		v.Equal(actual, info.Call.Sub(diff))
		call := derivative(foobar(true, nil))
		refuse(v, call, frame.Other, call.Info().Call)
		call = derivative(foobar(true, &end))
		refuse(v, call, frame.Other, call.Info().Call.Sub(diff))
	}))
	s.Test("as_derivative_filters", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Fails(ok(p.AsDerivative(tc.Signed(1), 1, tc.KeepAlive(2, 1))), tc.CallFiltered)
	}))
	setStorage := func() *system.SetStorageCall {
		return &system.SetStorageCall{Items: []system.KeyValue{{A: []byte("a"), B: []byte("a")}}}
	}
	s.Test("batch_with_root_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		call := setStorage()
		v.True(!allow(call), "the filter stops set_storage")
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
		force := &balances.ForceTransferCall{Source: tc.Address(1), Dest: tc.Address(2), Value: 5}
		v.Ok(ok(p.Batch(frame.Root(), calls(force, force, call))))
		v.Equal(c.Free(1), units.Rao(0))
		v.Equal(c.Free(2), units.Rao(20))
		stored, _ := host.Get([]byte("a"))
		v.Equal(string(stored), "a")
	}))
	s.Test("batch_with_signed_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
		v.Ok(ok(p.Batch(tc.Signed(1), calls(tc.Transfer(2, 5), tc.Transfer(2, 5)))))
		v.Equal(c.Free(1), units.Rao(0))
		v.Equal(c.Free(2), units.Rao(20))
	}))
	s.Test("batch_with_signed_filters", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(ok(p.Batch(tc.Signed(1), calls(tc.KeepAlive(2, 1)))))
		v.Equal(tc.Last(1), tc.Encode(BatchInterrupted{0, tc.CallFiltered}))
	}))
	s.Test("batch_early_exit_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
		v.Ok(ok(p.Batch(tc.Signed(1), calls(tc.Transfer(2, 5), tc.Transfer(2, 10), tc.Transfer(2, 5)))))
		v.Equal(c.Free(1), units.Rao(5))
		v.Equal(c.Free(2), units.Rao(15))
	}))
	s.Test("batch_weight_calculation_doesnt_overflow", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		half := frame.Weight{RefTime: 1<<63 - 1, ProofSize: 1<<63 - 1}
		big := &tc.Foobar{Start: half}
		v.Equal(big.Info().Call, half)
		v.Equal((&BatchCall{repeated(3, big)}).Info().Call, frame.MaxWeight)
	}))

	// The same expectations for both kinds of batches; what happens to an error differs.
	refunds := func(v *vectors.Test, batch func([]frame.Call) frame.Call, base perCall, fails func(v *vectors.Test, err error)) {
		info, actual, err := dispatched(batch(repeated(4, foobar(false, nil))))
		v.Ok(err)
		v.Equal(actual, info.Call)
		info, actual, err = dispatched(batch(repeated(4, foobar(false, &end))))
		v.Ok(err)
		v.Equal(actual, info.Call.Sub(diff.Mul(4)))
		info, actual, err = dispatched(batch(calls(foobar(false, nil), foobar(true, nil))))
		fails(v, err)
		v.Equal(actual, info.Call)
		info, actual, err = dispatched(batch(calls(foobar(false, &end), foobar(true, &end))))
		fails(v, err)
		v.Equal(actual, info.Call.Sub(diff.Mul(2)))
		_, actual, err = dispatched(batch(calls(foobar(false, &end), foobar(true, &end), foobar(true, &end))))
		fails(v, err)
		v.Equal(actual, base.of(2).Add(end.Mul(2)))
	}
	s.Test("batch_handles_weight_refund", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		refunds(v, func(list []frame.Call) frame.Call { return &BatchCall{list} }, weightBatch, func(v *vectors.Test, err error) {
			v.Helper()
			v.Ok(err)
			v.Equal(tc.Last(1), tc.Encode(BatchInterrupted{1, frame.Other}))
		})
	}))
	s.Test("batch_all_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
		v.Ok(ok(p.BatchAll(tc.Signed(1), calls(tc.Transfer(2, 5), tc.Transfer(2, 5)))))
		v.Equal(c.Free(1), units.Rao(0))
		v.Equal(c.Free(2), units.Rao(20))
	}))
	s.Test("batch_all_revert", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		one := tc.Transfer(2, 5).Info().Call
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
		refuse(v, &BatchAllCall{calls(tc.Transfer(2, 5), tc.Transfer(2, 10), tc.Transfer(2, 5))}, frame.TokenFundsUnavailable,
			weightBatchAll.of(2).Add(one.Mul(2)))
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
	}))
	s.Test("batch_all_handles_weight_refund", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		refunds(v, func(list []frame.Call) frame.Call { return &BatchAllCall{list} }, weightBatchAll, func(v *vectors.Test, err error) {
			v.Helper()
			v.Fails(err, frame.Other)
		})
	}))
	s.Test("batch_all_does_not_nest", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		inner := &BatchAllCall{repeated(3, tc.Transfer(2, 1))}
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
		refuse(v, &BatchAllCall{calls(inner)}, tc.CallFiltered, weightBatchAll.of(1).Add(inner.Info().Call))
		v.Ok(ok(p.BatchAll(tc.Signed(1), calls(&BatchCall{calls(inner)}))))
		v.True(tc.Has(BatchInterrupted{0, tc.CallFiltered}), "event BatchInterrupted")
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
	}))
	s.Test("batch_limit", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		many := repeated(40_000, &system.RemarkCall{})
		noop(v, func() error { return ok(p.Batch(tc.Signed(1), many)) }, TooManyCalls)
		noop(v, func() error { return ok(p.BatchAll(tc.Signed(1), many)) }, TooManyCalls)
	}))
	s.Test("force_batch_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
		failing := &tc.Foobar{Err: true, Start: frame.RefTime(75)}
		v.Ok(ok(p.ForceBatch(tc.Signed(1), calls(tc.Transfer(2, 5), failing, tc.Transfer(2, 10), tc.Transfer(2, 5)))))
		v.Equal(tc.Last(1), tc.Encode(BatchCompletedWithErrors{}))
		v.True(tc.Has(ItemFailed{frame.Other}), "event ItemFailed")
		v.Equal(c.Free(1), units.Rao(0))
		v.Equal(c.Free(2), units.Rao(20))
		v.Ok(ok(p.ForceBatch(tc.Signed(2), calls(tc.Transfer(1, 5), tc.Transfer(1, 5)))))
		v.Equal(tc.Last(1), tc.Encode(BatchCompleted{}))
		v.Ok(ok(p.ForceBatch(tc.Signed(1), calls(tc.Transfer(2, 50)))))
		v.Equal(tc.Last(1), tc.Encode(BatchCompletedWithErrors{}))
	}))
	s.Test("none_origin_does_not_work", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		noop(v, func() error { return ok(p.ForceBatch(frame.None(), nil)) }, frame.BadOrigin)
		noop(v, func() error { return ok(p.Batch(frame.None(), nil)) }, frame.BadOrigin)
		noop(v, func() error { return ok(p.BatchAll(frame.None(), nil)) }, frame.BadOrigin)
	}))
	s.Test("batch_doesnt_work_with_inherents", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(ok(p.Batch(tc.Signed(1), calls(&tc.Inherent{}))))
		v.Equal(tc.Last(1), tc.Encode(BatchInterrupted{0, tc.CallFiltered}))
	}))
	s.Test("force_batch_doesnt_work_with_inherents", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(ok(p.ForceBatch(frame.Root(), calls(&tc.Inherent{}))))
		v.Equal(tc.Last(1), tc.Encode(BatchCompletedWithErrors{}))
	}))
	s.Test("batch_all_doesnt_work_with_inherents", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		call := &BatchAllCall{calls(&tc.Inherent{})}
		refuse(v, call, tc.CallFiltered, call.Info().Call)
	}))
	s.Test("with_weight_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		upgrade := &system.SetCodeWithoutChecksCall{}
		v.Equal(upgrade.Info().Call, (&system.SetCodeCall{}).Info().Call)
		v.Equal(upgrade.Info().Class, frame.Operational)
		call := &WithWeightCall{upgrade, frame.Weight{RefTime: 123, ProofSize: 456}}
		v.Equal(call.Info().Call, frame.Weight{RefTime: 123, ProofSize: 456})
		v.Equal(call.Info().Class, frame.Normal)
	}))
	s.Test("dispatch_as_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(c.Balances.ForceSetBalance(frame.Root(), tc.Address(666), 100))
		v.Equal(c.Free(666), units.Rao(100))
		v.Equal(c.Free(777), units.Rao(0))
		v.Ok(p.DispatchAs(frame.Root(), as(666), tc.Transfer(777, 100)))
		v.Equal(c.Free(666), units.Rao(0))
		v.Equal(c.Free(777), units.Rao(100))
		system.ResetEvents()
		v.Ok(p.DispatchAs(frame.Root(), as(777), &tc.Inherent{}))
		v.Equal(tc.Last(2), tc.Encode(DispatchedAs{frame.OutcomeOf(frame.BadOrigin)}))
	}))
	s.Test("if_else_with_root_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		call := setStorage()
		v.True(!allow(call), "the filter stops set_storage")
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
		main := &balances.ForceTransferCall{Source: tc.Address(1), Dest: tc.Address(2), Value: 11}
		v.Ok(ok(p.IfElse(frame.Root(), main, call)))
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
		stored, _ := host.Get([]byte("a"))
		v.Equal(string(stored), "a")
		v.Equal(tc.Last(1), tc.Encode(IfElseFallbackCalled{frame.TokenFundsUnavailable}))
	}))
	s.Test("if_else_with_signed_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
		v.Ok(ok(p.IfElse(tc.Signed(1), tc.Transfer(2, 11), tc.Transfer(2, 5))))
		v.Equal(c.Free(1), units.Rao(5))
		v.Equal(c.Free(2), units.Rao(15))
		v.Equal(tc.Last(1), tc.Encode(IfElseFallbackCalled{frame.TokenFundsUnavailable}))
	}))
	s.Test("if_else_successful_main_call", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
		v.Ok(ok(p.IfElse(tc.Signed(1), tc.Transfer(2, 9), tc.Transfer(2, 1))))
		v.Equal(c.Free(1), units.Rao(1))
		v.Equal(c.Free(2), units.Rao(19))
		v.Equal(tc.Last(1), tc.Encode(IfElseMainSuccess{}))
	}))
	s.Test("dispatch_as_fallible_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(c.Balances.ForceSetBalance(frame.Root(), tc.Address(666), 100))
		v.Equal(c.Free(666), units.Rao(100))
		v.Equal(c.Free(777), units.Rao(0))
		v.Ok(p.DispatchAsFallible(frame.Root(), as(666), tc.Transfer(777, 100)))
		v.Equal(c.Free(666), units.Rao(0))
		v.Equal(c.Free(777), units.Rao(100))
		noop(v, func() error { return p.DispatchAsFallible(frame.Root(), as(777), &tc.Inherent{}) }, frame.BadOrigin)
	}))
	s.Test("if_else_failing_fallback_call", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
		v.Fails(ok(p.IfElse(tc.Signed(1), tc.Transfer(2, 11), tc.Transfer(2, 11))), frame.TokenFundsUnavailable)
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
	}))
	s.Test("if_else_with_nested_if_else_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Equal(c.Free(1), units.Rao(10))
		v.Equal(c.Free(2), units.Rao(10))
		nested := &IfElseCall{tc.Transfer(2, 11), tc.Transfer(2, 5)}
		v.Ok(ok(p.IfElse(tc.Signed(1), nested, tc.Transfer(2, 7))))
		v.Equal(c.Free(1), units.Rao(5))
		v.Equal(c.Free(2), units.Rao(15))
		v.Equal(tc.Last(1), tc.Encode(IfElseMainSuccess{}))
	}))
	s.Done()
}
