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
// One goroutine reads, one writes, one pings, and there is one for each call under way. A call is under way from the reading of its frame
// until its answer has been written. The reader waits while there are too many, or their frames and answers too large, and so do handlers
// before they encode what they have found: a client that does not read its answers is not read either, and its socket's buffers fill up
// at its own end.
type session struct {
	server *Server
	ws     *websocket.Conn
	conn   *conn // below ws
	peer   *peer
	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	changed  *sync.Cond // any of those up to queue, or closed
	under    int        // calls under way
	frames   int        // bytes of their frames
	answers  int        // bytes of their answers that are not written yet
	running  int        // answers that are being made
	writing  bool       // the writer has taken the queue
	queue    []message
	queued   int           // bytes of notifications in queue
	wake     chan struct{} // holds a token while the queue may have something
	closed   bool
	draining bool
	subs     map[string]*Sink // accepted and alive
	open     int              // subscriptions that count: pending and alive
	kept     int              // bytes that these hold

	handlers sync.WaitGroup // handlers of subscriptions
	pong     atomic.Bool    // since the last ping was sent
	full     atomic.Bool    // the reader waits for room
}

// message waits to be written.
type message struct {
	data []byte
	sink *Sink // of a notification, nil of an answer
	call bool  // the answer to a frame
}

// Bounds of the bytes of notifications that wait, beyond the count that Config.MessageBuffer sets for each subscription: 1,024
// subscriptions with 64 large notifications each would be gigabytes. A connection has room of its own, so that those that read nothing take
// none from those that do; what is over it comes out of one room for all.
const (
	ownQueued    = 1 << 20
	sharedQueued = 64 << 20
)

// takeLocked counts a notification of the size among those that wait. False: there is no room. Where nothing waits there is.
func (c *session) takeLocked(size int) bool {
	over := max(0, c.queued+size-ownQueued) - max(0, c.queued-ownQueued)
	if over > 0 && c.server.queued.Add(int64(over)) > sharedQueued && c.queued > 0 {
		c.server.queued.Add(-int64(over))
		return false
	}
	c.queued += size
	return true
}

// giveLocked takes a notification off that count.
func (c *session) giveLocked(size int) {
	c.server.queued.Add(-int64(max(0, c.queued-ownQueued) - max(0, c.queued-size-ownQueued)))
	c.queued -= size
}

func (s *Server) serveWebSocket(w http.ResponseWriter, r *http.Request, p *peer) {
	c := &session{
		server: s,
		peer:   p,
		wake:   make(chan struct{}, 1),
		subs:   make(map[string]*Sink),
	}
	c.changed = sync.NewCond(&c.mu)
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
	c.idle()
	c.handlers.Wait()
}

// read takes frames until the connection ends.
func (c *session) read() {
	for c.room() {
		frame, err := c.frame()
		switch {
		case errors.Is(err, errTooLarge):
			limit := c.server.cfg.MaxRequestSize
			if c.begin(0) {
				c.end(0, answer{out: appendError(nil, null, exceeded(CodeOversizedRequest, "Request is too big", limit))})
			}
			continue
		case err != nil:
			c.server.log.Debug("WebSocket read", "remote", c.peer.remote, "error", err)
			return
		}
		if !c.begin(len(frame)) {
			continue
		}
		go func() {
			a := answer{out: appendError(nil, null, errParse)}
			if frame, ok := start(frame); ok {
				a = c.server.answer(c.ctx, c.peer, frame)
			}
			c.end(len(frame), a)
		}()
	}
}

// Bounds of the bytes of frames and answers under way, before no further frame is read and no further answer made: what a connection may
// always have, what it may have at most, and from when on of all connections together each has the first alone. Frames and answers may be over
// by the size of one. Who waits has something of its own under way, so its own progress wakes it, and no other connection has to.
const (
	ownWeight    = 1 << 20
	maxWeight    = 64 << 20
	sharedWeight = 128 << 20
)

// heavy tells whether a connection with so many bytes under way has to wait.
func (c *session) heavy(weight int) bool {
	return weight >= maxWeight || weight >= ownWeight && c.server.weight.Load() >= sharedWeight
}

