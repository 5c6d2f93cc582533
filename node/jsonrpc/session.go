package jsonrpc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// session is one WebSocket connection.
//
// One goroutine reads, one writes, one pings, and there is one for each call under way. The reader takes a slot for each frame before
// it reads the next, and the slot is free again when the answer has been written: a client that does not read its answers is not read
// either, and its socket's buffers fill up at its own end.
type session struct {
	server *Server
	ws     *websocket.Conn
	conn   *conn // below ws
	peer   *peer
	ctx    context.Context
	cancel context.CancelFunc
	slots  chan struct{} // a token a call

	weight  atomic.Int64  // bytes of frames and answers under way
	lighter chan struct{} // holds a token when weight has gone down

	mu       sync.Mutex
	queue    []message
	queued   int           // bytes of notifications in queue
	wake     chan struct{} // holds a token while the queue may have something
	closed   bool
	draining bool
	subs     map[string]*Sink // accepted and alive
	open     int              // subscriptions that count: pending and alive

	calls    sync.WaitGroup // calls under way
	handlers sync.WaitGroup // handlers of subscriptions
	pong     atomic.Bool    // since the last ping was sent
}

// message waits to be written.
type message struct {
	data []byte
	sink *Sink // of a notification, nil of an answer
	done func()
}

// maxQueued bounds the bytes of notifications that wait on one connection, beyond the count that Config.MessageBuffer sets for each
// subscription: 1,024 subscriptions with 64 large notifications each would be gigabytes.
const maxQueued = 64 << 20

func (s *Server) serveWebSocket(w http.ResponseWriter, r *http.Request, p *peer) {
	c := &session{
		server:  s,
		peer:    p,
		slots:   make(chan struct{}, s.cfg.MaxCalls),
		wake:    make(chan struct{}, 1),
		lighter: make(chan struct{}, 1),
		subs:    make(map[string]*Sink),
	}
	p.session = c
	c.conn = r.Context().Value(connKey{}).(*conn) // the server's ConnContext sets it
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // origins have been checked before, against Config.CORS
		CompressionMode:    websocket.CompressionDisabled,
		OnPongReceived:     func(context.Context, []byte) { c.pong.Store(true) },
	})
	if err != nil {
		s.log.Debug("WebSocket handshake", "remote", p.remote, "error", err)
		return
	}
	ws.SetReadLimit(-1) // read bounds it, and goes on after it
	c.ws = ws
	c.ctx, c.cancel = context.WithCancel(context.WithValue(context.Background(), peerKey{}, p))

	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		c.cancel()
		ws.Close(websocket.StatusGoingAway, "")
		return
	}
	s.sessions[c] = struct{}{}
	s.done.Add(1)
	s.mu.Unlock()
	start := time.Now()
	s.metrics.opened()

	defer func() {
		s.metrics.closed(time.Since(start))
		s.mu.Lock()
		delete(s.sessions, c)
		s.mu.Unlock()
		s.done.Done()
	}()
	var background sync.WaitGroup
	background.Go(c.write)
	background.Go(c.ping)
	c.read()
	c.abort()
	background.Wait()
	c.calls.Wait()
	c.handlers.Wait()
}

// read takes frames until the connection ends.
func (c *session) read() {
	for c.room() {
		frame, err := c.frame()
		switch {
		case errors.Is(err, errTooLarge):
			limit := c.server.cfg.MaxRequestSize
			c.answer(appendError(nil, null, exceeded(CodeOversizedRequest, "Request is too big", limit)), 0)
			continue
		case err != nil:
			c.server.log.Debug("WebSocket read", "remote", c.peer.remote, "error", err)
			return
		}
		weight := len(frame)
		c.mu.Lock()
		if c.draining {
			c.mu.Unlock()
			c.release(0)
			continue
		}
		c.weight.Add(int64(weight))
		c.calls.Add(1)
		c.mu.Unlock()
		go func() {
			defer c.calls.Done()
			var out []byte
			if frame, ok := start(frame); ok {
				out = c.server.answer(c.ctx, c.peer, frame)
			} else {
				out = appendError(nil, null, errParse)
			}
			c.answer(out, weight)
		}()
	}
}

// room waits for a slot and until frames and answers under way weigh less than the bound. False: the connection has ended.
func (c *session) room() bool {
	select {
	case c.slots <- struct{}{}:
	case <-c.ctx.Done():
		return false
	}
	for {
		if c.weight.Load() < maxWeight {
			return true
		}
		select {
		case <-c.lighter:
		case <-c.ctx.Done():
			return false
		}
	}
}

// maxWeight bounds the bytes of frames and answers under way before no further frame is read.
const maxWeight = 64 << 20

