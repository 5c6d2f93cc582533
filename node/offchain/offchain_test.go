package offchain

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/ourruntime"
	"github.com/gotensor/gotensor/wasmhost"
)

func newClient(t *testing.T, genesis *chainspec.Genesis) *client.Client {
	t.Helper()
	engine, err := wasmhost.NewEngine(wasmhost.Config{})
	if err != nil {
		t.Fatal(err)
	}
	block, err := genesis.Build(trie.V1)
	if err != nil {
		t.Fatal(err)
	}
	store, err := db.CreateFolder(t.TempDir(), db.MinMemory, block.Header, block.State, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(store.Close(), engine.Close()); err != nil {
			t.Error(err)
		}
	})
	c, err := client.New(t.Context(), client.Config{Engine: engine, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// guestClient is a chain whose runtime is a guest.
func guestClient(t *testing.T, module []byte) *client.Client {
	t.Helper()
	var genesis chainspec.Genesis
	genesis.Top.Set([]byte(":code"), module)
	return newClient(t, &genesis)
}

// extend imports a block after parent; mark tells it from others there.
func extend(t *testing.T, c *client.Client, parent hash.H256, mark byte) chain.Header {
	t.Helper()
	above, err := c.Store().Header(parent)
	if err != nil {
		t.Fatal(err)
	}
	header := chain.Header{ParentHash: parent, Number: above.Number + 1, StateRoot: above.StateRoot, Digest: chain.Digest{{Kind: chain.DigestOther, Data: []byte{mark}}}}
	if _, err := c.Import(t.Context(), &client.Block{Origin: client.OriginOwn, Block: chain.Block{Header: header}}); err != nil {
		t.Fatal(err)
	}
	return header
}

// logged collects what is logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

func (l *logged) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// until waits for something that is bound to happen.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for start := time.Now(); !happened(); time.Sleep(time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			t.Fatalf("%s: it does not happen", what)
		}
	}
}

// begin runs workers until the test ends.
func begin(t *testing.T, cfg Config) *logged {
	t.Helper()
	log := new(logged)
	cfg.Logger = log.logger()
	w := New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("run: %v", err)
		}
		if w.free != w.cfg.Workers {
			t.Errorf("%d of %d workers are free", w.free, w.cfg.Workers)
		}
		if t.Failed() {
			t.Log(log.text.String())
		}
	})
	return log
}

// TestErrand runs a worker that does everything once, on two blocks.
func TestErrand(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(203)
		io.WriteString(w, r.Header.Get("Asker"))
	}))
	defer server.Close()
	c := guestClient(t, errand(server.URL).module(2))
	var mu sync.Mutex
	var submitted []string
	log := begin(t, Config{
		Client: c, Validator: true, Workers: 1,
		Submit: func(_ context.Context, x chain.OpaqueExtrinsic) (hash.H256, error) {
			mu.Lock()
			defer mu.Unlock()
			if submitted = append(submitted, string(x)); len(submitted) > 1 {
				return hash.H256{}, errors.New("temporarily banned")
			}
			return x.Hash(), nil
		},
		Network: func() ([]byte, [][]byte) { return []byte("me"), [][]byte{[]byte("here")} },
	})
	kept := func(key string) string {
		value, _, err := c.Store().Offchain(db.OffchainPersistent, []byte(key))
		if err != nil {
			t.Fatal(err)
		}
		return string(value)
	}
	first := extend(t, c, c.Genesis(), 1)
	until(t, "first block", func() bool { return log.count("Unable to decode extrinsic: 0x2801") == 1 })
	seed := kept("seed")
	if len(seed) != 32 || seed == string(make([]byte, 32)) {
		t.Errorf("seed 0x%x", seed)
	}
	network := scale.AppendSeq(scale.AppendBytes([]byte{0}, []byte("me")), [][]byte{[]byte("here")}, scale.AppendBytes)
	for key, want := range map[string]string{
		"argument": string(scale.Marshal(first)), "first": string(scale.Marshal(first)), "once": "yes", "validator": "\x01", "network": string(network),
		"status": "\x04\x03\xcb\x00", "body": "guest", "fork": "",
	} {
		if got := kept(key); got != want {
			t.Errorf("%s: 0x%x, expected 0x%x", key, got, want)
		}
	}
	clock := []byte(kept("clock"))
	if from, to := u64(clock), u64(clock[8:]); to < from+20 || from+60_000 < now() || from > now() {
		t.Errorf("slept from %d to %d", from, to)
	}
	if log.count("LOCAL (fork-aware) DB") != 1 {
		t.Error("nothing is said about the storage that there is not")
	}

	second := extend(t, c, first.Hash(), 1)
	until(t, "second block", func() bool { return log.count("Unable to submit transaction: temporarily banned") == 1 })
	until(t, "end of the run", func() bool { return log.count("Unable to decode extrinsic") == 2 })
	if kept("argument") != string(scale.Marshal(second)) || kept("first") != string(scale.Marshal(first)) {
		t.Error("the second run did not go as the first one, but for what was there")
	}
	if kept("seed") == seed {
		t.Error("the same randomness twice")
	}
	if got := strings.Join(submitted, " "); got != "petition petition" {
		t.Errorf("submitted %q", got)
	}
	if log.count("level=ERROR") != 4 { // two of the storage, two of what is no extrinsic
		t.Error("other errors than expected")
	}
}

