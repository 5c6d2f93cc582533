package jsonrpc

import (
	"net"
	"sync"
	"time"
)

// conn is an accepted connection: it knows its listener's policy, gives up on a peer that takes no bytes, and gathers the small writes
// of many answers into few.
type conn struct {
	net.Conn
	unsafe  bool
	limit   *limiter // of its calls, also of those over HTTP that come one after the other; nil: none
	timeout time.Duration

	release func() // of its place among the listener's sockets
	once    sync.Once

	mu     sync.Mutex // frames of answers and of pings come from different goroutines
	corked bool
	buf    []byte
}

// chunk is how much has to go out within one timeout, and how much is gathered at most.
const chunk = 64 << 10

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.corked && len(c.buf)+len(b) <= chunk {
		c.buf = append(c.buf, b...)
		return len(b), nil
	}
	if err := c.flushLocked(); err != nil {
		return 0, err
	}
	return c.writeLocked(b)
}

func (c *conn) flushLocked() error {
	if len(c.buf) == 0 {
		return nil
	}
	_, err := c.writeLocked(c.buf)
	c.buf = c.buf[:0]
	return err
}

func (c *conn) writeLocked(b []byte) (int, error) {
	written := 0
	for {
		part := b[written:min(len(b), written+chunk)]
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(part)
		written += n
		if err != nil || written == len(b) {
			return written, err
		}
	}
}

// cork gathers writes until uncork, up to a chunk.
func (c *conn) cork() {
	c.mu.Lock()
	c.corked = true
	c.mu.Unlock()
}

func (c *conn) uncork() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked = false
	return c.flushLocked()
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.once.Do(c.release)
	return c.Conn.Close()
}

// listener makes its connections so. Connections that say nothing cost no more than a file descriptor, and those are bounded: the one
// too many is closed as it comes.
type listener struct {
	net.Listener
	server *Server
	unsafe bool
}

func (l listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		s := l.server
		if s.sockets.Add(1) > int64(socketsPerConnection*s.cfg.MaxConnections) {
			s.sockets.Add(-1)
			s.log.Debug("too many sockets", "remote", c.RemoteAddr())
			c.Close()
			continue
		}
		out := &conn{Conn: c, unsafe: l.unsafe, timeout: s.cfg.WriteTimeout, release: func() { s.sockets.Add(-1) }}
		if s.cfg.RateLimit > 0 {
			out.limit = newLimiter(s.cfg.RateLimit)
		}
		return out, nil
	}
}

// socketsPerConnection is how many sockets there may be for each of Config.MaxConnections: most of them idle, kept alive by HTTP clients.
const socketsPerConnection = 8
