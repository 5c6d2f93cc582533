package client_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/execution"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/runtime-wasm/blob"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/localchain"
	"github.com/gotensor/gotensor/wasmhost"
)

var built = sync.OnceValues(func() (*blob.Code, error) {
	return localchain.Build(context.Background(), "../..", localchain.Flavour{})
})

// network is a chain of our own runtime; open gives further clients of it, each with a store of its own.
type network struct {
	engine  *wasmhost.Engine
	genesis *driver.Block
	terms   driver.Terms
}

func newNetwork(t testing.TB) *network {
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
	genesis, err := localchain.Genesis(t.Context(), engine, code.Compressed, "development")
	if err != nil {
		t.Fatal(err)
	}
	return &network{engine, genesis, driver.Terms{Version: code.Version, Genesis: genesis.Hash, Birth: genesis.Hash, MetadataHash: true}}
}

func (n *network) open(t testing.TB, change func(*client.Config)) *client.Client {
	t.Helper()
	store, err := db.CreateFolder(t.TempDir(), db.MinMemory, n.genesis.Header, n.genesis.State, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg := client.Config{Engine: n.engine, Store: store, Signatures: wasmhost.NewSignatures(1000)}
	if change != nil {
		change(&cfg)
	}
	c, err := client.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// build makes a block after parent and gives it a seal, which nobody looks at here.
func build(t *testing.T, c *client.Client, parent db.Point, slot uint64, extrinsics ...chain.OpaqueExtrinsic) *client.Block {
	t.Helper()
	digest, inherents := driver.Slot(slot, runtime.SlotDuration)
	b, err := c.Build(t.Context(), parent.Hash, digest)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := b.Inherents(t.Context(), inherents); err != nil {
		t.Fatal(err)
	}
	for _, x := range extrinsics {
		if applied, err := b.Apply(t.Context(), x); err != nil || !applied.OK {
			t.Fatalf("%+v, %v", applied, err)
		}
	}
	built, err := b.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if size := len(built.Block.AppendScale(nil)); b.Size() < size-100 || b.Size() > size+100 {
		t.Errorf("size %d, the block has %d", b.Size(), size)
	}
	block := built.Block
	block.Header.Digest = append(block.Header.Digest, chain.DigestItem{Kind: chain.DigestSeal, Engine: chain.EngineAura, Data: make([]byte, 64)})
	return &client.Block{Origin: client.OriginOwn, Block: block, Built: built}
}

func next(t *testing.T, events *client.Events) client.Event {
	t.Helper()
	event, err := events.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return event
}

const slot0 = 141_000_000

// Two clients follow one chain, of which one makes the blocks and the other executes them. What subscribers are told is what happened, forks included.
func TestChain(t *testing.T) {
	n := newNetwork(t)
	author, other := n.open(t, nil), n.open(t, nil)
	told := other.Subscribe(100)
	defer told.Close()
	alice, err := driver.NewSender("//Alice")
	if err != nil {
		t.Fatal(err)
	}
	bob, err := driver.NewSender("//Bob")
	if err != nil {
		t.Fatal(err)
	}
	to := bob.Account()
	transfer := scale.AppendCompact(append([]byte{5, 3, 0}, to[:]...), 1_000_000_000)

	pass := func(b *client.Block) db.Point {
		t.Helper()
		hash, err := author.Import(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		again, err := other.Import(t.Context(), &client.Block{Origin: client.OriginNetwork, Block: b.Block})
		if err != nil || again != hash {
			t.Fatalf("%s, expected %s: %v", again, hash, err)
		}
		return db.Point{Number: b.Block.Header.Number, Hash: hash}
	}
	points := []db.Point{author.Head().Best}
	for i := range uint64(4) {
		p := pass(build(t, author, points[i], slot0+i, alice.Sign(transfer, n.terms)))
		event := next(t, told).Imported
		if event == nil || event.Point != p || !event.NewBest || event.Route.Common != points[i] || len(event.Route.Enacted) != 1 || event.Route.Enacted[0] != p ||
			len(event.Extrinsics) != 2 || len(event.Changes.Top) == 0 {
			t.Fatalf("%+v", event)
		}
		points = append(points, p)
	}
	// A fork of the same length does not take over, a longer one does.
	fork := pass(build(t, author, points[3], slot0+10))
	if event := next(t, told).Imported; event.NewBest || event.Point != fork {
		t.Fatalf("%+v", event)
	}
	longer := pass(build(t, author, fork, slot0+11))
	event := next(t, told).Imported
	if !event.NewBest || event.Route.Common != points[3] || len(event.Route.Retracted) != 1 || event.Route.Retracted[0] != points[4] || len(event.Route.Enacted) != 2 {
		t.Fatalf("%+v", event)
	}
	nonce, err := other.Call(t.Context(), longer.Hash, "AccountNonceApi_account_nonce", alice.Pair.Public())
	if err != nil || nonce[0] != 3 {
		t.Fatalf("nonce %x: %v", nonce, err)
	}
	// The old fork becomes final: the best block is dropped.
	justification := &chain.Justification{Engine: chain.EngineGrandpa, Data: []byte("votes")}
	if _, err := other.Finalise(points[4].Hash, justification); err != nil {
		t.Fatal(err)
	}
	final := next(t, told).Finalised
	if final == nil || len(final.Moved.Finalised) != 4 || !final.NewBest || final.Head.Best != points[4] || len(final.Dropped) != 2 || final.Header.Number != 4 {
		t.Fatalf("%+v", final)
	}
	if _, err := other.Finalise(points[4].Hash, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Import(t.Context(), &client.Block{Block: chain.Block{Header: chain.Header{ParentHash: fork.Hash, Number: 5}}}); !errors.Is(err, db.ErrUnknownBlock) {
		t.Errorf("after a dropped block: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if event, err := told.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", event, err)
	}
	version, err := other.Version(t.Context(), points[4].Hash)
	if err != nil || version.SpecName != n.terms.Version.SpecName {
		t.Errorf("%+v, %v", version, err)
	}
}

// blind is a store that cannot read one value again after the next durable write.
type blind struct {
	kv.DB
	value          []byte
	armed, written atomic.Bool
}

func (b *blind) Write(batch *kv.Batch, durable bool) error {
	err := b.DB.Write(batch, durable)
	if durable && b.armed.Load() {
		b.written.Store(true)
	}
	return err
}

func (b *blind) Get(key []byte) ([]byte, bool, error) {
	value, ok, err := b.DB.Get(key)
	if b.written.Load() && bytes.Equal(value, b.value) {
		return nil, false, kv.ErrCorrupt
	}
	return value, ok, err
}

// Whatever cannot be read once a block is final, subscribers are told of it.
func TestFinaliseTold(t *testing.T) {
	n := newNetwork(t)
	disk := &blind{DB: kv.NewMemory()}
	store, err := db.Create(disk, n.genesis.Header, n.genesis.State, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(t.Context(), client.Config{Engine: n.engine, Store: store, Signatures: wasmhost.NewSignatures(1000)})
	if err != nil {
		t.Fatal(err)
	}
	b := build(t, c, c.Head().Best, slot0)
	block, err := c.Import(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	told := c.Subscribe(10)
	defer told.Close()
	disk.value = scale.Marshal(b.Block.Header)
	disk.armed.Store(true)
	if _, err := c.Finalise(block, nil); err != nil {
		t.Error(err)
	}
	if !disk.written.Load() || c.Head().Finalised.Hash != block {
		t.Fatalf("%+v", c.Head())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if event, err := told.Next(ctx); err != nil || event.Finalised == nil || event.Finalised.Header.Hash() != block {
		t.Errorf("%+v, %v", event, err)
	}
	disk.armed.Store(false)
	disk.written.Store(false)
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

// What is wrong with a block stands in the error, and nothing of it stays.
func TestRefused(t *testing.T) {
	n := newNetwork(t)
	author := n.open(t, nil)
	genesis := author.Head().Best
	good := build(t, author, genesis, slot0)
	hash := good.Block.Header.Hash()

	altered := func(change func(*chain.Block)) *client.Block {
		b := good.Block
		change(&b)
		return &client.Block{Block: b}
	}
	picky := func(change func(*client.Config)) *client.Client { return n.open(t, change) }
	for _, test := range []struct {
		name  string
		on    *client.Client
		block *client.Block
		want  error
	}{
		{"root", author, altered(func(b *chain.Block) { b.Header.StateRoot[0]++ }), nil},
		{"number", author, altered(func(b *chain.Block) { b.Header.Number = 2 }), db.ErrBlock},
		{"parent", author, altered(func(b *chain.Block) { b.Header.ParentHash[0]++ }), db.ErrUnknownBlock},
		{"body", author, altered(func(b *chain.Block) { b.Extrinsics = nil }), nil},
		{"another than was built", author, &client.Block{Block: chain.Block{Header: good.Block.Header}, Built: build(t, author, genesis, slot0).Built}, client.ErrBuilt},
		{"bad", picky(func(c *client.Config) { c.BadBlocks = append(c.BadBlocks, hash) }), altered(func(*chain.Block) {}), client.ErrBadBlock},
	} {
		_, err := test.on.Import(t.Context(), test.block)
		if err == nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
		var trap *wasmhost.Trap
		if test.want == nil && !errors.As(err, &trap) && !errors.Is(err, execution.ErrRoot) {
			t.Errorf("%s: %v", test.name, err)
		}
		if head := test.on.Head(); head.Best != genesis {
			t.Errorf("%s: best block %s", test.name, head.Best)
		}
	}
	if _, err := author.Import(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	if _, err := author.Import(t.Context(), &client.Block{Block: good.Block}); !errors.Is(err, db.ErrKnownBlock) {
		t.Errorf("twice: %v", err)
	}
}

// A reader that is too slow loses the oldest events, and is told how many.
func TestLagged(t *testing.T) {
	n := newNetwork(t)
	c := n.open(t, nil)
	events := c.Subscribe(2)
	parent := c.Head().Best
	for i := range uint64(5) {
		hash, err := c.Import(t.Context(), build(t, c, parent, slot0+i))
		if err != nil {
			t.Fatal(err)
		}
		parent = db.Point{Number: parent.Number + 1, Hash: hash}
	}
	var lagged *client.LaggedError
	if _, err := events.Next(t.Context()); !errors.As(err, &lagged) || lagged.Lost != 3 {
		t.Fatalf("%v", err)
	}
	for _, number := range []chain.BlockNumber{4, 5} {
		if event := next(t, events); event.Imported.Number != number {
			t.Errorf("block %d, expected %d", event.Imported.Number, number)
		}
	}
	events.Close()
	if _, err := events.Next(t.Context()); !errors.Is(err, client.ErrClosed) {
		t.Errorf("%v", err)
	}
}

// Where the chain's own code of a spec version is broken, the chain spec's runs in its place, from its block on and until the next version.
func TestSubstitute(t *testing.T) {
	n := newNetwork(t)
	plain := n.open(t, nil)
	own, err := plain.Runtime(t.Context(), plain.Genesis())
	if err != nil {
		t.Fatal(err)
	}
	portable, err := localchain.Build(t.Context(), "../..", localchain.Flavour{Portable: true})
	if err != nil {
		t.Fatal(err)
	}
	c := n.open(t, func(cfg *client.Config) {
		cfg.Substitutes = []chainspec.CodeSubstitute{{Number: 2, Code: portable.Compressed}}
	})
	parent := c.Head().Best
	for i := range uint64(3) {
		hash, err := c.Import(t.Context(), build(t, c, parent, slot0+i))
		if err != nil {
			t.Fatal(err)
		}
		parent = db.Point{Number: parent.Number + 1, Hash: hash}
		runtime, err := c.Runtime(t.Context(), hash)
		if err != nil {
			t.Fatal(err)
		}
		if replaced := runtime.CodeHash() != own.CodeHash(); replaced != (parent.Number >= 2) {
			t.Errorf("block %d: replaced is %v", parent.Number, replaced)
		}
	}
}
