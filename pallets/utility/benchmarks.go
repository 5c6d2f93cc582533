//go:build !wasm

package utility

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/benchmark"
)

// Benchmarks implements benchmark.Benchmarked. The original's range of inner calls is 0 to 1,000.
func (p *Pallet) Benchmarks() []benchmark.Case {
	noops := func(e *benchmark.Env, n int) []frame.Call {
		list := make([]frame.Call, n)
		for i := range list {
			list[i] = e.Noop(0)
		}
		return list
	}
	var cases []benchmark.Case
	for _, batch := range []struct {
		name string
		call func([]frame.Call) frame.Call
	}{
		{"batch", func(list []frame.Call) frame.Call { return &BatchCall{list} }},
		{"batch_all", func(list []frame.Call) frame.Call { return &BatchAllCall{list} }},
		{"force_batch", func(list []frame.Call) frame.Call { return &ForceBatchCall{list} }},
	} {
		for _, n := range []int{0, 1000} {
			name := batch.name + "/empty"
			if n > 0 {
				name = batch.name + "/1000"
			}
			cases = append(cases, benchmark.Case{Call: name, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
				return batch.call(noops(e, n)), e.Signed()
			}})
		}
	}
	asCaller := func(e *benchmark.Env) frame.OriginCaller {
		return frame.OriginCaller{Kind: frame.OriginSigned, Who: e.Caller}
	}
	return append(cases,
		benchmark.Case{Call: "as_derivative", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &AsDerivativeCall{1, e.Noop(0)}, e.Signed()
		}},
		benchmark.Case{Call: "dispatch_as", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &DispatchAsCall{asCaller(e), e.Noop(0)}, frame.Root()
		}},
		benchmark.Case{Call: "dispatch_as_fallible", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &DispatchAsFallibleCall{asCaller(e), e.Noop(0)}, frame.Root()
		}},
		// Its weight is the caller's to say: that of the call inside with an empty call around it.
		benchmark.Case{Call: "with_weight", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			inner := e.Noop(0)
			return &WithWeightCall{inner, weightDispatchAs.Add(inner.Info().Call)}, frame.Root()
		}},
		// The main call fails, so that both run.
		benchmark.Case{Call: "if_else", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &IfElseCall{&DispatchAsCall{asCaller(e), e.Noop(0)}, e.Noop(0)}, e.Signed()
		}},
	)
}
