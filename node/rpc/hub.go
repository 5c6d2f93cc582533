package rpc

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
)

const (
	// clientCapacity is how many events the client keeps for the hub: more than come while one is handed on.
	clientCapacity = 4096
	// feedCapacity is how many events wait for one subscription. Substrate keeps 16 and ends the subscription of who is slower.
	feedCapacity = 64
)

// head is a header with its JSON, which is written once for all that subscribe to it.
type head struct {
	db.Point
	header chain.Header
	once   sync.Once
	json   []byte
}

func newHead(p db.Point, h chain.Header) *head { return &head{Point: p, header: h} }

// AppendJSON implements jsonrpc.Appender.
func (h *head) AppendJSON(b []byte) []byte {
	h.once.Do(func() { h.json = header{&h.header}.AppendJSON(nil) })
	return append(b, h.json...)
}

// event is what subscriptions are told. They share it.
type event struct {
	imported  *head            // a block came, on whatever fork
	changes   *storage.Changes // what it wrote
	best      *head            // it is the best one now, or another one is
	finalised *head            // the last one that is final
	// version is asked for once for all subscriptions, when the first of them wants it.
	version func(context.Context) (chain.RuntimeVersion, error)
}

// hub follows the chain for all subscriptions: a tree of one client's stream. It never waits for a subscriber: one that does not keep up loses its subscription.
type hub struct {
	client *client.Client
	log    *slog.Logger
	events *client.Events

	mu        sync.Mutex
	feeds     map[*feed]struct{}
	best      *head // as of the last event that was handed on
	finalised *head
}

// feed is the events of one subscription.
type feed struct {
	hub    *hub
	events chan *event
	slow   chan struct{} // closed where events were lost
	// best and finalised are the heads when the feed began: its first event is what came after them.
	best, finalised *head
}

func newHub(c *client.Client, log *slog.Logger) *hub {
	h := &hub{client: c, log: log.With("target", "rpc"), events: c.Subscribe(clientCapacity), feeds: make(map[*feed]struct{})}
	h.best, h.finalised = h.heads()
	return h
}

// heads reads the heads from the store. One that is gone before it could be read is looked for again.
func (h *hub) heads() (best, finalised *head) {
	read := func(of func(db.Head) db.Point) *head {
		for range 8 {
			p := of(h.client.Head())
			header, err := h.client.Store().Header(p.Hash)
			if err == nil {
				return newHead(p, header)
			}
			if !errors.Is(err, db.ErrUnknownBlock) {
				h.log.Warn("read the head of the chain", "block", p, "err", err)
				break
			}
		}
		return nil
	}
	return read(func(h db.Head) db.Point { return h.Best }), read(func(h db.Head) db.Point { return h.Finalised })
}

// run hands events on until ctx ends.
func (h *hub) run(ctx context.Context) {
	defer h.events.Close()
	for {
		e, err := h.events.Next(ctx)
		var lagged *client.LaggedError
		switch {
		case errors.As(err, &lagged):
			h.log.Warn("events of the chain were lost", "lost", lagged.Lost)
			best, finalised := h.heads()
			h.hand(&event{best: best, finalised: finalised})
		case err != nil:
			return
		case e.Imported != nil:
			block := newHead(e.Imported.Point, e.Imported.Header)
			out := &event{imported: block, changes: e.Imported.Changes}
			if e.Imported.NewBest {
				out.best = block
			}
			h.hand(out)
		case e.Finalised != nil:
			f := e.Finalised
			out := &event{finalised: newHead(f.Finalised[len(f.Finalised)-1], f.Header)}
			if f.NewBest {
				out.best, _ = h.heads()
			}
			h.hand(out)
		}
	}
}

// hand gives an event to all feeds, without what they know.
func (h *hub) hand(e *event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e.best != nil {
		if h.best != nil && h.best.Hash == e.best.Hash {
			e.best = nil // read from the store before its event came
		} else {
			h.best = e.best
			hash := e.best.Hash
			e.version = once(func(ctx context.Context) (chain.RuntimeVersion, error) { return h.client.Version(ctx, hash) })
		}
	}
	if e.finalised != nil {
		if h.finalised != nil && h.finalised.Hash == e.finalised.Hash {
			e.finalised = nil
		} else {
			h.finalised = e.finalised
		}
	}
	for f := range h.feeds {
		select {
		case f.events <- e:
		default:
			close(f.slow)
			delete(h.feeds, f)
		}
	}
}

// once returns f, called once: those who come while it runs wait for its answer. An error is not kept.
func once[T any](f func(context.Context) (T, error)) func(context.Context) (T, error) {
	var mu sync.Mutex
	var value T
	done := false
	return func(ctx context.Context) (T, error) {
		mu.Lock()
		defer mu.Unlock()
		if done {
			return value, nil
		}
		v, err := f(ctx)
		if err == nil {
			value, done = v, true
		}
		return v, err
	}
}

// subscribe returns the events from now on. The feed must be closed.
func (h *hub) subscribe() *feed {
	f := &feed{hub: h, events: make(chan *event, feedCapacity), slow: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.feeds[f] = struct{}{}
	f.best, f.finalised = h.best, h.finalised
	return f
}

func (f *feed) close() {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	delete(f.hub.feeds, f)
}

// next waits for the next event. Errors: jsonrpc.ErrSlow where the subscription did not keep up; that of ctx.
func (f *feed) next(ctx context.Context) (*event, error) {
	select {
	case e := <-f.events:
		return e, nil
	default:
	}
	select {
	case e := <-f.events:
		return e, nil
	case <-f.slow:
		return nil, jsonrpc.ErrSlow
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var _ jsonrpc.Appender = (*head)(nil)
