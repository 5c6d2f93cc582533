package finality_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/gotensor/gotensor/consensus/grandpa"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/finality"
	"github.com/gotensor/gotensor/node/keystore"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/runtime-wasm/blob"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/localchain"
	"github.com/gotensor/gotensor/wasmhost"
)

var built = sync.OnceValues(func() (*blob.Code, error) {
	return localchain.Build(context.Background(), "../..", localchain.Flavour{})
})

// network is a chain of our own runtime; open gives further clients of it.
type network struct {
	engine  *wasmhost.Engine
	genesis *driver.Block
	terms   driver.Terms
}

func newNetwork(t testing.TB, preset string) *network {
	t.Helper()
	if testing.Short() {
		t.Skip("it compiles the standard library for Wasm")
	}
	code, err := built()
	if err != nil {
		t.Fatal(err)
	}
	engine, err := wasmhost.NewEngine(wasmhost.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	genesis, err := localchain.Genesis(t.Context(), engine, code.Compressed, preset)
	if err != nil {
		t.Fatal(err)
	}
	return &network{engine, genesis, driver.Terms{Version: code.Version, Genesis: genesis.Hash, Birth: genesis.Hash, MetadataHash: true}}
}

// node is a client with finality, over a store in a folder.
type node struct {
	t        testing.TB
	n        *network
	store    *db.DB
	client   *client.Client
	finality *finality.Finality
	slot     uint64
	stop     context.CancelFunc
	done     chan error
}

func keysOf(t testing.TB, uris ...string) *keystore.Keystore {
	t.Helper()
	store := keystore.New("")
	for _, uri := range uris {
		if _, err := store.Generate(keys.Ed25519, grandpa.KeyType, uri); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

// start opens, or makes, the store in dir and begins to vote.
func (n *network) start(t testing.TB, dir string, keystore *keystore.Keystore, change func(*finality.Config)) *node {
	t.Helper()
	store, err := db.OpenFolder(dir, db.MinMemory, db.Options{})
	if err != nil {
		if store, err = db.CreateFolder(dir, db.MinMemory, n.genesis.Header, n.genesis.State, db.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	c, err := client.New(t.Context(), client.Config{Engine: n.engine, Store: store, Signatures: wasmhost.NewSignatures(1000)})
	if err != nil {
		t.Fatal(err)
	}
	cfg := finality.Config{Client: c, Keystore: keystore}
	if change != nil {
		change(&cfg)
	}
	f, err := finality.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	out := &node{t: t, n: n, store: store, client: c, finality: f, slot: slot0 + uint64(c.Head().Best.Number)*10, stop: stop, done: make(chan error, 1)}
	go func() { out.done <- f.Run(ctx) }()
	t.Cleanup(out.close)
	return out
}

func (n *node) close() {
	if n.stop == nil {
		return
	}
	n.stop()
	n.stop = nil
	if err := <-n.done; err != nil {
		n.t.Error(err)
	}
	if err := n.store.Close(); err != nil {
		n.t.Error(err)
	}
}

const slot0 = 141_000_000

// author makes a block after parent.
func (n *node) author(parent db.Point, extrinsics ...chain.OpaqueExtrinsic) *client.Block {
	n.t.Helper()
	n.slot++
	digest, inherents := driver.Slot(n.slot, runtime.SlotDuration)
	b, err := n.client.Build(n.t.Context(), parent.Hash, digest)
	if err != nil {
		n.t.Fatal(err)
	}
	defer b.Close()
	if _, err := b.Inherents(n.t.Context(), inherents); err != nil {
		n.t.Fatal(err)
	}
	for _, x := range extrinsics {
		if applied, err := b.Apply(n.t.Context(), x); err != nil || !applied.OK {
			n.t.Fatalf("%+v, %v", applied, err)
		}
	}
	built, err := b.Finish(n.t.Context())
	if err != nil {
		n.t.Fatal(err)
	}
	block := built.Block
	block.Header.Digest = append(block.Header.Digest, chain.DigestItem{Kind: chain.DigestSeal, Engine: chain.EngineAura, Data: make([]byte, 64)})
	return &client.Block{Origin: client.OriginOwn, Block: block, Built: built}
}

// grow imports a block on the best one.
func (n *node) grow(extrinsics ...chain.OpaqueExtrinsic) db.Point {
	n.t.Helper()
	b := n.author(n.client.Head().Best, extrinsics...)
	number := b.Block.Header.Number
	hash, err := n.finality.Import(n.t.Context(), b)
	if err != nil {
		n.t.Fatal(err)
	}
	return db.Point{Number: number, Hash: hash}
}

// final waits until a block is final.
func (n *node) final(number chain.BlockNumber) {
	n.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for n.client.Head().Finalised.Number < number {
		if time.Now().After(deadline) {
			state, ok := n.finality.RoundState()
			n.t.Fatalf("block %d is not final, %d is; %+v %v", number, n.client.Head().Finalised.Number, state, ok)
		}
		time.Sleep(time.Millisecond)
	}
}

// The one authority of a chain makes blocks final, two behind the best one, with justifications that verify; a node that looks on follows by these.
func TestSolo(t *testing.T) {
	n := newNetwork(t, "development")
	dir := t.TempDir()
	a := n.start(t, dir, keysOf(t, "//One"), nil)
	voters, setID := a.finality.Voters()
	var justifications [][]byte
	got := make(chan []byte, 100)
	go a.finality.Justifications(t.Context(), func(j []byte) error { got <- j; return nil })
	time.Sleep(10 * time.Millisecond)
	for i := range chain.BlockNumber(10) {
		a.grow()
		if i >= 2 {
			a.final(i - 1)
		}
	}
	for len(justifications) < 8 {
		justifications = append(justifications, <-got)
	}
	set, err := grandpa.NewVoterSet(voters)
	if err != nil {
		t.Fatal(err)
	}
	for i, data := range justifications {
		j, err := scale.Unmarshal[grandpa.Justification](data)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := grandpa.VerifyJustification(data, j.Commit.Target, setID, set); err != nil || j.Commit.Target.Number != chain.BlockNumber(i+1) {
			t.Fatalf("%d: %+v: %v", i, j, err)
		}
	}
}
