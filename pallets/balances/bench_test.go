package balances_test

import (
	"testing"

	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/units"
)

// One call each, dispatched as in a block and over a real overlay. Each run ends with a check that the money went where it should.
func BenchmarkTransfer(bench *testing.B) {
	const money = units.Rao(1 << 40)
	for _, c := range []struct {
		name string
		call func(i int) (frame.Call, frame.Origin)
		want func(n units.Rao) (first, second units.Rao)
	}{
		{"keep_alive", func(int) (frame.Call, frame.Origin) {
			return &balances.TransferKeepAliveCall{Dest: to(2), Value: 7}, by(1)
		}, func(n units.Rao) (units.Rao, units.Rao) { return money - 7*n, money + 7*n }},
		{"allow_death", func(int) (frame.Call, frame.Origin) {
			return &balances.TransferAllowDeathCall{Dest: to(2), Value: 7}, by(1)
		}, func(n units.Rao) (units.Rao, units.Rao) { return money - 7*n, money + 7*n }},
		// The account opens and is reaped in turns.
		{"create_and_reap", func(i int) (frame.Call, frame.Origin) {
			if i%2 == 0 {
				return &balances.TransferAllowDeathCall{Dest: to(3), Value: 1000}, by(1)
			}
			return &balances.TransferAllowDeathCall{Dest: to(1), Value: 1000}, by(3)
		}, func(n units.Rao) (units.Rao, units.Rao) { return money - n%2*1000, money }},
	} {
		bench.Run(c.name, func(bench *testing.B) {
			ext := build(bench, 500, false)
			ext.Run(func() {
				if err := b.Endow([]balances.Endowment{{Who: a(1), Free: money}, {Who: a(2), Free: money}}); err != nil {
					bench.Fatal(err)
				}
				bench.ReportAllocs()
				n := 0
				for bench.Loop() {
					call, origin := c.call(n)
					if _, err := frame.Dispatch(call, origin); err != nil {
						bench.Fatal(err)
					}
					if n++; n%1000 == 0 {
						system.ResetEvents() // a block's worth
					}
				}
				first, second := c.want(units.Rao(n))
				if free(1) != first || free(2) != second {
					bench.Fatalf("after %d calls: %d and %d, want %d and %d", n, uint64(free(1)), uint64(free(2)), uint64(first), uint64(second))
				}
			})
		})
	}
}