// A runtime of the API's first version takes the number of the block.
func TestFirstVersion(t *testing.T) {
	g := newGuest()
	g.i32(1).text("argument").args().call("local_storage_set")
	c := guestClient(t, g.module(1))
	begin(t, Config{Client: c})
	extend(t, c, c.Genesis(), 1)
	until(t, "run", func() bool {
		value, _, err := c.Store().Offchain(db.OffchainPersistent, []byte("argument"))
		return err == nil && bytes.Equal(value, []byte{1, 0, 0, 0})
	})
}

// What is not there traps, and a run that trapped is followed by others.
func TestTraps(t *testing.T) {
	for name, c := range map[string]struct {
		guest  *guest
		config Config
		want   string
	}{
		"panic":    {newGuest().op(opUnreachable), Config{}, "Error running offchain workers at"},
		"no http":  {newGuest().text("GET").text("http://127.0.0.1/").text("").call("http_request_start").op(opDrop), Config{NoHTTP: true}, wasmhost.ErrForbidden.Error()},
		"no pool":  {newGuest().text("").call("submit_transaction").op(opDrop), Config{}, wasmhost.ErrForbidden.Error()},
		"too long": {newGuest().op(0x03, 0x40, 0x0c, 0, 0x0b), Config{Timeout: 20 * time.Millisecond}, wasmhost.ErrDeadline.Error()},
		"asleep":   {newGuest().i64(1 << 62).call("sleep_until"), Config{Timeout: 20 * time.Millisecond}, wasmhost.ErrDeadline.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			c.config.Client = guestClient(t, c.guest.module(2))
			log := begin(t, c.config)
			parent := c.config.Client.Genesis()
			for i := range 3 {
				parent = extend(t, c.config.Client, parent, 1).Hash()
				until(t, "run", func() bool { return log.count(c.want) == i+1 })
			}
		})
	}
}

// Which blocks have a run: those that become the best one while the node does not catch up, of a runtime that has a worker.
func TestWhich(t *testing.T) {
	g := newGuest()
	g.i32(1).text("argument").args().call("local_storage_set")
	c := guestClient(t, g.module(2))
	var syncing sync.Map
	log := begin(t, Config{Client: c, Syncing: func() bool { _, yes := syncing.Load("now"); return yes }})
	one := extend(t, c, c.Genesis(), 1)
	until(t, "run", func() bool { return log.count("Running offchain workers at "+one.Hash().String()) == 1 })
	other := extend(t, c, c.Genesis(), 2)
	until(t, "other fork", func() bool { return log.count("non-canon block: "+other.Hash().String()) == 1 })
	syncing.Store("now", true)
	two := extend(t, c, one.Hash(), 1)
	until(t, "syncing", func() bool { return log.count("while syncing: "+two.Hash().String()) == 1 })
	if log.count("Running") != 1 {
		t.Error("other runs")
	}

	c = guestClient(t, newGuest().module(0))
	log = begin(t, Config{Client: c})
	parent := c.Genesis()
	for range 3 {
		parent = extend(t, c, parent, 1).Hash()
	}
	until(t, "no worker", func() bool { return log.count("runtime api not found") == 1 })
	time.Sleep(20 * time.Millisecond)
	if log.count("runtime api not found") != 1 {
		t.Error("it is said at every block")
	}
}

// A stuck worker holds up nothing: blocks are imported, of those that wait for a worker the newest have their run, and the end of the node ends it.
func TestStuckWorker(t *testing.T) {
	stuck := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case stuck <- struct{}{}:
		default:
		}
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close) // which waits for the request
	c := guestClient(t, errand(server.URL).module(2))
	log := begin(t, Config{Client: c, Workers: 1})
	parent := extend(t, c, c.Genesis(), 1).Hash()
	<-stuck
	for range maxWaiting {
		parent = extend(t, c, parent, 1).Hash()
	}
	const dropped = 3
	for i := range dropped {
		parent = extend(t, c, parent, 1).Hash()
		until(t, "queue", func() bool { return log.count("No offchain worker is free") == i+1 })
	}
	if log.count("Running") != 1 {
		t.Error("more runs than workers")
	}
}

