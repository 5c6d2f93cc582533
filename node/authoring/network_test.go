package authoring

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/gotensor/gotensor/consensus/aura"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/keystore"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/upgrades"
	"github.com/gotensor/gotensor/wasmhost"
)

// duration is a slot of the pace fast.
const duration = 250 * time.Millisecond

// cache is a folder of compiled code for the tests of this process.
var cache = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "gotensor-authoring-test")
	if err != nil {
		panic(err)
	}
	return dir
})

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(cache())
	os.Exit(code)
}

// network is a chain of our own runtime with the authorities One, Two and Three; open gives nodes of it, each with a store of its own.
type network struct {
	engine  *wasmhost.Engine
	genesis *chainspec.Block
	version chain.RuntimeVersion
	keys    *keystore.Keystore
}

// newNetwork begins a chain. code, where not nil, stands in its state instead of the runtime that wrote it.
func newNetwork(t testing.TB, code []byte) *network {
	t.Helper()
	base := upgrades.Base(t)
	engine, err := wasmhost.NewEngine(wasmhost.Config{CacheDir: cache()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	spec, err := chainspec.FromPreset(t.Context(), engine, base.Compressed, "local_testnet")
	if err != nil {
		t.Fatal(err)
	}
	if code != nil {
		spec.Top.Set([]byte(":code"), code)
	}
	genesis, err := spec.Build(trie.V1)
	if err != nil {
		t.Fatal(err)
	}
	n := &network{engine: engine, genesis: genesis, version: base.Version, keys: keystore.New("")}
	for _, uri := range []string{"//One", "//Two", "//Three"} {
		if _, err := n.keys.Generate(keys.Sr25519, KeyType, uri); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// node is a client with a pool that follows it, and what it logged.
type node struct {
	*network
	*client.Client
	pool   *pool.Pool
	events *client.Events

	mu  sync.Mutex
	log bytes.Buffer
}

func (n *node) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.log.Write(p)
}

func (n *node) logged() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.log.String()
}

func (n *network) open(t testing.TB, change func(*client.Config)) *node {
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
	cfg := client.Config{Engine: n.engine, Store: store, Signatures: wasmhost.NewSignatures(10_000)}
	if change != nil {
		change(&cfg)
	}
	node := &node{network: n}
	if node.Client, err = client.New(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if node.pool, err = pool.New(pool.Config{}, pool.ForClient(node.Client)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(node.pool.Close)
	node.events = node.Subscribe(10_000)
	t.Cleanup(node.events.Close)
	return node
}

// follow tells the pool all that has happened.
func (n *node) follow(t testing.TB) {
	t.Helper()
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		event, err := n.events.Next(ctx)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			return
		}
		if err == nil {
			err = n.pool.Handle(t.Context(), event)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (n *node) config() Config {
	return Config{Client: n.Client, Import: n.Import, Pool: n.pool, Keystore: n.keys, Clock: aura.SystemClock, Log: slog.New(slog.NewTextHandler(n, &slog.HandlerOptions{Level: slog.LevelDebug}))}
}

// proposer returns the node's proposer, over its pool unless another one is given.
func (n *node) proposer(t testing.TB, p transactions) *proposer {
	t.Helper()
	if p == nil {
		p = readyPool{n.pool}
	}
	metrics, err := newMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := n.config()
	return newProposer(cfg, p, metrics, &trouble{store: n.Store(), log: cfg.Log})
}

func (n *node) terms() driver.Terms {
	return driver.Terms{Version: n.version, Genesis: n.genesis.Hash, Birth: n.genesis.Hash, MetadataHash: true}
}

func sender(t testing.TB, uri string) *driver.Sender {
	t.Helper()
	s, err := driver.NewSender(uri)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (n *node) submit(t testing.TB, x chain.OpaqueExtrinsic) *pool.Transaction {
	t.Helper()
	hash, err := n.pool.Submit(t.Context(), pool.External, x)
	if err != nil {
		t.Fatal(err)
	}
	tx, _, _ := n.pool.Find(hash)
	return tx
}

func transfer(to chain.AccountID, amount uint64) []byte {
	return scale.AppendCompact(append([]byte{5, 3, 0}, to[:]...), amount)
}

func remark(size int, what byte) []byte {
	return scale.AppendBytes([]byte{0, 7}, bytes.Repeat([]byte{what}, size))
}

// task is what the worker would have a proposer do in a slot.
func (n *node) task(t testing.TB, parent db.Point, slot aura.Slot, budget time.Duration) *aura.Task {
	t.Helper()
	header, err := n.Store().Header(parent.Hash)
	if err != nil {
		t.Fatal(err)
	}
	return &aura.Task{Parent: aura.Head{Hash: parent.Hash, Header: header}, Slot: slot, Now: slot.Start(duration).Add(3 * time.Millisecond), Digest: chain.Digest{aura.PreDigest(slot)}, Time: budget}
}

// seal returns the seal of a header by the author of a slot.
func (n *network) seal(t testing.TB, header *chain.Header, slot aura.Slot) chain.DigestItem {
	t.Helper()
	uri := []string{"//One", "//Two", "//Three"}[slot%3]
	pair, err := keys.FromURI(keys.Sr25519, uri, "")
	if err != nil {
		t.Fatal(err)
	}
	id := header.Hash()
	return aura.Seal([aura.SignatureSize]byte(pair.Sign(id[:])))
}

// author makes and imports a block.
func (n *node) author(t testing.TB, p *proposer, parent db.Point, slot aura.Slot) db.Point {
	t.Helper()
	made, err := p.Propose(t.Context(), n.task(t, parent, slot, time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	hash, err := made.Import(t.Context(), n.seal(t, made.Header(), slot))
	if err != nil {
		t.Fatal(err)
	}
	return db.Point{Number: made.Header().Number, Hash: hash}
}

// virtual is a clock that passes only when somebody waits, and then at once.
type virtual struct {
	mu    sync.Mutex
	now   time.Time
	waits int
	limit int // of waits
	stop  context.CancelFunc
}

func (c *virtual) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *virtual) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waits++; c.waits > c.limit && c.stop != nil {
		c.stop()
	}
	c.now = c.now.Add(d)
	ch := make(chan time.Time, 1)
	ch <- c.now
	return ch
}

// slot0 is the slot after genesis in tests, some time in 2023.
const slot0 aura.Slot = 6_800_000_000

func shuffled[T any](r *rand.Rand, s []T) []T {
	out := append([]T(nil), s...)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func substitute(number uint64, code []byte) chainspec.CodeSubstitute {
	return chainspec.CodeSubstitute{Number: number, Code: code}
}
