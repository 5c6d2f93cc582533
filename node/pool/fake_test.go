package pool

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/db"
)

// fakeChain is a chain without a runtime: a tree of blocks in memory, and a function that says what is valid.
type fakeChain struct {
	validate func(at db.Point, source Source, xt chain.OpaqueExtrinsic) (Validity, error)
	asked    atomic.Int64

	mu      sync.Mutex
	head    db.Head
	headers map[hash.H256]chain.Header
	bodies  map[hash.H256][]chain.OpaqueExtrinsic
	count   byte
}

func newFakeChain() *fakeChain {
	c := &fakeChain{headers: map[hash.H256]chain.Header{}, bodies: map[hash.H256][]chain.OpaqueExtrinsic{}}
	genesis := chain.Header{}
	c.headers[genesis.Hash()] = genesis
	c.head.Best = db.Point{Hash: genesis.Hash()}
	c.head.Finalised = c.head.Best
	return c
}

func (c *fakeChain) Head() db.Head {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.head
}

func (c *fakeChain) Header(block hash.H256) (chain.Header, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.headerLocked(block)
}

func (c *fakeChain) headerLocked(block hash.H256) (chain.Header, error) {
	header, ok := c.headers[block]
	if !ok {
		return header, db.ErrUnknownBlock
	}
	return header, nil
}

func (c *fakeChain) Body(block hash.H256) ([]chain.OpaqueExtrinsic, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.headerLocked(block); err != nil {
		return nil, err
	}
	return c.bodies[block], nil
}

func (c *fakeChain) Ancestor(block hash.H256, n chain.BlockNumber) (hash.H256, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		header, err := c.headerLocked(block)
		if err != nil || header.Number < n {
			return hash.H256{}, db.ErrUnknownBlock
		}
		if header.Number == n {
			return block, nil
		}
		block = header.ParentHash
	}
}

func (c *fakeChain) Route(from, to hash.H256) (route db.Route, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, err := c.headerLocked(from)
	if err != nil {
		return route, err
	}
	b, err := c.headerLocked(to)
	if err != nil {
		return route, err
	}
	for from != to {
		if a.Number >= b.Number {
			route.Retracted = append(route.Retracted, db.Point{Number: a.Number, Hash: from})
			from = a.ParentHash
			if a, err = c.headerLocked(from); err != nil {
				return route, err
			}
		} else {
			route.Enacted = append(route.Enacted, db.Point{Number: b.Number, Hash: to})
			to = b.ParentHash
			if b, err = c.headerLocked(to); err != nil {
				return route, err
			}
		}
	}
	slices.Reverse(route.Enacted)
	route.Common = db.Point{Number: a.Number, Hash: from}
	return route, nil
}

func (c *fakeChain) Validate(ctx context.Context, at db.Point, source Source, xt chain.OpaqueExtrinsic) (Validity, error) {
	c.asked.Add(1)
	return c.validate(at, source, xt)
}

// push adds a block to the tree without telling anybody.
func (c *fakeChain) push(parent hash.H256, body ...chain.OpaqueExtrinsic) db.Point {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	header := chain.Header{ParentHash: parent, Number: c.headers[parent].Number + 1, ExtrinsicsRoot: hash.H256{c.count}}
	h := header.Hash()
	c.headers[h], c.bodies[h] = header, body
	return db.Point{Number: header.Number, Hash: h}
}

// best makes a block the best one, and returns the event.
func (c *fakeChain) best(block db.Point) client.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.head.Best = block
	return client.Event{Imported: &client.Imported{Point: block, Header: c.headers[block.Hash], Extrinsics: c.bodies[block.Hash], NewBest: true}}
}

// finalise makes a block final, drops its rivals, and returns the event.
func (c *fakeChain) finalise(t testing.TB, block db.Point) client.Event {
	t.Helper()
	route, err := c.Route(c.Head().Finalised.Hash, block.Hash)
	if err != nil || len(route.Retracted) > 0 {
		t.Fatalf("finalise %s: %v", block, err)
	}
	best := c.Head().Best
	back, err := c.Route(best.Hash, block.Hash)
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	moved := db.Moved{Finalised: route.Enacted}
	final := make(map[hash.H256]bool)
	for h, header := range c.headers {
		// keeps what is an ancestor of block or descends from it
		keep := func() bool {
			for at := h; ; at = c.headers[at].ParentHash {
				if at == block.Hash {
					return true
				}
				if c.headers[at].Number <= block.Number {
					break
				}
			}
			for at := block.Hash; ; at = c.headers[at].ParentHash {
				if at == h {
					return true
				}
				if c.headers[at].Number <= header.Number {
					return false
				}
			}
		}()
		final[h] = keep
	}
	for h, keep := range final {
		if !keep {
			moved.Dropped = append(moved.Dropped, db.Point{Number: c.headers[h].Number, Hash: h})
		}
	}
	if !final[best.Hash] {
		for _, r := range back.Retracted {
			moved.Retracted = append(moved.Retracted, db.Retracted{Point: r, Body: c.bodies[r.Hash]})
		}
		c.head.Best = block
	}
	for h, keep := range final {
		if !keep {
			delete(c.headers, h)
			delete(c.bodies, h)
		}
	}
	c.head.Finalised = block
	moved.Head = c.head
	return client.Event{Finalised: &client.Finalised{Moved: moved, Header: c.headers[block.Hash]}}
}

// transfer is what the fake chains take for an extrinsic: the account that sends, its nonce, and an amount that makes it differ from others.
func transfer(from byte, nonce uint64, amount byte) chain.OpaqueExtrinsic {
	return binary.LittleEndian.AppendUint64([]byte{0x84, from, amount}, nonce)
}

func transferNonce(xt chain.OpaqueExtrinsic) uint64 { return binary.LittleEndian.Uint64(xt[3:]) }

// handle has the pool handle events.
func handle(t testing.TB, p *Pool, events ...client.Event) {
	t.Helper()
	for _, event := range events {
		if err := p.Handle(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
}

// statuses reads all that a watch has to say by now.
func statuses(t testing.TB, w *Watch) (all []Status) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for {
		s, err := w.Next(ctx)
		if errors.Is(err, context.Canceled) || errors.Is(err, ErrWatchEnded) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
}

func newPool(t testing.TB, cfg Config, c Chain) *Pool {
	t.Helper()
	p, err := New(cfg, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}
