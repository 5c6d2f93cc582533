package client

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
)

// ErrClosed: the subscription was closed.
var ErrClosed = errors.New("subscription is closed")

// LaggedError tells a subscriber that it did not read for too long, and how many events it does not get.
type LaggedError struct{ Lost uint64 }

func (e *LaggedError) Error() string {
	return fmt.Sprintf("read too slowly: %d events are lost", e.Lost)
}

// Event is one thing that happened to the chain: one of its fields is set.
type Event struct {
	Imported  *Imported
	Finalised *Finalised
}

// Imported is a block that is in the store now. What it points to is shared among subscribers and must not be changed.
type Imported struct {
	db.Point
	Header     chain.Header
	Extrinsics []chain.OpaqueExtrinsic
	Origin     Origin
	// NewBest: it is the best block now, and Route the way from the one before it.
	NewBest bool
	Route   db.Route
	// Changes are what the block wrote, relative to its parent's state.
	Changes *storage.Changes
}

// Finalised tells which blocks are final now, and which are no more.
type Finalised struct {
	db.Moved
	Header chain.Header // of the last one that became final
	// NewBest: the best block was dropped, and Moved.Head has another one.
	NewBest bool
}

// journal hands events to subscribers.
type journal struct {
	mu   sync.Mutex
	subs map[*Events]struct{}
}

// Events is a subscription. It serves one reader at a time.
type Events struct {
	journal  *journal
	capacity int

	mu     sync.Mutex
	queue  []Event
	lost   uint64
	closed bool
	wake   chan struct{} // has room for one: there is something to look at
}

// Subscribe returns a subscription to what happens from now on. Of what its reader has not asked for yet it keeps capacity events, the newest.
func (c *Client) Subscribe(capacity int) *Events {
	e := &Events{journal: &c.events, capacity: max(capacity, 1), wake: make(chan struct{}, 1)}
	c.events.mu.Lock()
	defer c.events.mu.Unlock()
	if c.events.subs == nil {
		c.events.subs = make(map[*Events]struct{})
	}
	c.events.subs[e] = struct{}{}
	return e
}

func (j *journal) add(event Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for e := range j.subs {
		e.add(event)
	}
}

func (e *Events) add(event Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.queue) == e.capacity {
		e.queue[0] = Event{} // lets go of what it points to before the slice is moved
		e.queue = e.queue[1:]
		e.lost++
	}
	e.queue = append(e.queue, event)
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Next waits for the next event. Errors: *LaggedError, once, before the first event after a loss; ErrClosed; that of ctx.
func (e *Events) Next(ctx context.Context) (Event, error) {
	for {
		if event, ok, err := e.take(); ok || err != nil {
			return event, err
		}
		select {
		case <-e.wake:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

func (e *Events) take() (event Event, ok bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return Event{}, false, ErrClosed
	case e.lost > 0:
		err = &LaggedError{e.lost}
		e.lost = 0
		return Event{}, false, err
	case len(e.queue) == 0:
		return Event{}, false, nil
	}
	event = e.queue[0]
	e.queue[0] = Event{}
	e.queue = e.queue[1:]
	return event, true, nil
}

// Close ends the subscription. Whoever waits in Next gets ErrClosed.
func (e *Events) Close() {
	e.journal.mu.Lock()
	delete(e.journal.subs, e)
	e.journal.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed, e.queue = true, nil
	select {
	case e.wake <- struct{}{}:
	default:
	}
}
