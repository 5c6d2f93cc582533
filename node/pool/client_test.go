package pool_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
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

const slot0 = 141_000_000

// node is a chain of our own runtime with a pool behind it.
type node struct {
	*client.Client
	pool   *pool.Pool
	events *client.Events
	terms  driver.Terms
	slot   uint64
	other  *client.Client // executes what the first one makes
}

func newNode(t testing.TB, cfg pool.Config) *node {
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
	t.Cleanup(func() { _ = engine.Close() })
	genesis, err := localchain.Genesis(t.Context(), engine, code.Compressed, "development")
	if err != nil {
		t.Fatal(err)
	}
	open := func() *client.Client {
		store, err := db.CreateFolder(t.TempDir(), db.MinMemory, genesis.Header, genesis.State, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		c, err := client.New(t.Context(), client.Config{Engine: engine, Store: store, Signatures: wasmhost.NewSignatures(10_000)})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	n := &node{Client: open(), other: open(), slot: slot0,
		terms: driver.Terms{Version: code.Version, Genesis: genesis.Hash, Birth: genesis.Hash, MetadataHash: true}}
	n.events = n.Subscribe(1000)
	if n.pool, err = pool.New(cfg, pool.ForClient(n.Client)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.pool.Close)
	return n
}

// follow has the pool handle what happened.
func (n *node) follow(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for {
		event, err := n.events.Next(ctx)
		if errors.Is(err, context.Canceled) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := n.pool.Handle(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
}

// author makes a block after parent of what is ready there, at most most transactions, imports it, and returns it.
func (n *node) author(t testing.TB, parent hash.H256, most int) *client.Block {
	t.Helper()
	digest, inherents := driver.Slot(n.slot, runtime.SlotDuration)
	n.slot++
	b, err := n.Build(t.Context(), parent, digest)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := b.Inherents(t.Context(), inherents); err != nil {
		t.Fatal(err)
	}
	ready := n.pool.Ready(t.Context(), parent)
	for range most {
		tx, ok := ready.Next()
		if !ok {
			break
		}
		applied, err := b.Apply(t.Context(), tx.Extrinsic)
		if err != nil {
			t.Fatal(err)
		}
		if !applied.Included {
			ready.ReportInvalid(tx)
		}
	}
	block, err := b.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made := &client.Block{Origin: client.OriginOwn, Block: block.Block, Built: block}
	if _, err := n.Import(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	return made
}

func transfer(to chain.AccountID, amount uint64) []byte {
	return scale.AppendCompact(append([]byte{5, 3, 0}, to[:]...), amount)
}

func newSender(t testing.TB, uri string) *driver.Sender {
	t.Helper()
	s, err := driver.NewSender(uri)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestClient has our runtime, store and client under the pool: transfers go into blocks and become final, a fork gives back what it had, and clients are told the
// truth.
func TestClient(t *testing.T) {
	n := newNode(t, pool.Config{})
	alice, bob := newSender(t, "//Alice"), newSender(t, "//Bob")
	var watches []*pool.Watch
	submit := func(xt chain.OpaqueExtrinsic) {
		t.Helper()
		_, w, err := n.pool.SubmitAndWatch(t.Context(), pool.External, xt)
		if err != nil {
			t.Fatal(err)
		}
		watches = append(watches, w)
	}
	first, second, third := alice.Sign(transfer(bob.Account(), 1e9), n.terms), alice.Sign(transfer(bob.Account(), 1e9), n.terms), alice.Sign(transfer(bob.Account(), 1e9), n.terms)
	submit(third)
	submit(first)
	if got := n.pool.NextNonce(alice.Account(), 0); got != 1 {
		t.Errorf("next nonce %d", got)
	}
	submit(second)
	if got := n.pool.NextNonce(alice.Account(), 0); got != 3 {
		t.Errorf("next nonce %d", got)
	}
	genesis := n.Head().Best.Hash

	// What the runtime refuses.
	forged := append(chain.OpaqueExtrinsic(nil), bob.Sign(transfer(alice.Account(), 1), n.terms)...)
	forged[40] ^= 1 // in the signature
	for _, test := range []struct {
		xt   chain.OpaqueExtrinsic
		want pool.Explanation
	}{
		{forged, pool.Explanation{Code: 1010, Message: "Invalid Transaction", Data: "Transaction has a bad signature"}},
		{forged, pool.Explanation{Code: 1012, Message: "Transaction is temporarily banned"}},
		{newSender(t, "//Nobody").Sign(transfer(alice.Account(), 1), n.terms),
			pool.Explanation{Code: 1010, Message: "Invalid Transaction", Data: "Inability to pay some fees (e.g. account balance too low)"}},
		{first, pool.Explanation{Code: 1013, Message: "Transaction Already Imported", Data: "Any { .. }"}},
	} {
		if _, err := n.pool.Submit(t.Context(), pool.External, test.xt); err == nil || pool.Explain(err) != test.want {
			t.Errorf("got %v, want %+v", err, test.want)
		}
	}
	if _, err := n.pool.Submit(t.Context(), pool.External, chain.OpaqueExtrinsic{0x84, 1, 2}); err == nil {
		t.Error("bytes that are no extrinsic were taken")
	} else if e := pool.Explain(err); e.Code != 1002 {
		t.Errorf("bytes that are no extrinsic: %+v", e)
	}

	// Our runtime has version 3. It takes no harm from a block that was begun for it, as older ones want it.
	best := n.Head().Best
	result, err := pool.CallBeforeVersion3(t.Context(), pool.ForClient(n.Client), best, append(first.AppendScale([]byte{byte(pool.External)}), best.Hash[:]...))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := pool.DecodeValidity(result); err != nil || len(v.Provides) != 1 || len(v.Provides[0]) != 36 {
		t.Errorf("in a block: %+v, %v", v, err)
	}

	one := n.author(t, genesis, 1)
	n.follow(t)
	two := n.author(t, one.Block.Header.Hash(), 10)
	n.follow(t)
	if got := len(two.Block.Extrinsics); got != 3 {
		t.Errorf("block 2 has %d extrinsics", got)
	}
	if got := n.pool.Status(); got != (pool.PoolStatus{}) {
		t.Errorf("got %+v", got)
	}
	// A longer fork without them takes over.
	parent := one.Block.Header.Hash()
	for range 2 {
		fork := n.author(t, parent, 0)
		parent = fork.Block.Header.Hash()
	}
	n.follow(t)
	if got := n.pool.Status(); got.Ready != 2 || got.Future != 0 {
		t.Errorf("after the fork: %+v", got)
	}
	last := n.author(t, parent, 10)
	n.follow(t)
	if _, err := n.Finalise(last.Block.Header.Hash(), nil); err != nil {
		t.Fatal(err)
	}
	n.follow(t)
	name := func(b *client.Block) string { return b.Block.Header.Hash().String() }
	for i, want := range []string{
		fmt.Sprintf("[Future Ready InBlock(%s, 2) InBlock(%s, 2) Finalized(%s, 2)]", name(two), name(last), name(last)),
		fmt.Sprintf("[Ready InBlock(%s, 1) Finalized(%s, 1)]", name(one), name(one)),
		fmt.Sprintf("[Ready InBlock(%s, 1) InBlock(%s, 1) Finalized(%s, 1)]", name(two), name(last), name(last)),
	} {
		var got []pool.Status
		for {
			s, err := watches[i].Next(t.Context())
			if errors.Is(err, pool.ErrWatchEnded) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, s)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("watch %d: got %v, want %s", i, got, want)
		}
	}
}

// BenchmarkTransfers takes signed transfers, submits them from as many sides as there are processors, puts them into blocks, and has another client execute those and
// store them: row 5 of the targets, from the first submission on. It reports transfers in a second, and microseconds for a transfer in each step.
func BenchmarkTransfers(b *testing.B) {
	const count = 3000
	var submitting, authoring, handling, verifying, all time.Duration
	rounds := 0
	for b.Loop() {
		b.StopTimer()
		n := newNode(b, pool.Config{})
		alice := newSender(b, "//Alice")
		const senders = 30
		var froms []*driver.Sender
		for i := range senders {
			s := newSender(b, fmt.Sprintf("//Transfer//%d", i))
			froms = append(froms, s)
			if _, err := n.pool.Submit(b.Context(), pool.External, alice.Sign(transfer(s.Account(), 1e12), n.terms)); err != nil {
				b.Fatal(err)
			}
		}
		gifts := n.author(b, n.Head().Best.Hash, senders)
		if _, err := n.other.Import(b.Context(), &client.Block{Origin: client.OriginNetwork, Block: gifts.Block}); err != nil {
			b.Fatal(err)
		}
		n.follow(b)
		xts := make([]chain.OpaqueExtrinsic, count)
		for i := range xts {
			xts[i] = froms[i%senders].Sign(transfer(alice.Account(), 12_345_678), n.terms)
		}
		b.StartTimer()

		began := time.Now()
		var lines sync.WaitGroup
		const sides = 2
		for side := range sides {
			lines.Go(func() {
				for i := side; i < count; i += sides {
					if _, err := n.pool.Submit(b.Context(), pool.External, xts[i]); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		lines.Wait()
		submitted := time.Now()
		submitting += submitted.Sub(began)
		included, blocks := 0, 0
		for included < count && blocks < 20 {
			step := time.Now()
			block := n.author(b, n.Head().Best.Hash, count)
			authoring += time.Since(step)
			step = time.Now()
			if _, err := n.other.Import(b.Context(), &client.Block{Origin: client.OriginNetwork, Block: block.Block}); err != nil {
				b.Fatal(err)
			}
			verifying += time.Since(step)
			step = time.Now()
			n.follow(b)
			handling += time.Since(step)
			included += len(block.Block.Extrinsics) - 1
			blocks++
		}
		all += time.Since(began)
		if included != count || n.pool.Status() != (pool.PoolStatus{}) {
			b.Fatalf("%d transfers in %d blocks, %+v left", included, blocks, n.pool.Status())
		}
		rounds++
	}
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 / float64(count*rounds) }
	b.ReportMetric(float64(count*rounds)/all.Seconds(), "transfers/s")
	b.ReportMetric(each(submitting), "µs/submit")
	b.ReportMetric(each(authoring), "µs/author")
	b.ReportMetric(each(verifying), "µs/verify")
	b.ReportMetric(each(handling), "µs/handle")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkValidate tells what of a submission is the pool's: it validates transfers without a pool and submits others in turn, none of them seen before, and reports the
// fastest hundred of each. first is a transfer whose signature was not verified before, again is one whose signature is remembered.
func BenchmarkValidate(b *testing.B) {
	n := newNode(b, pool.Config{Ready: pool.Limit{Count: 1 << 20, Bytes: 1 << 30}})
	alice := newSender(b, "//Alice")
	bare := pool.ForClient(n.Client)
	best := n.Head().Best
	least := map[string]time.Duration{}
	const batch = 100
	for b.Loop() {
		var took [3]time.Duration
		for range batch {
			first, second := alice.Sign(transfer(alice.Account(), 1), n.terms), alice.Sign(transfer(alice.Account(), 2), n.terms)
			began := time.Now()
			_, err := bare.Validate(b.Context(), best, pool.External, first)
			took[0] += time.Since(began)
			if err != nil {
				b.Fatal(err)
			}
			began = time.Now()
			_, err = n.pool.Submit(b.Context(), pool.External, second)
			took[1] += time.Since(began)
			if err != nil {
				b.Fatal(err)
			}
			began = time.Now()
			_, err = bare.Validate(b.Context(), best, pool.External, first)
			took[2] += time.Since(began)
			if err != nil {
				b.Fatal(err)
			}
		}
		for i, name := range []string{"µs/first", "µs/submit", "µs/again"} {
			if old, ok := least[name]; !ok || took[i] < old {
				least[name] = took[i]
			}
		}
	}
	for name, d := range least {
		b.ReportMetric(float64(d.Nanoseconds())/1000/batch, name)
	}
	b.ReportMetric(0, "ns/op")
}
