package authoring

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/gotensor/gotensor/consensus/queue"
	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/keystore"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/wasmhost"
)

// Blocks of a runtime that was built elsewhere, with Rust: Subtensor's, at two versions, whose slots are 12 s long. Authored by one node, checked by another one.
func TestSubtensor(t *testing.T) {
	const (
		path    = "opentensor/subtensor/chainspecs/raw_spec_testfinney.json"
		spec143 = "opentensor/subtensor/node/src/chain_spec/code_substitute_2585476.txt"
	)
	text := outside.Read(t, 2, spec143)
	code, err := hex.DecodeString(string(bytes.TrimPrefix(bytes.TrimSpace(text), []byte("0x"))))
	if err != nil {
		t.Fatal(err)
	}
	for name, code := range map[string][]byte{"spec 103": nil, "spec 143": code} {
		t.Run(name, func(t *testing.T) {
			spec, err := chainspec.ReadFile(outside.Path(t, 2, path))
			if err != nil {
				t.Fatal(err)
			}
			alice, bob := sender(t, "//Alice"), sender(t, "//Bob").Account()
			if err := driver.DevGenesis(&spec.Genesis, code, alice.Account(), alice.Account(), alice.Account(), []chain.AccountID{alice.Account()}, 1_000_000_000_000); err != nil {
				t.Fatal(err)
			}
			engine, err := wasmhost.NewEngine(wasmhost.Config{CacheDir: cache()})
			if err != nil {
				t.Fatal(err)
			}
			defer engine.Close()
			n := &network{engine: engine, keys: keystore.New("")}
			if n.genesis, err = spec.Genesis.Build(trie.V1); err != nil {
				t.Fatal(err)
			}
			if _, err := n.keys.Generate(keys.Sr25519, KeyType, "//Alice"); err != nil {
				t.Fatal(err)
			}
			a, b := n.open(t, nil), n.open(t, nil)
			if n.version, err = a.Version(t.Context(), a.Genesis()); err != nil {
				t.Fatal(err)
			}
			terms := a.terms()
			terms.MetadataHash = false
			for range 4 {
				a.submit(t, alice.Sign(transfer(bob, 1_000_000_000), terms))
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			clock := &virtual{now: time.UnixMilli(1_700_000_000_000), limit: 3, stop: cancel}
			cfg := a.config()
			cfg.Clock = clock
			cfg.Import = func(ctx context.Context, block *client.Block) (hash.H256, error) {
				id, err := a.Import(ctx, block)
				a.follow(t)
				return id, err
			}
			w, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Run(ctx); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if a.Head().Best.Number != 3 || a.pool.Status().Ready != 0 {
				t.Fatalf("%s, %+v: %s", a.Head().Best, a.pool.Status(), a.logged())
			}
			var blocks []*queue.Block
			for i := range chain.BlockNumber(3) {
				id, err := a.Store().Hash(i + 1)
				if err != nil {
					t.Fatal(err)
				}
				signed, err := a.Store().SignedBlock(id)
				if err != nil {
					t.Fatal(err)
				}
				blocks = append(blocks, &queue.Block{Block: signed.Block})
			}
			for _, res := range b.receive(t, func(c *QueueConfig) { c.Clock = clock }).take(t, blocks...) {
				if res.Outcome != queue.Imported {
					t.Fatalf("%+v", res)
				}
			}
			same(t, a, b, blocks)
		})
	}
}
