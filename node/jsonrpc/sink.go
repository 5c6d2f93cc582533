package jsonrpc

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
)

// ErrClosed is what a Sink answers once its subscription has ended: unsubscribed, or the connection is gone.
var ErrClosed = errors.New("subscription closed")

// ErrSlow is what a Sink answers where its client has not taken the notifications before: the subscription has ended.
var ErrSlow = errors.New("subscription closed: its client is too slow")

// Sink is one subscription as its handler sees it.
type Sink struct {
	session *session
	method  *method
	id      string
	request []byte  // the id of the subscribing call
	params  *Params // until Accept
	cancel  context.CancelFunc
	ctx     context.Context
	refused chan *Error // capacity 1: the handler has returned; why, where it did not accept
	inBatch bool

	// under session.mu
	accepted bool
	answer   []byte        // once it is queued
	queued   chan struct{} // closed then
	ended    bool
	waiting  int // notifications in the session's queue
	kept     int // bytes that the handler has counted
}

// Bounds of the bytes that subscriptions keep while they live: those of one connection, and all.
const (
	keptByOne = 16 << 20
	keptByAll = 256 << 20
)

// Keep counts bytes that the handler holds until it returns, such as the keys it looks for. The error, where the subscriptions of its connection or all together hold too
// much, is a *Error to return from the handler.
func (s *Sink) Keep(size int) error {
	c := s.session
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept+size > keptByOne {
		return exceeded(CodeTooManySubscriptions, "Subscriptions of the connection keep too many bytes", keptByOne)
	}
	if c.server.kept.Add(int64(size)) > keptByAll {
		c.server.kept.Add(-int64(size))
		return exceeded(CodeTooManySubscriptions, "Subscriptions of all connections keep too many bytes", keptByAll)
	}
	c.kept += size
	s.kept += size
	return nil
}

// Accept answers the subscribing call with the id. Notifications can be sent from then on, and arrive after the answer. The parameters are gone then.
// ErrClosed: the connection is gone; return from the handler.
func (s *Sink) Accept() error {
	answer := append(appendHead(nil, s.request), `,"result":`...)
	answer = append(appendString(answer, s.id), '}')
	c := s.session
	c.mu.Lock()
	if s.accepted {
		c.mu.Unlock()
		panic("BUG: subscription accepted twice")
	}
	if c.closed || c.draining {
		c.mu.Unlock()
		return ErrClosed
	}
	s.accepted = true
	*s.params, s.params = Params{}, nil // the subscription may live long, and they may be large
	c.subs[s.id] = s
	s.answer = answer
	if s.inBatch { // the call ends with its batch
		c.pushLocked(message{data: answer})
	} else {
		c.answerLocked(answer)
	}
	c.mu.Unlock()
	close(s.queued)
	return nil
}

// Send sends a notification with the result v, encoded as results of calls are. It never waits: where the client has left
// Config.MessageBuffer notifications of this subscription unread, or so much of all that neither its own room nor that of all
// connections has more, the subscription ends and Send returns ErrSlow.
// After the end it returns ErrClosed. Any other error: v does not encode; nothing was sent.
func (s *Sink) Send(v any) error {
	size := 128
	if h, ok := v.(Hex); ok {
		size += 2 * len(h)
	}
	b := append(make([]byte, 0, size), `{"jsonrpc":"2.0","method":`...)
	b = append(appendString(b, s.method.notification), `,"params":{"subscription":`...)
	b = append(appendString(b, s.id), `,"result":`...)
	b, err := appendValue(b, v)
	if err != nil {
		return err
	}
	b = append(b, "}}"...)

	c := s.session
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.ended || c.closed || c.draining {
		return ErrClosed
	}
	if !s.accepted {
		panic("BUG: notification before the subscription was accepted")
	}
	if s.waiting >= c.server.cfg.MessageBuffer || !c.takeLocked(len(b)) {
		s.endLocked()
		return ErrSlow
	}
	s.waiting++
	c.pushLocked(message{data: b, sink: s})
	return nil
}