// answer queues the answer to a frame of the weight, which leaves with it. nil: nothing to send.
func (c *session) answer(out []byte, weight int) {
	if out == nil {
		c.release(weight)
		return
	}
	c.weight.Add(int64(len(out)))
	c.push(message{data: out, done: func() { c.release(weight + len(out)) }})
}

// release gives a slot and a weight back. Some callers hold c.mu, so it does not take it.
func (c *session) release(weight int) {
	c.weight.Add(-int64(weight))
	<-c.slots
	select {
	case c.lighter <- struct{}{}:
	default:
	}
}

// start cuts white space off the front, of which the reference server takes 127 bytes, and tells whether an object or array begins there.
func start(b []byte) ([]byte, bool) {
	for i, c := range b[:min(len(b), 128)] {
		switch c {
		case '{', '[':
			return b[i:], true
		case ' ', '\t', '\n', '\r', '\f':
			continue
		}
		return nil, false
	}
	return nil, false
}

var errTooLarge = errors.New("message over the limit")

// frame reads one message. What is over the limit is read to its end and dropped, so that the connection goes on.
func (c *session) frame() ([]byte, error) {
	_, r, err := c.ws.Reader(context.Background()) // abort ends it, for less than a context costs
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	limit := int64(c.server.cfg.MaxRequestSize)
	n, err := io.Copy(&b, io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if n > limit {
		if _, err := io.Copy(io.Discard, r); err != nil {
			return nil, err
		}
		return nil, errTooLarge
	}
	return b.Bytes(), nil
}

// push queues a message. It never waits: slots bound the answers, Sink.Send the notifications.
func (c *session) push(m message) {
	c.mu.Lock()
	c.pushLocked(m)
	c.mu.Unlock()
}

func (c *session) pushLocked(m message) {
	if c.closed {
		if m.done != nil {
			m.done()
		}
		return
	}
	c.queue = append(c.queue, m)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write sends what is queued until the connection ends.
func (c *session) write() {
	var batch []message
	for {
		c.mu.Lock()
		batch, c.queue = c.queue, batch[:0]
		c.mu.Unlock()
		if len(batch) == 0 {
			select {
			case <-c.wake:
				continue
			case <-c.ctx.Done():
				return
			}
		}
		err := c.writeBatch(batch)
		clear(batch)
		if err != nil {
			c.server.log.Debug("WebSocket write", "remote", c.peer.remote, "error", err)
			c.abort()
			return
		}
	}
}

// writeBatch sends the messages; after an error, it only takes their weight off the session.
func (c *session) writeBatch(batch []message) error {
	var err error
	c.conn.cork()
	for _, m := range batch {
		if err == nil && m.data != nil {
			err = c.ws.Write(context.Background(), websocket.MessageText, m.data) // abort ends it, as it ends reads
		}
		if m.sink != nil {
			c.mu.Lock()
			m.sink.waiting--
			c.queued -= len(m.data)
			c.mu.Unlock()
		}
		if m.done != nil {
			m.done()
		}
	}
	if e := c.conn.uncork(); err == nil {
		err = e
	}
	return err
}

// maxMissed is how many checks in a row may find that the peer has not answered for two intervals.
const maxMissed = 3

// ping sends pings and gives up on a peer that does not answer them.
func (c *session) ping() {
	t := time.NewTicker(c.server.cfg.PingInterval)
	defer t.Stop()
	last, missed := time.Now(), 0
	for {
		go func() { // ends with the pong or the timeout; what counts is OnPongReceived
			ctx, cancel := context.WithTimeout(c.ctx, 2*c.server.cfg.PingInterval)
			defer cancel()
			c.ws.Ping(ctx)
		}()
		select {
		case <-c.ctx.Done():
			return
		case <-t.C:
		}
		if c.pong.Swap(false) {
			last, missed = time.Now(), 0
		} else if time.Since(last) > 2*c.server.cfg.PingInterval {
			if missed++; missed >= maxMissed {
				c.server.log.Debug("WebSocket peer does not answer pings", "remote", c.peer.remote)
				c.abort()
				return
			}
		}
	}
}

// abort cuts the connection off.
func (c *session) abort() {
	c.mu.Lock()
	already := c.closed
	c.closed = true
	queue := c.queue
	c.queue = nil
	c.mu.Unlock()
	c.cancel()
	if already {
		return
	}
	for _, m := range queue {
		if m.done != nil {
			m.done()
		}
	}
	c.ws.CloseNow()
}

// drain ends the session in good order: no new calls, the subscriptions end, the answers under way go out.
func (c *session) drain() {
	c.mu.Lock()
	c.draining = true
	for _, s := range c.subs {
		s.cancel()
	}
	c.mu.Unlock()
	c.calls.Wait()
	flushed := make(chan struct{})
	c.push(message{done: func() { close(flushed) }})
	<-flushed
	c.ws.Close(websocket.StatusGoingAway, "")
}
