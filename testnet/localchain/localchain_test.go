package localchain_test

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/runtime-wasm/blob"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/localchain"
	"github.com/gotensor/gotensor/testnet/native"
	"github.com/gotensor/gotensor/wasmhost"
)

var built = sync.OnceValues(func() (*blob.Code, error) {
	return localchain.Build(context.Background(), "../..", localchain.Flavour{Names: true})
})

// network is a solo network of the development preset.
type network struct {
	*driver.Chain
	engine  *wasmhost.Engine
	code    *blob.Code
	genesis *driver.Block
	terms   driver.Terms
}

func newNetwork(t testing.TB, cfg wasmhost.Config) *network {
	t.Helper()
	if testing.Short() {
		t.Skip("it compiles the standard library for Wasm")
	}
	code, err := built()
	if err != nil {
		t.Fatal(err)
	}
	engine, err := wasmhost.NewEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	n := &network{Chain: driver.New(engine), engine: engine, code: code}
	if n.genesis, err = localchain.Genesis(t.Context(), engine, code.Compressed, "development"); err != nil {
		t.Fatal(err)
	}
	n.terms = driver.Terms{Version: code.Version, Genesis: n.genesis.Hash, Birth: n.genesis.Hash, MetadataHash: true}
	return n
}

func sender(t testing.TB, uri string) *driver.Sender {
	t.Helper()
	s, err := driver.NewSender(uri)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func transfer(to chain.AccountID, amount uint64) []byte {
	return scale.AppendCompact(append([]byte{5, 3, 0}, to[:]...), amount)
}

const slot0 = 141_000_000

// Blocks with transfers are authored by the blob, and executed to the same root by the blob and natively.
func TestBlocks(t *testing.T) {
	ctx := t.Context()
	n := newNetwork(t, wasmhost.Config{})
	alice, bob := sender(t, "//Alice"), sender(t, "//Bob")
	parent := n.genesis
	for i := range uint64(5) {
		digest, inherents := driver.Slot(slot0+i, runtime.SlotDuration)
		block, applied, err := n.Author(ctx, parent, digest, inherents[:1], []chain.OpaqueExtrinsic{
			alice.Sign(transfer(bob.Account(), 1_000_000), n.terms),
			alice.Sign([]byte{0, 7, 4 << 2, 'a', 'b', 'c', 'd'}, n.terms),
		})
		if err != nil {
			t.Fatal(err)
		}
		for j, a := range applied {
			if !a.OK {
				t.Fatalf("block %d, extrinsic %d: %+v", i+1, j, a)
			}
		}
		// The same block in this process, over the same state.
		ext := native.Over(t, parent.State)
		ext.Run(func() { runtime.Call("Core_execute_block", scale.Marshal(block.Block)) })
		if root := ext.Root(); root != block.State.Root() {
			t.Errorf("block %d: root %s, natively %s", i+1, block.State.Root(), root)
		}
		again, err := n.Execute(ctx, parent, block.Block)
		if err != nil {
			t.Fatal(err)
		}
		if again.State.Root() != block.State.Root() {
			t.Errorf("block %d: root %s, executed %s", i+1, block.State.Root(), again.State.Root())
		}
		parent = block
	}
	info, err := n.Query(ctx, parent, "AccountNonceApi_account_nonce", scale.Marshal(alice.Account()))
	if err != nil || !bytes.Equal(info, []byte{10, 0, 0, 0}) {
		t.Errorf("nonce: got %x, %v", info, err)
	}
}

// What fresh-state calls of our blob cost: each starts from the memory that initialisation left.
func BenchmarkCalls(b *testing.B) {
	n := newNetwork(b, wasmhost.Config{})
	rt, err := n.Runtime(b.Context(), n.genesis)
	if err != nil {
		b.Fatal(err)
	}
	alice := sender(b, "//Alice")
	for _, c := range []struct {
		api  string
		args []byte
		size int // of the answer, at least
	}{
		{"Core_version", nil, 100},
		{"AccountNonceApi_account_nonce", scale.Marshal(alice.Account()), 4},
		{"AuraApi_authorities", nil, 33},
		{"Metadata_metadata", nil, 50_000},
	} {
		b.Run(c.api, func(b *testing.B) {
			for b.Loop() {
				answer, err := rt.Call(b.Context(), &wasmhost.Env{Storage: storage.NewOverlay(n.genesis.State)}, c.api, c.args)
				if err != nil || len(answer) < c.size {
					b.Fatalf("%d bytes, %v", len(answer), err)
				}
			}
		})
	}
}
