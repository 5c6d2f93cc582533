package pool

import (
	"container/list"
	"context"
	"sync"
)

// gate bounds how many validations run at once, and how much waits for them. What maintenance needs goes first, so that a flood of submissions does not hold up
// the pool behind the chain.
type gate struct {
	room Limit // for submissions that wait

	mu      sync.Mutex
	free    int
	urgent  list.List // of *ticket
	waiting list.List // of *ticket
	bytes   int       // of those in waiting
}

type ticket struct {
	bytes int
	admit chan struct{} // closed by who passes a place on
}

func newGate(places int, room Limit) *gate { return &gate{free: places, room: room} }

// enter waits for a place; leave gives it back. Errors: ErrFull where too much waits; that of ctx.
func (g *gate) enter(ctx context.Context, bytes int, urgent bool) error {
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return nil
	}
	t := &ticket{bytes: bytes, admit: make(chan struct{})}
	line := &g.urgent
	if !urgent {
		line = &g.waiting
		if g.room.exceeded(line.Len()+1, g.bytes+bytes) {
			g.mu.Unlock()
			return ErrFull
		}
		g.bytes += bytes
	}
	place := line.PushBack(t)
	g.mu.Unlock()
	select {
	case <-t.admit:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-t.admit: // it came at the same moment, and goes to the next one
		g.passLocked()
	default:
		line.Remove(place)
		if !urgent {
			g.bytes -= bytes
		}
	}
	return ctx.Err()
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.passLocked()
}

func (g *gate) passLocked() {
	line := &g.urgent
	if line.Len() == 0 {
		line = &g.waiting
	}
	first := line.Front()
	if first == nil {
		g.free++
		return
	}
	t := line.Remove(first).(*ticket)
	if line == &g.waiting {
		g.bytes -= t.bytes
	}
	close(t.admit)
}
