package node_test

import (
	"testing"

	"github.com/gotensor/gotensor/node"
	"github.com/gotensor/gotensor/testnet/upgrades"
	"github.com/gotensor/gotensor/wasmhost"
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

// BenchmarkGenesisVersion reads the version of a genesis with our blob, which each start does, as the store is opened, and beside it what a look at all of the module takes.
func BenchmarkGenesisVersion(b *testing.B) {
	want := upgrades.Base(b).Version.SpecVersion
	genesis := devSpec(b).Genesis
	code, err := genesis.Code()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sections", func(b *testing.B) {
		for b.Loop() {
			if v, err := genesis.Version(b.Context(), nil); err != nil || v.SpecVersion != want {
				b.Fatal(v, err)
			}
		}
	})
	b.Run("inspect", func(b *testing.B) {
		for b.Loop() {
			if info, err := wasmhost.Inspect(code); err != nil || info.Version.SpecVersion != want {
				b.Fatal(err)
			}
		}
	})
}
