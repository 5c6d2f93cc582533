package jsonrpc

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// limiter bounds the calls a minute of one connection, in the manner of a leaky bucket that holds a minute's calls: GCRA.
type limiter struct {
	mu       sync.Mutex
	interval time.Duration // of one call
	burst    time.Duration
	next     time.Time // theoretical arrival of the next call
}

func newLimiter(perMinute int) *limiter {
	interval := time.Minute / time.Duration(perMinute)
	return &limiter{interval: interval, burst: time.Minute}
}

// take returns zero and counts the call, or returns how long it has to wait.
func (l *limiter) take(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.next
	if next.Before(now) {
		next = now
	}
	next = next.Add(l.interval)
	if wait := next.Sub(now) - l.burst; wait > 0 {
		return wait
	}
	l.next = next
	return 0
}

// Source: sc-rpc-server, middleware/mod.rs.
const (
	maxRetries = 10
	maxJitter  = 50 * time.Millisecond
)

// wait waits until the call may go on; limited tells that it had to. It gives up after ten tries: ok is false then.
func (l *limiter) wait(ctx context.Context) (limited, ok bool) {
	if l == nil {
		return false, true
	}
	for range maxRetries {
		d := l.take(time.Now())
		if d == 0 {
			return limited, true
		}
		limited = true
		t := time.NewTimer(d + rand.N(maxJitter))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return true, false
		}
	}
	return true, false
}
