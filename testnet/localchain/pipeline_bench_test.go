package localchain_test

import (
	"context"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/wasmhost"
)

// pipelined is how many transfers go through the pipeline of BenchmarkPipeline.
const pipelined = 3000

// pipeline is what transactions go through in a node: a pool in front of a client that makes and stores blocks, and a second client that executes each of them again.
type pipeline struct {
	author, verifier *client.Client
	pool             *pool.Pool
	duration         uint64
	slot             uint64
	extrinsics       []chain.OpaqueExtrinsic
}

// newPipeline has alice give money to all senders, in blocks that both clients have.
func newPipeline(b *testing.B, n *network, senders []*driver.Sender) *pipeline {
	p := &pipeline{slot: slot0}
	var err error
	if p.duration, err = n.SlotDuration(b.Context(), n.genesis); err != nil {
		b.Fatal(err)
	}
	known := wasmhost.NewSignatures(4 * pipelined)
	open := func() *client.Client {
		store, err := db.CreateFolder(b.TempDir(), 0, n.genesis.Header, n.genesis.State, db.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { store.Close() })
		c, err := client.New(b.Context(), client.Config{Engine: n.engine, Store: store, Signatures: known})
		if err != nil {
			b.Fatal(err)
		}
		return c
	}
	p.author, p.verifier = open(), open()
	alice := sender(b, "//Alice")
	var gifts []chain.OpaqueExtrinsic
	for _, s := range senders {
		s.Nonce = 0
		gifts = append(gifts, alice.Sign(transfer(s.Account(), 100_000_000_000), n.terms))
	}
	for i, s := range senders {
		p.extrinsics = append(p.extrinsics, s.Sign(transfer(senders[(i+pipelined/2)%pipelined].Account(), 12_345_678), n.terms))
	}
	for len(gifts) > 0 {
		block, taken := p.make(b, func() (chain.OpaqueExtrinsic, bool) {
			if len(gifts) == 0 {
				return nil, false
			}
			return gifts[0], true
		}, func() { gifts = gifts[1:] })
		if taken == 0 {
			b.Fatal("a block takes no transfer")
		}
		p.verify(b, block)
	}
	if p.pool, err = pool.New(pool.Config{}, pool.ForClient(p.author)); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(p.pool.Close)
	return p
}

// make builds and stores a block of what next offers, until that has no more or the block no room.
func (p *pipeline) make(b *testing.B, next func() (chain.OpaqueExtrinsic, bool), took func()) (*client.Block, int) {
	ctx := context.Background()
	p.slot++
	digest, inherents := driver.Slot(p.slot, p.duration)
	builder, err := p.author.Build(ctx, p.author.Head().Best.Hash, digest)
	if err != nil {
		b.Fatal(err)
	}
	defer builder.Close()
	if _, err := builder.Inherents(ctx, inherents); err != nil {
		b.Fatal(err)
	}
	taken := 0
	for taken < transfers {
		x, ok := next()
		if !ok {
			break
		}
		applied, err := builder.Apply(ctx, x)
		if err != nil {
			b.Fatal(err)
		}
		if !applied.Included { // no room
			break
		}
		if !applied.OK {
			b.Fatalf("%x, %v", applied.Result, applied.Err)
		}
		took()
		taken++
	}
	built, err := builder.Finish(ctx)
	if err != nil {
		b.Fatal(err)
	}
	block := &client.Block{Origin: client.OriginOwn, Block: built.Block, Built: built}
	if _, err := p.author.Import(ctx, block); err != nil {
		b.Fatal(err)
	}
	return block, taken
}

func (p *pipeline) verify(b *testing.B, block *client.Block) {
	if _, err := p.verifier.Import(context.Background(), &client.Block{Origin: client.OriginNetwork, Block: block.Block}); err != nil {
		b.Error(err)
	}
}

// run takes all transfers from their first submission to blocks of at most 1,000 that are stored, and executed again by the second client: all at the same time, as
// in a node, on as many processors as there are.
func (p *pipeline) run(b *testing.B) time.Duration {
	ctx := context.Background()
	events := p.author.Subscribe(100)
	defer events.Close()
	began := time.Now()
	var submitting, verifying sync.WaitGroup
	var at atomic.Int64
	for range 2 {
		submitting.Go(func() {
			for i := at.Add(1) - 1; i < int64(len(p.extrinsics)); i = at.Add(1) - 1 {
				if _, err := p.pool.Submit(ctx, pool.External, p.extrinsics[i]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	blocks := make(chan *client.Block, pipelined)
	verifying.Go(func() {
		for block := range blocks {
			p.verify(b, block)
		}
	})
	for done := 0; done < len(p.extrinsics) && !b.Failed(); {
		for ; p.pool.Status().Ready < min(transfers, len(p.extrinsics)-done) && !b.Failed(); time.Sleep(time.Millisecond) {
		}
		ready := p.pool.Ready(ctx, p.author.Head().Best.Hash)
		block, taken := p.make(b, func() (chain.OpaqueExtrinsic, bool) {
			tx, ok := ready.Next()
			if !ok {
				return nil, false
			}
			return tx.Extrinsic, true
		}, func() {})
		blocks <- block
		done += taken
		event, err := events.Next(ctx)
		if err != nil {
			b.Fatal(err)
		}
		if err := p.pool.Handle(ctx, event); err != nil {
			b.Fatal(err)
		}
	}
	close(blocks)
	submitting.Wait()
	verifying.Wait()
	took := time.Since(began)
	if p.verifier.Head().Best != p.author.Head().Best || p.pool.Status().Ready != 0 {
		b.Fatalf("best blocks %s and %s, %+v left", p.author.Head().Best, p.verifier.Head().Best, p.pool.Status())
	}
	return took
}

// BenchmarkPipeline is row 5 of the targets: 3,000 transfers of as many senders, whose signatures nobody has seen, from the first submission until all are in blocks that
// are stored and were executed again. It reports transfers a second of the fastest run of our runtime and of Subtensor's, which was built with Rust, in turn, and how
// many times as long ours takes.
func BenchmarkPipeline(b *testing.B) {
	n := newNetwork(b, wasmhost.Config{})
	networks := []*network{n, newSubtensor(b, n.engine)}
	var senders []*driver.Sender
	for i := range pipelined {
		senders = append(senders, sender(b, "//Transfer//"+strconv.Itoa(i)))
	}
	least := []time.Duration{math.MaxInt64, math.MaxInt64}
	for b.Loop() {
		for i, n := range networks {
			b.StopTimer()
			p := newPipeline(b, n, senders)
			b.StartTimer()
			least[i] = min(least[i], p.run(b))
		}
	}
	b.ReportMetric(pipelined/least[0].Seconds(), "transfers/s")
	b.ReportMetric(pipelined/least[1].Seconds(), "theirs/s")
	b.ReportMetric(float64(least[0])/float64(least[1]), "ratio")
}
