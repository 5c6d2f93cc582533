package finality_test

import (
	"testing"
	"time"

	"github.com/gotensor/gotensor/primitives/chain"
)

// BenchmarkSolo makes a chain of one authority grow. Reported is the time from the import of a block to the finality of the one two below it, with the disk
// writes of both.
func BenchmarkSolo(b *testing.B) {
	n := newNetwork(b, "development")
	a := n.start(b, b.TempDir(), keysOf(b, "//One"), nil)
	for range 3 {
		a.grow()
	}
	a.final(1)
	var waited time.Duration
	blocks := 0
	for b.Loop() {
		block := a.grow()
		since := time.Now()
		for a.client.Head().Finalised.Number < block.Number-2 {
			time.Sleep(20 * time.Microsecond)
		}
		waited += time.Since(since)
		blocks++
	}
	if got := a.client.Head(); got.Best.Number != chain.BlockNumber(blocks)+3 || got.Finalised.Number != got.Best.Number-2 {
		b.Fatalf("%+v after %d blocks", got, blocks)
	}
	b.ReportMetric(float64(waited.Microseconds())/float64(blocks), "µs-to-finality/block")
}
