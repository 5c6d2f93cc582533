package node_test

import (
	"testing"

	"github.com/gotensor/gotensor/node"
)

// BenchmarkNew makes a node of a chain that is new, with the code compiled before: what a test net takes before its first slot.
func BenchmarkNew(b *testing.B) {
	spec := devSpec(b)
	for b.Loop() {
		b.StopTimer()
		cfg := config(b, spec)
		b.StartTimer()
		n, err := node.New(b.Context(), cfg)
		b.StopTimer()
		if err != nil {
			b.Fatal(err)
		}
		if err := n.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
