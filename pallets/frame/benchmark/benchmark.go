//go:build !wasm

// Package benchmark is how pallets say what their calls cost at worst, so that gotensor benchmark pallet can compare that with what they
// are declared to weigh.
//
// # Picture
//
//	pallets/counter/benchmarks.go          //go:build !wasm: it is no part of the blob
//
//	func (p *Pallet) Benchmarks() []benchmark.Case {
//		return []benchmark.Case{{
//			Call: "add",
//			Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
//				p.Count.Put(e.Caller, 1)                       // the state at its worst for the call
//				return &AddCall{Step: p.MaxStep}, e.Signed()   // the arguments, too
//			},
//			Check: func(e *benchmark.Env) bool { return p.Count.Get(e.Caller) == 1+p.MaxStep },
//		}}
//	}
//
//	composed runtime ──► every call of its metadata ──► cases of that name ──► state, call ──► natively, and in the blob ──► time, reads, writes
//
// # Rules
//
//   - A case sets up a state, and returns a call and its origin. It runs in block 1, with the genesis of the preset development; what it writes is
//     in the state, not in the block, when the call runs.
//   - A call that fails is no measurement. What a call cannot tell by its result (calls that swallow the failure of an inner one) Check tells.
//   - The worst is meant: the longest list, the largest argument, the entry that has to be made. Weights that depend on arguments have a
//     case for each end that matters; then Call has a part behind a slash: "as_multi/complete".
//   - A call that cannot succeed in any state has no case but a reason: Reason.
//
// # What it does not do
//
// It fits no weights: those of the original stand, and are checked.
package benchmark

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// Benchmarked is a pallet with cases.
type Benchmarked interface {
	Benchmarks() []Case
}

// Case is one call at its worst.
type Case struct {
	// Call is the name of the call on the wire, with what is special about the case behind a slash.
	Call string
	// Setup writes the state in which the call is at its worst, and returns the call and on whose behalf it runs.
	Setup func(e *Env) (frame.Call, frame.Origin)
	// Check tells, in the state after the call, whether it did what was to be measured. It may be nil.
	Check func(e *Env) bool
	// Reason says why there is nothing to measure; then there is no Setup.
	Reason string
}

// Env is what a case builds on.
type Env struct {
	// Caller is an account with much money and a known key. Reads and writes of its account are not counted, as every transaction has them.
	Caller chain.AccountID
	// Code is a runtime that this one may be replaced by: its own blob with a higher version. It is nil where the blob was not given.
	Code []byte
	// Fund gives an account money.
	Fund func(who chain.AccountID, amount units.Rao)
	// Noop returns a call that does nothing and has so many bytes of arguments.
	Noop func(bytes int) frame.Call
}

// Signed returns the origin of the caller.
func (e *Env) Signed() frame.Origin { return frame.SignedBy(e.Caller) }

// CallerAddress returns the address of the caller.
func (e *Env) CallerAddress() chain.MultiAddress { return chain.AddressOf(e.Caller) }

// Account returns one of any number of accounts: blake2-256 of "benchmark" and the number. It has no money yet.
func (e *Env) Account(n int) chain.AccountID {
	return host.Blake2_256(scale.AppendU32([]byte("benchmark"), uint32(n)))
}

// Address returns the address of Account.
func (e *Env) Address(n int) chain.MultiAddress { return chain.AddressOf(e.Account(n)) }
