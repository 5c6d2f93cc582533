//go:build !wasm

package sudo

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/benchmark"
)

// Benchmarks implements benchmark.Benchmarked.
func (p *Pallet) Benchmarks() []benchmark.Case {
	// by is a case of a call by the sudo key.
	by := func(name string, call func(e *benchmark.Env) frame.Call, check func(e *benchmark.Env) bool) benchmark.Case {
		return benchmark.Case{Call: name, Check: check, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			p.Key.Put(e.Caller)
			return call(e), e.Signed()
		}}
	}
	return []benchmark.Case{
		by("sudo", func(e *benchmark.Env) frame.Call { return &SudoCall{e.Noop(0)} }, nil),
		by("sudo_unchecked_weight", func(e *benchmark.Env) frame.Call {
			return &SudoUncheckedWeightCall{e.Noop(0), weightSudo}
		}, nil),
		by("set_key", func(e *benchmark.Env) frame.Call { return &SetKeyCall{e.Address(0)} }, func(e *benchmark.Env) bool {
			key, _ := p.Key.Get()
			return key == e.Account(0)
		}),
		by("sudo_as", func(e *benchmark.Env) frame.Call { return &SudoAsCall{e.Address(0), e.Noop(0)} }, nil),
		by("remove_key", func(e *benchmark.Env) frame.Call { return &RemoveKeyCall{} }, func(*benchmark.Env) bool { return !p.Key.Exists() }),
	}
}
