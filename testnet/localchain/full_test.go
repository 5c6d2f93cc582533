package localchain_test

import (
	"bytes"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/wasmhost"
)

// A block is built in many calls and executed in one, in one memory: what an author can build must be executed, be it as full as the limits of weight and length
// allow, and of extrinsics that are dear to decode or to run.
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
	// An empty key is one byte, and takes 24 in memory.
	kill := func(keys int) []byte { return weightless(append(killStorage(keys), make([]byte, keys)...)) }
	var pairs []byte
	for range 200_000 {
		pairs = append(pairs, 4, 1, 0) // a key of one byte, and nothing
	}
	bob := sender(t, "//Bob").Account()
	for _, test := range []struct {
		name    string
		most    int // extrinsics that are offered
		call    []byte
		refused bool
	}{
		{"transfers", 5_500, transfer(bob, 1_000_000), false},
		{"remarks of nothing", 7_500, []byte{0, 0, 0}, false},
		{"remarks of 256 KiB", 60, scale.AppendBytes([]byte{0, 0}, make([]byte, 256<<10)), false},
		{"remarks of 7 MiB", 2, scale.AppendBytes([]byte{0, 0}, make([]byte, 7<<20)), false},
		{"remarks of 1 MiB with an event", 12, scale.AppendBytes([]byte{0, 7}, make([]byte, 1<<20)), false},
		{"batches of 1,000 empty remarks", 420, batch(1000, []byte{0, 0, 0}), false},
		{"batches of 400 transfers", 50, batch(400, transfer(bob, 1_000_000)), false},
		{"batches of transfers that fail", 50, batch(400, transfer(bob, 1<<62)), false},
		{"600,000 empty keys", 4, kill(600_000), false},
		{"100,000 empty keys", 20, kill(100_000), false},
		{"small pairs", 10, weightless(append(scale.AppendLen([]byte{0, 4}, 200_000), pairs...)), false},
		{"code of 9.9 MiB", 2, scale.AppendBytes([]byte{0, 2}, make([]byte, 9<<20+900<<10)), false},
		{"7 MiB of keys of one byte", 1, append(killStorage(7<<19), bytes.Repeat([]byte{4, 1}, 7<<19)...), true},
		{"nested batches of small calls", 8, batch(100, batch(200, []byte{11, 4, 0})), false},
		{"1 MiB below 200 multisigs", 4, append(bytes.Repeat(append([]byte{13, 0, 4}, make([]byte, 32)...), 200), scale.AppendBytes([]byte{0, 0}, make([]byte, 1<<20))...), false},
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
				if test.refused && a.Err != nil && !a.Included {
					continue
				}
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
			if test.refused == (included > 0) {
				t.Errorf("%d extrinsics are included, refused is %v", included, test.refused)
			}
			t.Logf("%d of %d extrinsics in a block of %d bytes, %d of them failed", included, test.most, size, failed)
		})
	}
}

// killStorage is the beginning of System.kill_storage of so many keys.
func killStorage(keys int) []byte { return scale.AppendLen([]byte{0, 5}, keys) }

// weightless is Utility.with_weight of no weight around a call of root's. Anyone's fails, after all of it was decoded.
func weightless(call []byte) []byte { return append(append([]byte{11, 5}, call...), 0, 0) }

// The interpreter collects the same garbage and comes to the same block.
func TestCollectInInterpreter(t *testing.T) {
	n, interpreted := newNetwork(t, wasmhost.Config{}), newNetwork(t, wasmhost.Config{Interpreter: true})
	duration, err := n.SlotDuration(t.Context(), n.genesis)
	if err != nil {
		t.Fatal(err)
	}
	alice := sender(t, "//Alice")
	var extrinsics []chain.OpaqueExtrinsic
	for range 24 { // each leaves four times its length behind
		extrinsics = append(extrinsics, alice.Sign(scale.AppendBytes([]byte{0, 0}, make([]byte, 300<<10)), n.terms))
	}
	digest, inherents := driver.Slot(slot0, duration)
	block, _, err := n.Author(t.Context(), n.genesis, digest, inherents, extrinsics)
	if err != nil {
		t.Fatal(err)
	}
	got, err := interpreted.Execute(t.Context(), interpreted.genesis, block.Block)
	if err != nil || got.Hash != block.Hash {
		t.Fatalf("block %v, expected %v: %v", got, block.Hash, err)
	}
}

// What calls of root take when they are due is taken in the call that begins a block.
func TestScheduledCalls(t *testing.T) {
	n := newNetwork(t, wasmhost.Config{})
	duration, err := n.SlotDuration(t.Context(), n.genesis)
	if err != nil {
		t.Fatal(err)
	}
	const keys = 600_000
	alice := sender(t, "//Alice")
	// Sudo.sudo_unchecked_weight(Scheduler.schedule(block 3, …), 0)
	call := append([]byte{12, 1, 15, 0, 3, 0, 0, 0, 0, 0}, weightless(append(killStorage(keys), make([]byte, keys)...))...)
	call = append(call, 0, 0)
	parent := n.genesis
	for i := range 4 {
		var extrinsics []chain.OpaqueExtrinsic
		if i < 2 {
			extrinsics = append(extrinsics, alice.Sign(call, n.terms))
		}
		digest, inherents := driver.Slot(slot0+uint64(i), duration)
		block, applied, err := n.Author(t.Context(), parent, digest, inherents, extrinsics)
		if err != nil {
			t.Fatalf("block %d: %v", i+1, err)
		}
		for _, a := range applied {
			if !a.OK {
				t.Fatalf("block %d: %x, %v", i+1, a.Result, a.Err)
			}
		}
		if _, err := n.Execute(t.Context(), parent, block.Block); err != nil {
			t.Fatalf("block %d: %v", i+1, err)
		}
		parent = block
	}
}