// Our runtime's own worker has nothing to do, and does it.
func TestOurRuntime(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the standard library for Wasm")
	}
	var genesis chainspec.Genesis
	for _, change := range ourruntime.Genesis(t, "development") {
		genesis.Top.Set(change.Key, change.Value)
	}
	genesis.Top.Set([]byte(":code"), ourruntime.Code(t))
	c := newClient(t, &genesis)
	log := begin(t, Config{Client: c, Submit: func(context.Context, chain.OpaqueExtrinsic) (hash.H256, error) {
		return hash.H256{}, errors.New("nothing is to be submitted")
	}})
	parent := c.Genesis()
	for i := range uint64(3) {
		digest, inherents := driver.Slot(141_000_000+i, runtime.SlotDuration)
		b, err := c.Build(t.Context(), parent, digest)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Inherents(t.Context(), inherents); err != nil {
			t.Fatal(err)
		}
		built, err := b.Finish(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if parent, err = c.Import(t.Context(), &client.Block{Origin: client.OriginOwn, Block: built.Block, Built: built}); err != nil {
			t.Fatal(err)
		}
		until(t, "run", func() bool { return log.count("Running offchain workers at "+parent.String()) == 1 })
	}
	if log.count("level=ERROR")+log.count("level=WARN") > 0 {
		t.Error("complaints")
	}
}

// TestLocalStorage has the cases of substrate/client/offchain/src/api.rs (paritytech/polkadot-sdk), and those in which the store refuses.
func TestLocalStorage(t *testing.T) {
	log := new(logged)
	c := guestClient(t, newGuest().module(2))
	l := NewLocalStorage(c.Store(), log.logger())
	expect := func(key, want string, there bool) {
		t.Helper()
		if got, ok := l.Get(persistent, []byte(key)); ok != there || string(got) != want {
			t.Errorf("%s: %q, %v", key, got, ok)
		}
	}
	swap := func(key string, old any, value string, want bool) {
		t.Helper()
		before, has := old.(string)
		if got := l.CompareAndSet(persistent, []byte(key), []byte(before), has, []byte(value)); got != want {
			t.Errorf("swap of %s: %v", key, got)
		}
	}
	expect("test", "", false)
	l.Set(persistent, []byte("test"), []byte("value"))
	expect("test", "value", true)
	l.Clear(persistent, []byte("test"))
	expect("test", "", false)
	l.Set(persistent, []byte("test"), []byte("value"))
	swap("test", "val", "xxx", false)
	swap("test", nil, "xxx", false)
	expect("test", "value", true)
	swap("test", "value", "", true)
	expect("test", "", true)
	swap("test", nil, "xxx", false)
	if !l.CompareAndSet(persistent, []byte("test"), nil, true, []byte("nil is empty")) {
		t.Error("an empty value is none")
	}
	swap("other", "", "xxx", false)
	swap("other", nil, "value", true)
	expect("other", "value", true)
	if log.count("") != 1 {
		t.Errorf("logged: %s", log.text.String())
	}

	value := []byte("guest memory")
	l.Set(persistent, []byte("kept"), value)
	copy(value, "overwritten ")
	expect("kept", "guest memory", true)

	l.Set(local, []byte("a"), []byte("b"))
	l.Clear(local, []byte("a"))
	if _, ok := l.Get(local, []byte("a")); ok || l.CompareAndSet(local, []byte("a"), nil, false, nil) {
		t.Error("there is a storage of the kind local")
	}
	if log.count("LOCAL (fork-aware) DB") != 4 {
		t.Error("it was not said each time")
	}
	long := make([]byte, 1<<20)
	l.Set(persistent, long, []byte("b"))
	if _, ok := l.Get(persistent, long); ok || log.count("write offchain key") != 1 {
		t.Errorf("a key that the store refuses: %v, %d", ok, log.count("write offchain key"))
	}
}

func TestMode(t *testing.T) {
	for m, want := range map[Mode][2]bool{WhenAuthority: {true, false}, Always: {true, true}, Never: {false, false}} {
		if got := [2]bool{m.Enabled(true), m.Enabled(false)}; got != want {
			t.Errorf("mode %d: %v", m, got)
		}
	}
}
