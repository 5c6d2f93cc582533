package localchain_test

import (
	"bytes"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/wasmhost"
)

// A block is executed in one call, in which the runtime's memory is never collected: blocks that are as full as the limits of weight and length allow, of extrinsics
// that are dear to decode or to run, must fit into it.
func TestFullBlocks(t *testing.T) {
	n := newNetwork(t, wasmhost.Config{})
	n.Signatures = wasmhost.NewSignatures(100_000)
	duration, err := n.SlotDuration(t.Context(), n.genesis)
	if err != nil {
		t.Fatal(err)
	}
	batch := func(calls int, call []byte) []byte {
		return append(scale.AppendLen([]byte{11, 4}, calls), bytes.Repeat(call, calls)...)
	}
	bob := sender(t, "//Bob").Account()
	for _, test := range []struct {
		name string
		most int // extrinsics that are offered
		call []byte
	}{
		{"transfers", 5_500, transfer(bob, 1_000_000)},
		{"remarks of nothing", 7_500, []byte{0, 0, 0}},
		{"remarks of 256 KiB", 60, scale.AppendBytes([]byte{0, 0}, make([]byte, 256<<10))},
		{"remarks of 7 MiB", 2, scale.AppendBytes([]byte{0, 0}, make([]byte, 7<<20))},
		{"remarks of 1 MiB with an event", 12, scale.AppendBytes([]byte{0, 7}, make([]byte, 1<<20))},
		{"batches of 1,000 empty remarks", 420, batch(1000, []byte{0, 0, 0})},
		{"batches of 400 transfers", 50, batch(400, transfer(bob, 1_000_000))},
		{"batches of transfers that fail", 50, batch(400, transfer(bob, 1<<62))},
	} {
		t.Run(test.name, func(t *testing.T) {
			alice := sender(t, "//Alice")
			var extrinsics []chain.OpaqueExtrinsic
			for range test.most {
				extrinsics = append(extrinsics, alice.Sign(test.call, n.terms))
			}
			digest, inherents := driver.Slot(slot0, duration)
			block, applied, err := n.Author(t.Context(), n.genesis, digest, inherents, extrinsics)
			if err != nil {
				t.Fatal(err)
			}
			included, failed, size := 0, 0, 0
			for i, a := range applied {
				if a.Err != nil {
					t.Fatalf("extrinsic %d: %v", i, a.Err)
				}
				if a.Included {
					included++
					size += len(extrinsics[i])
				}
				if a.Included && !a.OK {
					failed++
				}
			}
			if _, err := n.Execute(t.Context(), n.genesis, block.Block); err != nil {
				t.Fatalf("%d extrinsics of %d bytes: %v", included, size, err)
			}
			t.Logf("%d of %d extrinsics in a block of %d bytes, %d of them failed", included, test.most, size, failed)
		})
	}
}
