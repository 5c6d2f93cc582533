//go:build !wasm

package timestamp

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/benchmark"
)

// Benchmarks implements benchmark.Benchmarked. The block is in slot 1, and a slot is twice the least period.
func (p *Pallet) Benchmarks() []benchmark.Case {
	return []benchmark.Case{{
		Call:  "set",
		Setup: func(*benchmark.Env) (frame.Call, frame.Origin) { return &SetCall{2 * p.MinimumPeriod}, frame.None() },
		Check: func(*benchmark.Env) bool { return p.Now.Get() == 2*p.MinimumPeriod },
	}}
}
