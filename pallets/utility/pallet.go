package utility

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

//go:generate go run ../frame/gen

// Pallet is the utility pallet.
type Pallet struct {
	Constants
}

// Constants are set by the runtime.
type Constants struct {
	// The most calls that one batch may hold.
	BatchedCallsLimit uint32 `name:"batched_calls_limit"`
}

// BatchedCallsLimit is Subtensor's value of the constant: a third of the largest allocation, 32 MiB, in calls of 1,024 bytes.
const BatchedCallsLimit = 32 << 20 / 3 / 1024

// Batch runs calls one after the other and stops at the first that fails. What ran before it stays done, and the batch itself succeeds:
// its events tell how far it came. For all origins but none.
//
//frame:call 0
//frame:info weightBatch.info(calls)
//frame:rust calls=Vec<<T as Config>::RuntimeCall>
func (p *Pallet) Batch(origin frame.Origin, calls []frame.Call) (frame.PostInfo, error) {
	if err := p.check(origin, calls); err != nil {
		return frame.PostInfo{}, err
	}
	var used frame.Weight
	for i, c := range calls {
		cost, err := run(c, origin)
		used = used.Add(cost)
		if err != nil {
			system.Deposit(BatchInterrupted{uint32(i), frame.AsDispatchError(err)})
			return frame.Used(used.Add(weightBatch.of(i + 1))), nil
		}
		system.Deposit(ItemCompleted{})
	}
	system.Deposit(BatchCompleted{})
	return frame.Used(used.Add(weightBatch.of(len(calls)))), nil
}

// AsDerivative runs a call as the account that is derived from the sender and the index. The filters of the sender go along.
//
//frame:call 1
//frame:weight weightAsDerivative.Reads(1).Writes(1).Add(call.Info().Call)
//frame:rust call=Box<<T as Config>::RuntimeCall>
func (p *Pallet) AsDerivative(origin frame.Origin, index uint16, call frame.Call) (frame.PostInfo, error) {
	who, err := origin.Signed()
	if err != nil {
		return frame.PostInfo{}, err
	}
	cost, err := run(call, origin.As(frame.OriginCaller{Kind: frame.OriginSigned, Who: DerivativeAccount(who, index)}))
	return frame.Used(weightAsDerivative.Reads(1).Writes(1).Add(cost)), err
}

// BatchAll runs calls one after the other, all or none: if one fails the batch fails with its error and nothing was done. There may
// be no batch_all inside of it. For all origins but none.
//
//frame:call 2
//frame:info weightBatchAll.info(calls)
//frame:rust calls=Vec<<T as Config>::RuntimeCall>
func (p *Pallet) BatchAll(origin frame.Origin, calls []frame.Call) (frame.PostInfo, error) {
	if err := p.check(origin, calls); err != nil {
		return frame.PostInfo{}, err
	}
	inner := origin.Restrict(notBatchAll)
	var used frame.Weight
	for i, c := range calls {
		cost, err := run(c, inner)
		used = used.Add(cost)
		if err != nil {
			return frame.Used(used.Add(weightBatchAll.of(i + 1))), err
		}
		system.Deposit(ItemCompleted{})
	}
	system.Deposit(BatchCompleted{})
	return frame.Used(used.Add(weightBatchAll.of(len(calls)))), nil
}

func notBatchAll(c frame.Call) bool {
	_, is := c.(*BatchAllCall)
	return !is
}

// DispatchAs runs a call as the given origin, past all filters. The result of the call is in the event. For root.
//
//frame:call 3
//frame:weight weightDispatchAs.Add(call.Info().Call)
//frame:rust asOrigin=Box<T::PalletsOrigin>, call=Box<<T as Config>::RuntimeCall>
func (p *Pallet) DispatchAs(origin frame.Origin, asOrigin frame.OriginCaller, call frame.Call) error {
	if err := origin.Root(); err != nil {
		return err
	}
	_, err := frame.DispatchBypassFilter(call, frame.From(asOrigin))
	system.Deposit(DispatchedAs{frame.OutcomeOf(err)})
	return nil
}

// ForceBatch runs calls one after the other, whether or not they fail. For all origins but none.
//
//frame:call 4
//frame:info weightForceBatch.info(calls)
//frame:rust calls=Vec<<T as Config>::RuntimeCall>
func (p *Pallet) ForceBatch(origin frame.Origin, calls []frame.Call) (frame.PostInfo, error) {
	if err := p.check(origin, calls); err != nil {
		return frame.PostInfo{}, err
	}
	var used frame.Weight
	failed := false
	for _, c := range calls {
		cost, err := run(c, origin)
		used = used.Add(cost)
		if err != nil {
			failed = true
			system.Deposit(ItemFailed{frame.AsDispatchError(err)})
		} else {
			system.Deposit(ItemCompleted{})
		}
	}
	if failed {
		system.Deposit(BatchCompletedWithErrors{})
	} else {
		system.Deposit(BatchCompleted{})
	}
	return frame.Used(used.Add(weightForceBatch.of(len(calls)))), nil
}