// endLocked takes the subscription out of its session's set and ends its context.
func (s *Sink) endLocked() {
	if !s.ended {
		s.ended = true
		delete(s.session.subs, s.id)
		s.cancel()
	}
}

// newID returns 16 random letters and digits, the reference server's alphabet and length.
func newID() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	out := make([]byte, 0, 16)
	var random [24]byte
	for {
		rand.Read(random[:])
		for _, b := range random {
			if b >= 4*byte(len(alphabet)) { // no letter is likelier than another
				continue
			}
			if out = append(out, alphabet[int(b)%len(alphabet)]); len(out) == 16 {
				return string(out)
			}
		}
	}
}

// subscribe runs a subscription's handler and waits for its Accept or its refusal.
func (c *session) subscribe(m *method, r *request, inBatch bool) (a answer, failed bool) {
	limit := c.server.cfg.MaxSubscriptions
	c.mu.Lock()
	if c.closed || c.draining {
		c.mu.Unlock()
		return answer{out: appendError(nil, r.id, errInternal)}, true
	}
	if c.open >= limit {
		c.mu.Unlock()
		return answer{out: appendError(nil, r.id, exceeded(CodeTooManySubscriptions, "Too many subscriptions on the connection", limit))}, true
	}
	c.open++
	c.handlers.Add(1)
	c.mu.Unlock()

	// The subscription outlives its frame, which may be large.
	params := newParams(bytes.Clone(r.params), m.names)
	s := &Sink{session: c, method: m, id: newID(), request: bytes.Clone(r.id), params: params, inBatch: inBatch, refused: make(chan *Error, 1), queued: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(c.ctx)
	go func() {
		defer c.handlers.Done()
		s.refused <- c.server.serveSubscription(m, params, s)
	}()
	var refusal *Error
	select {
	case <-s.queued:
	case refusal = <-s.refused:
	case <-c.ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.answer != nil { // it has accepted, even where it has returned since
		return answer{out: s.answer, sent: !inBatch}, false
	}
	if refusal == nil {
		return answer{}, true // the connection is gone
	}
	return answer{out: appendError(nil, r.id, refusal)}, true
}

// serveSubscription runs the handler and returns what the subscribing call is answered with where it has not accepted.
func (s *Server) serveSubscription(m *method, p *Params, sink *Sink) (refusal *Error) {
	c := sink.session
	defer func() {
		if r := recover(); r != nil {
			s.bug(m.name, r)
			refusal = errInternal
		}
		c.mu.Lock()
		sink.endLocked()
		c.open--
		c.kept -= sink.kept
		c.mu.Unlock()
		s.kept.Add(-int64(sink.kept))
	}()
	err := m.subscribe(sink.ctx, p, sink)
	c.mu.Lock()
	accepted := sink.accepted
	c.mu.Unlock()
	switch {
	case err == nil, errors.Is(err, ErrClosed):
		return errInternal
	case !accepted:
		return s.asError(m, err)
	case errors.Is(err, ErrSlow):
		s.log.Warn("subscription dropped: its client is too slow", "method", m.name, "remote", c.peer.remote)
	case !errors.Is(err, context.Canceled):
		s.log.Warn("subscription ended", "method", m.name, "error", err.Error())
	}
	return nil
}

// unsubscribe answers whether there was such a subscription; parameters that are no id name none.
func (c *session) unsubscribe(m *method, r *request) []byte {
	ended := false
	p := newParams(r.params, nil)
	var id string
	if p.Next(&id) == nil && len(p.rest) == 0 {
		c.mu.Lock()
		if s, ok := c.subs[id]; ok && s.method == m.unsubscribes {
			s.endLocked()
			ended = true
		}
		c.mu.Unlock()
	}
	b := append(appendHead(nil, r.id), `,"result":`...)
	if ended {
		return append(b, "true}"...)
	}
	return append(b, "false}"...)
}