// weighLocked adds to the bytes of frames and answers under way.
func (c *session) weighLocked(frames, answers int) {
	c.frames += frames
	c.answers += answers
	c.server.weight.Add(int64(frames + answers))
}

// room waits until a further frame may be read. False: the connection has ended.
func (c *session) room() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closed && (c.under >= c.server.cfg.MaxCalls || c.heavy(c.frames+c.answers)) {
		c.full.Store(true)
		c.changed.Wait()
	}
	c.full.Store(false)
	return !c.closed
}

// begin counts a call with a frame of the size. False: the server closes, and no call begins.
func (c *session) begin(size int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.draining {
		return false
	}
	c.under++
	c.weighLocked(size, 0)
	return true
}

// end queues the answer to a frame of the size.
func (c *session) end(size int, a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.weighLocked(-size, -a.reserved)
	switch {
	case a.sent:
	case a.out == nil || c.closed:
		c.under--
	default:
		c.answerLocked(a.out)
	}
	c.changed.Broadcast()
}

// answerLocked queues an answer, with which its call ends once it is written.
func (c *session) answerLocked(out []byte) {
	c.weighLocked(0, len(out))
	c.pushLocked(message{data: out, call: true})
}

// idle waits until no call is under way.
func (c *session) idle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.under > 0 {
		c.changed.Wait()
	}
}

// maxRunning is how many answers of a connection are made together: what handlers return weighs nothing before it is there.
const maxRunning = 8

// compose makes an answer and counts its size, when there is room: while the client leaves answers unread, no further ones are made. What grows while others
// wait, a batch, has its room before. Nothing comes of it when the connection has ended.
func (c *session) compose(room int, encode func() []byte) (a answer) {
	c.mu.Lock()
	for !c.closed && (c.running >= maxRunning || c.heavy(c.answers)) {
		c.changed.Wait()
	}
	if c.closed { // for nobody
		c.mu.Unlock()
		return answer{}
	}
	c.running++
	c.weighLocked(0, room)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.running--
		a.reserved = len(a.out)
		c.weighLocked(0, a.reserved-room)
		c.changed.Broadcast()
	}()
	a.out = encode()
	return a
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

// pushLocked queues a message. It never waits: begin and compose bound the answers, Sink.Send the notifications.
func (c *session) pushLocked(m message) {
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
		c.writing = len(batch) > 0
		c.changed.Broadcast()
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

// writeBatch sends the messages; after an error, it only takes them off the counts.
func (c *session) writeBatch(batch []message) error {
	var err error
	c.conn.cork()
	for _, m := range batch {
		if err == nil {
			err = c.ws.Write(context.Background(), websocket.MessageText, m.data) // abort ends it, as it ends reads
		}
		c.mu.Lock()
		c.writtenLocked(m)
		c.mu.Unlock()
	}
	if e := c.conn.uncork(); err == nil {
		err = e
	}
	return err
}

// writtenLocked takes a message off the counts.
func (c *session) writtenLocked(m message) {
	if m.sink != nil {
		m.sink.waiting--
		c.giveLocked(len(m.data))
	}
	if m.call {
		c.under--
		c.weighLocked(0, -len(m.data))
		c.changed.Broadcast()
	}
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
			if err := c.ws.Ping(ctx); err != nil && ctx.Err() == nil {
				c.abort()
			}
		}()
		select {
		case <-c.ctx.Done():
			return
		case <-t.C:
		}
		// A reader that waits for room sees no pong.
		if c.pong.Swap(false) || c.full.Load() {
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
	for _, m := range c.queue {
		c.writtenLocked(m)
	}
	c.queue = nil
	c.changed.Broadcast()
	c.mu.Unlock()
	c.cancel()
	if !already {
		c.ws.CloseNow()
	}
}

// drain ends the session in good order: no new calls, the subscriptions end, the answers under way go out.
func (c *session) drain() {
	c.mu.Lock()
	c.draining = true
	for _, s := range c.subs {
		s.cancel()
	}
	for !c.closed && (c.under > 0 || len(c.queue) > 0 || c.writing) {
		c.changed.Wait()
	}
	c.mu.Unlock()
	c.ws.Close(websocket.StatusGoingAway, "")
}
