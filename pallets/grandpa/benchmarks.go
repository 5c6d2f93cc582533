//go:build !wasm

package grandpa

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/benchmark"
)

// Benchmarks implements benchmark.Benchmarked.
func (p *Pallet) Benchmarks() []benchmark.Case {
	const never = "its proof of key ownership has no values, so no such call decodes"
	return []benchmark.Case{
		{Call: "report_equivocation", Reason: never},
		{Call: "report_equivocation_unsigned", Reason: never},
		{
			Call:  "note_stalled",
			Setup: func(*benchmark.Env) (frame.Call, frame.Origin) { return &NoteStalledCall{1000, 1}, frame.Root() },
			Check: func(*benchmark.Env) bool { return p.Stalled.Exists() },
		},
	}
}