// WithWeight runs a call as root and counts it with the given weight. For root.
//
//frame:call 5
//frame:weight weight
//frame:rust call=Box<<T as Config>::RuntimeCall>
func (p *Pallet) WithWeight(origin frame.Origin, call frame.Call, weight frame.Weight) error {
	if err := origin.Root(); err != nil {
		return err
	}
	_, err := frame.DispatchBypassFilter(call, frame.Root())
	return err
}

// IfElse runs the main call, and if that fails the fallback instead. It fails if both do, with the error of the fallback. For all
// origins but none.
//
//frame:call 6
//frame:weight weightIfElse.Add(main.Info().Call).Add(fallback.Info().Call)
//frame:rust main=Box<<T as Config>::RuntimeCall>, fallback=Box<<T as Config>::RuntimeCall>
func (p *Pallet) IfElse(origin frame.Origin, main, fallback frame.Call) (frame.PostInfo, error) {
	if origin.None() == nil {
		return frame.PostInfo{}, frame.BadOrigin
	}
	cost, mainErr := run(main, origin)
	used := weightIfElse.Add(cost)
	if mainErr == nil {
		system.Deposit(IfElseMainSuccess{})
		return frame.Used(used), nil
	}
	cost, err := run(fallback, origin)
	used = used.Add(cost)
	if err == nil {
		system.Deposit(IfElseFallbackCalled{frame.AsDispatchError(mainErr)})
	}
	return frame.Used(used), err
}

// DispatchAsFallible runs a call as the given origin, past all filters, and fails if the call does. For root.
//
//frame:call 7
//frame:weight weightDispatchAsFallible.Add(call.Info().Call)
//frame:rust asOrigin=Box<T::PalletsOrigin>, call=Box<<T as Config>::RuntimeCall>
func (p *Pallet) DispatchAsFallible(origin frame.Origin, asOrigin frame.OriginCaller, call frame.Call) error {
	if err := origin.Root(); err != nil {
		return err
	}
	if _, err := frame.DispatchBypassFilter(call, frame.From(asOrigin)); err != nil {
		return err
	}
	system.Deposit(DispatchedAs{})
	return nil
}

// check refuses the none origin and batches that are too long. Errors: BadOrigin, TooManyCalls.
func (p *Pallet) check(origin frame.Origin, calls []frame.Call) error {
	if origin.None() == nil {
		return frame.BadOrigin
	}
	if uint64(len(calls)) > uint64(p.BatchedCallsLimit) {
		return TooManyCalls
	}
	return nil
}

// run dispatches an inner call and returns what it cost, also where it failed.
func run(c frame.Call, origin frame.Origin) (frame.Weight, error) {
	info := c.Info()
	post, err := frame.Dispatch(c, origin)
	return post.Weight(info), err
}

// DerivativeAccount returns the account that who controls under the index: blake2-256 of "modlpy/utilisuba", the account and the index.
func DerivativeAccount(who chain.AccountID, index uint16) chain.AccountID {
	preimage := make([]byte, 0, 16+32+2)
	preimage = append(preimage, "modlpy/utilisuba"...)
	preimage = append(preimage, who[:]...)
	return host.Blake2_256(scale.AppendU16(preimage, index))
}

// BatchInterrupted: a batch stopped at a call that failed.
//
//frame:event 0
type BatchInterrupted struct {
	// The number of the call, from 0.
	Index uint32 `rust:"u32"`
	// Why it failed.
	Error frame.DispatchError `rust:"DispatchError"`
}

// BatchCompleted: all calls of a batch have succeeded.
//
//frame:event 1
type BatchCompleted struct{}

// BatchCompletedWithErrors: all calls of a batch have run, and some failed.
//
//frame:event 2
type BatchCompletedWithErrors struct{}

// ItemCompleted: one call of a batch has succeeded.
//
//frame:event 3
type ItemCompleted struct{}

// ItemFailed: one call of a batch has failed.
//
//frame:event 4
type ItemFailed struct {
	// Why it failed.
	Error frame.DispatchError `rust:"DispatchError"`
}

// DispatchedAs: a call ran as another origin.
//
//frame:event 5
type DispatchedAs struct {
	// What became of the call.
	Result frame.Outcome `rust:"DispatchResult"`
}

// IfElseMainSuccess: the main call has succeeded.
//
//frame:event 6
type IfElseMainSuccess struct{}

// IfElseFallbackCalled: the main call has failed and the fallback succeeded.
//
//frame:event 7
type IfElseFallbackCalled struct {
	// Why the main call failed.
	MainError frame.DispatchError `rust:"DispatchError"`
}

// Error is why the pallet refuses a call.
type Error uint8

const (
	// TooManyCalls: the batch holds more calls than batched_calls_limit.
	TooManyCalls Error = 0
	// InvalidDerivedAccount: the derived bytes are no account. It cannot happen with accounts of 32 bytes.
	InvalidDerivedAccount Error = 1
)
