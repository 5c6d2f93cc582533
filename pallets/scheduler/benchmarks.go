//go:build !wasm

package scheduler

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/benchmark"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Benchmarks implements benchmark.Benchmarked: agendas that are full, or all but one place. Calls are small enough to stand in the agenda.
func (p *Pallet) Benchmarks() []benchmark.Case {
	const when chain.BlockNumber = 10
	must := func(err error) {
		if err != nil {
			panic("BUG: agenda of a benchmark: " + err.Error())
		}
	}
	name := func(n int) (id Name) { return Name(append(scale.AppendU32(nil, uint32(n)), id[4:]...)) }
	// fill schedules n tasks with names, periods and retries.
	fill := func(e *benchmark.Env, n int) {
		for i := range n {
			id := name(i)
			must(p.ScheduleNamed(frame.Root(), id, when, &Period{1, 100}, 0, e.Noop(100)))
			must(p.SetRetryNamed(frame.Root(), id, 10, 10))
		}
	}
	most := int(p.MaxScheduledPerBlock)
	length := func(n int) func(*benchmark.Env) bool {
		return func(*benchmark.Env) bool {
			tasks := 0
			for _, task := range p.Agenda.Get(when) {
				if task != nil {
					tasks++
				}
			}
			return tasks == n
		}
	}
	full, one := length(most), length(most-1)
	adding := func(call string, make func(e *benchmark.Env) frame.Call) benchmark.Case {
		return benchmark.Case{Call: call, Check: full, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			fill(e, most-1)
			return make(e), frame.Root()
		}}
	}
	changing := func(call string, check func(e *benchmark.Env) bool, make func() frame.Call) benchmark.Case {
		return benchmark.Case{Call: call, Check: check, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			fill(e, most)
			return make(), frame.Root()
		}}
	}
	period := &Period{1, 100}
	last := name(most - 1)
	place := Address{when, uint32(most - 1)}
	retries := func(want bool) func(*benchmark.Env) bool {
		return func(*benchmark.Env) bool { return p.Retries.Has(place) == want }
	}
	return []benchmark.Case{
		adding("schedule", func(e *benchmark.Env) frame.Call { return &ScheduleCall{when, period, 0, e.Noop(100)} }),
		adding("schedule_named", func(e *benchmark.Env) frame.Call { return &ScheduleNamedCall{last, when, period, 0, e.Noop(100)} }),
		adding("schedule_after", func(e *benchmark.Env) frame.Call { return &ScheduleAfterCall{when - 2, period, 0, e.Noop(100)} }),
		adding("schedule_named_after", func(e *benchmark.Env) frame.Call {
			return &ScheduleNamedAfterCall{last, when - 2, period, 0, e.Noop(100)}
		}),
		changing("cancel", one, func() frame.Call { return &CancelCall{when, 0} }),
		changing("cancel_named", one, func() frame.Call { return &CancelNamedCall{name(0)} }),
		changing("set_retry", retries(true), func() frame.Call { return &SetRetryCall{place, 10, 10} }),
		changing("set_retry_named", retries(true), func() frame.Call { return &SetRetryNamedCall{last, 10, 10} }),
		changing("cancel_retry", retries(false), func() frame.Call { return &CancelRetryCall{place} }),
		changing("cancel_retry_named", retries(false), func() frame.Call { return &CancelRetryNamedCall{last} }),
	}
}
