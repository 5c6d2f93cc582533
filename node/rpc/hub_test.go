package rpc

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/db"
)

func numbered(n chain.BlockNumber) *head {
	return newHead(db.Point{Number: n, Hash: hash.H256{byte(n), byte(n >> 8), 1}}, chain.Header{Number: n})
}

// Feeds that come and go while blocks come: each that reads gets every best block after the one that it began with, once and in order. One that does not read loses its
// subscription, and nobody waits for it.
func TestHub(t *testing.T) {
	const blocks, readers = 2000, 8
	h := &hub{feeds: make(map[*feed]struct{}), best: numbered(0)}
	stuck := h.subscribe()
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			f := h.subscribe()
			defer f.close()
			last := f.best.Number
			for last < blocks {
				e, err := f.next(t.Context())
				if err != nil {
					t.Errorf("after block %d: %v", last, err)
					return
				}
				if e.best == nil {
					continue
				}
				if e.best.Number != last+1 || len(e.best.AppendJSON(nil)) == 0 {
					t.Errorf("block %d after %d", e.best.Number, last)
					return
				}
				last = e.best.Number
			}
		})
	}
	for n := chain.BlockNumber(1); n <= blocks; n++ {
		for { // readers keep up
			h.mu.Lock()
			behind := 0
			for f := range h.feeds {
				if f != stuck {
					behind = max(behind, len(f.events))
				}
			}
			h.mu.Unlock()
			if behind < feedCapacity/2 {
				break
			}
			runtime.Gosched()
		}
		h.hand(&event{best: numbered(n)})
		h.hand(&event{best: numbered(n)}) // told twice: the second time it is no news
	}
	wg.Wait()
	for range feedCapacity {
		if _, err := stuck.next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := stuck.next(t.Context()); !errors.Is(err, jsonrpc.ErrSlow) {
		t.Errorf("a feed that was not read: %v", err)
	}
	stuck.close()
	if len(h.feeds) != 0 {
		t.Errorf("%d feeds are left", len(h.feeds))
	}
	f := h.subscribe()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.next(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// What is asked for once is asked for again after an error, and not after an answer.
func TestOnce(t *testing.T) {
	calls := 0
	f := once(func(context.Context) (int, error) {
		if calls++; calls == 1 {
			return 0, errors.New("not yet")
		}
		return calls, nil
	})
	if _, err := f(t.Context()); err == nil {
		t.Error("no error")
	}
	for range 3 {
		if got, err := f(t.Context()); got != 2 || err != nil {
			t.Error(got, err)
		}
	}
}
